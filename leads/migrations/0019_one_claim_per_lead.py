from django.db import migrations

# Migration 0010 dropped the constraint: Django takes each index on a foreign key for the one that `db_index` made.
# Where a lead got several claims since, the one of the user who has the lead counts, otherwise the latest.
KEEP_ONE = """
UPDATE leads_leadoffer SET status = 'Returned' WHERE id IN (
    SELECT id FROM (
        SELECT offer.id, row_number() OVER (
            PARTITION BY offer.lead_id
            ORDER BY (offer.user_id = lead.claimed_by_user_id) IS TRUE DESC, offer.settled_at DESC NULLS LAST, offer.id DESC
        ) AS place
        FROM leads_leadoffer AS offer JOIN leads_lead AS lead ON lead.id = offer.lead_id
        WHERE offer.status = 'Claimed'
    ) AS claims WHERE place > 1
)
"""
RESTORE = "CREATE UNIQUE INDEX IF NOT EXISTS one_claim_per_lead ON leads_leadoffer (lead_id) WHERE status = 'Claimed'"


class Migration(migrations.Migration):
    dependencies = [("leads", "0018_duplicates")]

    operations = [
        migrations.RunSQL(KEEP_ONE, migrations.RunSQL.noop),
        migrations.RunSQL(RESTORE, migrations.RunSQL.noop),
    ]
