"""Codes with details in the place of sentences. What older rows say stays readable: code `other`, with its text."""

from django.db import migrations, models

OFFERS = """
UPDATE leads_leadoffer
SET end_code = CASE
        WHEN reason = 'the lead was claimed' THEN 'lead_claimed'
        WHEN reason = 'the member left the team' THEN 'left_team'
        WHEN reason = 'the exclusive window is over' THEN 'window_ended'
        WHEN reason = 'taken from the pond' THEN 'taken_from_pond'
        WHEN reason LIKE 'merged into lead %%' THEN 'lead_merged'
        WHEN reason LIKE 'claimed as lead %%' THEN 'claimed_as_duplicate'
        ELSE 'other'
    END,
    end_details = CASE
        WHEN reason LIKE 'merged into lead %%' OR reason LIKE 'claimed as lead %%'
        THEN jsonb_build_object('lead_id', substring(reason FROM '[0-9]+$')::bigint)
        WHEN reason NOT IN ('the lead was claimed', 'the member left the team', 'the exclusive window is over',
                            'taken from the pond')
        THEN jsonb_build_object('text', reason)
    END
WHERE reason <> ''
"""
ENTRIES = """
UPDATE leads_traceentry
SET code = 'other',
    details = details || jsonb_build_object('text', CASE WHEN reason = '' THEN kind ELSE reason END)
"""
PLANS_IN_ENTRIES = """
UPDATE leads_traceentry
SET details = details || jsonb_build_object('skipped', (
    SELECT jsonb_agg(each - 'reason' || jsonb_build_object(
        'code', 'other', 'details', jsonb_build_object('text', each->>'reason')))
    FROM jsonb_array_elements(details->'skipped') AS each
))
WHERE jsonb_typeof(details->'skipped') = 'array' AND details->'skipped' <> '[]'
"""
TRACES = """
UPDATE leads_routingtrace
SET decision = decision - 'reason' || jsonb_build_object(
        'code', 'other', 'details', jsonb_build_object('text', decision->>'reason')),
    skipped = coalesce((
        SELECT jsonb_agg(each - 'reason' || jsonb_build_object(
            'code', 'other', 'details', jsonb_build_object('text', each->>'reason')))
        FROM jsonb_array_elements(skipped) AS each
    ), '[]')
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0016_claimed_through")]

    operations = [
        migrations.AddField("leadoffer", "end_code", models.CharField(max_length=40, blank=True, default=""), preserve_default=False),
        migrations.AddField("leadoffer", "end_details", models.JSONField(null=True, blank=True)),
        migrations.AddField("traceentry", "code", models.CharField(max_length=40, blank=True, default=""), preserve_default=False),
        migrations.RunSQL(OFFERS),
        migrations.RunSQL(ENTRIES),
        migrations.RunSQL(PLANS_IN_ENTRIES),
        migrations.RunSQL(TRACES),
        migrations.RemoveField("leadoffer", "reason"),
        migrations.RemoveField("traceentry", "reason"),
    ]
