from django.db import migrations

from core.text import normalize_email, to_nfc, to_one_line, trim
from core.phone_numbers import e164

NAMES = ("first_name", "last_name", "spouse_name", "company")
ADDRESSES = ("email", "spouse_email")
OTHERS = ("birthday", "anniversary", "spouse_birthday", "mobile_phone", "home_phone", "office_phone", "fax", "spouse_phone")
PHONES = {"mobile_e164": "mobile_phone", "home_e164": "home_phone", "office_e164": "office_phone"}
COLUMNS = (*NAMES, *ADDRESSES, *OTHERS, "tags", *PHONES)
BATCH = 2000


def read_again(apps, schema_editor):
    """Words beside a number were read as its digits, so a stranger's number may stand there. A minute for a million."""
    contacts = apps.get_model("crm", "Contact").objects
    changed = []
    for contact in contacts.only("pk", *COLUMNS).order_by("pk").iterator(BATCH):
        if kept := changes(contact):
            for name, value in kept.items():
                setattr(contact, name, value)
            changed.append(contact)
        if len(changed) == BATCH:
            contacts.bulk_update(changed, COLUMNS)
            changed.clear()
    contacts.bulk_update(changed, COLUMNS)


def changes(contact):
    """The columns that differ from what is kept of them today."""
    kept = {name: to_one_line(getattr(contact, name)) for name in NAMES}
    kept |= {name: normalize_email(getattr(contact, name)) for name in ADDRESSES}
    kept |= {name: trim(getattr(contact, name)) for name in OTHERS}
    kept |= {number: e164(kept[phone]) for number, phone in PHONES.items()}
    kept["tags"] = contact.tags and to_nfc(contact.tags)
    return {name: value for name, value in kept.items() if value != getattr(contact, name)}


class Migration(migrations.Migration):
    dependencies = [("crm", "0009_blanks_about_tags")]

    operations = [migrations.RunPython(read_again, migrations.RunPython.noop)]
