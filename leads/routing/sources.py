"""Lead sources: one list for the installation, with unique names."""

from core.db.lookups import lowered
from leads.models import LeadSource


def get_or_create_lead_source(name: str) -> LeadSource:
    """Return the lead source with this name, ignoring case. Create it if it does not exist."""
    source, _ = LeadSource.objects.get_or_create(name__lower=lowered(name), defaults={"name": name})
    return source
