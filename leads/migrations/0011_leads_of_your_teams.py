from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("leads", "0010_lighter_offers")]

    operations = [
        migrations.CreateModel(
            name="TeamLead",
            fields=[],
            options={
                "verbose_name": "lead of your teams",
                "verbose_name_plural": "leads of your teams",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("leads.lead",),
        ),
        migrations.AlterModelOptions(
            name="leadroute",
            options={"ordering": ["id"], "verbose_name": "lead rule"},
        ),
    ]
