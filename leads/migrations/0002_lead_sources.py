"""Seeds the lead sources: Zillow 1 and Trulia 3 as documented, the rest in between and after."""

from django.db import migrations

SOURCES = {
    1: "Zillow",
    2: "Realtor.com",
    3: "Trulia",
    4: "Homes.com",
    5: "Redfin",
    6: "Website",
    7: "Open House",
    8: "Referral",
    9: "Facebook",
    10: "Google",
    11: "Text",
    12: "Email",
    13: "API",
    14: "Other",
}


def seed(apps, schema_editor):
    LeadSource = apps.get_model("leads", "LeadSource")
    LeadSource.objects.bulk_create(LeadSource(pk=pk, name=name) for pk, name in SOURCES.items())
    # Fixed ids do not advance the sequence; an operator's own sources follow them.
    schema_editor.execute(
        "SELECT setval(pg_get_serial_sequence('leads_leadsource', 'id'), (SELECT max(id) FROM leads_leadsource))"
    )


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
