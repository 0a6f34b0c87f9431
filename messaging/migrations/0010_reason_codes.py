"""Codes with details in the place of sentences. What older rows say stays readable: code `other`, with its text."""

from django.db import migrations, models

KEEP_TEXTS = """
UPDATE messaging_message SET code = 'other', details = jsonb_build_object('text', reason) WHERE reason <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("messaging", "0009_codes")]

    operations = [
        migrations.AddField("message", "code", models.CharField(max_length=40, blank=True, default="", editable=False)),
        migrations.AddField("message", "details", models.JSONField(blank=True, default=dict, editable=False)),
        migrations.RunSQL(KEEP_TEXTS),
        migrations.RemoveField("message", "reason"),
    ]
