"""Codes with details in the place of sentences. What older rows say stays readable: code `other`, with its text."""

from django.db import migrations, models

KEEP_TEXTS = """
UPDATE campaigns_contactcommunication
SET code = 'other', details = jsonb_build_object('text', reason) WHERE reason <> '';
UPDATE campaigns_birthday
SET code = 'other', details = jsonb_build_object('text', reason) WHERE reason <> '';
UPDATE campaigns_campaigncontact
SET end_code = 'other', end_details = jsonb_build_object('text', end_reason) WHERE end_reason <> '';
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0005_chosen_senders")]

    operations = [
        *(
            operation
            for model in ("contactcommunication", "birthday")
            for operation in (
                migrations.AddField(model, "code", models.CharField(max_length=40, blank=True, default="", editable=False)),
                migrations.AddField(model, "details", models.JSONField(blank=True, default=dict, editable=False)),
            )
        ),
        migrations.AddField(
            "campaigncontact",
            "end_code",
            models.CharField(max_length=40, blank=True, default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField("campaigncontact", "end_details", models.JSONField(null=True, blank=True, editable=False)),
        migrations.RunSQL(KEEP_TEXTS),
        migrations.RemoveField("contactcommunication", "reason"),
        migrations.RemoveField("birthday", "reason"),
        migrations.RemoveField("campaigncontact", "end_reason"),
    ]
