"""Duplicates: the same inquiry sent twice within minutes, by a person who submits a form again or by a portal."""

from datetime import timedelta
from typing import Final

from leads.models import Lead
from leads.routing.matching import normalize_value

REPEAT_WINDOW: Final = timedelta(minutes=10)
MAX_COMPARED: Final = 50  # recent leads of one contact

# Without a listing, an inquiry is the same only if all of these are.
INQUIRY_FIELDS: Final = (
    *("type", "city", "state", "zipcode", "listing_price", "listing_status", "text_body", "html_body"),
)


def find_original(lead: Lead) -> Lead | None:
    """Return the earlier lead that this new one repeats; None if it is a new inquiry.

    Same owner, contact, source and listing, within REPEAT_WINDOW. The caller has locked the contact, so of two
    requests at the same time the second one finds the first.
    """
    recent = Lead.objects.filter(
        owner_user=lead.owner_user_id,
        contact=lead.contact_id,
        source=lead.source_id,
        merged_into=None,
        created_at__gte=lead.created_at - REPEAT_WINDOW,
    )
    return next((each for each in recent.order_by("-pk")[:MAX_COMPARED] if is_same_listing(each, lead)), None)


def is_same_listing(one: Lead, other: Lead) -> bool:
    """Whether two leads ask about the same listing: by MLS number, otherwise by street address, otherwise by all."""
    if one.mls_id.strip() and other.mls_id.strip():
        return normalize_value(one.mls_id) == normalize_value(other.mls_id)
    if one.street_address.strip() and other.street_address.strip():
        return all(
            normalize_value(getattr(one, name)) == normalize_value(getattr(other, name))
            for name in ("street_address", "zipcode")
        )
    has_listing = [bool(lead.mls_id.strip() or lead.street_address.strip()) for lead in (one, other)]
    return not any(has_listing) and all(
        normalize_value(getattr(one, name)) == normalize_value(getattr(other, name)) for name in INQUIRY_FIELDS
    )
