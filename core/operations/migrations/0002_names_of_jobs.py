from typing import Any

from django.db import migrations

# A job is named after the module that does its work. A parked row is found by the name of its job.
NAMES = {
    "leads.turns": "leads.send_offers",
    "leads.windows": "leads.expire_offers",
    "leads.fallbacks": "leads.fall_back",
    "leads.alarms": "leads.unclaimed_alerts",
    "leads.accountability": "leads.contact_sla",
    "campaigns.communications": "campaigns.send_communications",
    "messaging.gate": "messaging.send_policy",
}


def rename_jobs(apps: Any, schema_editor: Any) -> None:
    for old, new in NAMES.items():
        apps.get_model("operations", "ParkedRow").objects.filter(job=old).update(job=new)


def restore_names(apps: Any, schema_editor: Any) -> None:
    for old, new in NAMES.items():
        apps.get_model("operations", "ParkedRow").objects.filter(job=new).update(job=old)


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]

    operations = [migrations.RunPython(rename_jobs, restore_names)]
