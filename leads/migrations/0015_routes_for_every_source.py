from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0014_no_index_of_teams"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="leadroute", name="route_has_a_source"),
        # For new routes: the rows that exist keep their value.
        migrations.AlterField(
            model_name="leadroute",
            name="is_returning_to_claimer",
            field=models.BooleanField(default=True),
        ),
    ]
