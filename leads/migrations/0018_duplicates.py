from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0017_reason_codes")]

    operations = [
        migrations.AddField("lead", "is_duplicate", models.BooleanField(default=False, editable=False)),
    ]
