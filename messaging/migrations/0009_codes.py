from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0008_suspended_and_automatic")]

    operations = [
        migrations.AlterField(
            "message",
            "purpose",
            models.CharField(
                choices=[
                    ("alert", "Alert"),
                    ("code", "Code"),
                    ("notice", "Notice"),
                    ("personal", "Personal"),
                    ("campaign", "Campaign"),
                    ("inbound", "Inbound"),
                ],
                max_length=8,
            ),
        ),
    ]
