from django.db import migrations

from core.text import to_one_line
from core.phone_numbers import e164


def read_again(apps, schema_editor):
    """Words beside a number were read as its digits, so a stranger's number may stand there."""
    for user in apps.get_model("teams", "User").objects.iterator():
        kept = {"first_name": to_one_line(user.first_name), "last_name": to_one_line(user.last_name)}
        kept["phone_e164"] = e164(user.phone)
        if any(getattr(user, name) != value for name, value in kept.items()):
            type(user).objects.filter(pk=user.pk).update(**kept)


class Migration(migrations.Migration):
    dependencies = [("teams", "0008_test_alerts")]

    operations = [migrations.RunPython(read_again, migrations.RunPython.noop)]
