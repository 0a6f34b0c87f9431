from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("teams", "0007_distribution")]

    operations = [
        migrations.AddField(
            "user", "test_alert_sent_at", models.DateTimeField(null=True, blank=True, editable=False)
        ),
    ]
