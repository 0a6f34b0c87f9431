from django.db import migrations, models

# The action of what is planned already is not known. If its sender is not the agent who works with the contact, an
# action named them, or the contact changed hands since: it stays as it is.
MARK_CHOSEN = """
UPDATE campaigns_contactcommunication AS communication SET is_sender_chosen = true
FROM campaigns_campaigncontact AS enrolment JOIN crm_contact AS contact ON contact.id = enrolment.contact_id
WHERE communication.campaign_contact_id = enrolment.id AND communication.is_active
    AND communication.send_from_user_id <> COALESCE(contact.assigned_user_id, contact.owner_user_id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0004_birthdays"),
        ("crm", "0009_blanks_about_tags"),
    ]

    operations = [
        migrations.AddField(
            model_name="contactcommunication",
            name="is_sender_chosen",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunSQL(MARK_CHOSEN, migrations.RunSQL.noop),
    ]
