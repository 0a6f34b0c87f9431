"""Where leads come from: one list for the installation, each name once."""

from leads.models import LeadSource


def get_or_create_lead_source(name: str) -> LeadSource:
    """The lead source of this name, ignoring case; a new one where there is none."""
    source, _ = LeadSource.objects.get_or_create(name__lower_exact=name, defaults={"name": name})
    return source
