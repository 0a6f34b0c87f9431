import django.db.models.deletion
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("leads", "0020_plain_kinds_of_trace_entries")]

    operations = [
        migrations.RenameField("lead", "hop", "fallback_count"),
        migrations.RenameField("lead", "round", "distribution_round"),
        migrations.RenameField("lead", "is_contact_given", "has_assigned_contact"),
        migrations.AlterField(
            "lead",
            "merged_into",
            models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="duplicates",
                to="leads.lead",
            ),
        ),
        migrations.RenameModel("TeamLead", "LeadOfTeam"),
        migrations.RemoveConstraint("rotationplace", "rotation_place_once"),
        migrations.RenameModel("RotationPlace", "RotationSlot"),
        migrations.AddConstraint(
            "rotationslot", models.UniqueConstraint(fields=["team", "user"], name="rotation_slot_once")
        ),
    ]
