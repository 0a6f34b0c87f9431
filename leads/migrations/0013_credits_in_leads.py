"""Credits are in leads from now on; what was owed in weights was less than a lead, and is forgiven."""

from django.db import migrations


def forgive(apps, schema_editor):
    apps.get_model("leads", "RotationPlace").objects.update(credit=0)


class Migration(migrations.Migration):

    dependencies = [
        ("leads", "0012_offers_without_options"),
    ]

    operations = [migrations.RunPython(forgive, migrations.RunPython.noop)]
