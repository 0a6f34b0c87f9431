from django.db import migrations, models

RENAMED = """
UPDATE leads_traceentry SET kind = CASE kind WHEN 'Nobody' THEN 'No member' ELSE 'Assigned' END
WHERE kind IN ('Nobody', 'Given')
"""
BACK = """
UPDATE leads_traceentry SET kind = CASE kind WHEN 'No member' THEN 'Nobody' ELSE 'Given' END
WHERE kind IN ('No member', 'Assigned')
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0019_one_claim_per_lead")]

    operations = [
        migrations.RunSQL(RENAMED, BACK),
        migrations.AlterField(
            model_name="traceentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("Planned", "Planned"),
                    ("Fell back", "Fell Back"),
                    ("In the pond", "In Pond"),
                    ("Assigned", "Assigned"),
                    ("Claimed", "Claimed"),
                    ("Taken back", "Taken Back"),
                    ("Returned", "Returned"),
                    ("Reassigned", "Reassigned"),
                    ("Merged", "Merged"),
                    ("Alarm", "Alarm"),
                    ("Contacted", "Contacted"),
                    ("No member", "No Member"),
                ],
                max_length=11,
            ),
        ),
    ]
