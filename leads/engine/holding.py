"""Taking leads that are due and that nobody else holds, with their contacts: giving or taking a lead changes both."""

from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from leads.models import Lead, LeadQuerySet

Moments = QuerySet[Any, tuple[datetime | None]]  # when something is next to be done, in order

BATCH: Final = 500


def hold_due(column: str, which: Q, now: datetime, most: int = BATCH) -> list[Lead]:
    """Those due, the longest first, held until the transaction ends, with what is told of them.

    Waiting for a lead or a contact that somebody else holds could be waiting for each other: it is left for later.
    """
    whole = due_by(column, which).select_related("contact", "source", "owner_user", "claimed_by_user", "team__creator")
    rows = whole.filter(**{f"{column}__lte": now})
    return list(rows.select_for_update(of=("self", "contact"), skip_locked=True, no_key=True)[:most])


def due_by(column: str, which: Q) -> LeadQuerySet:
    """The leads that are due some time, the next first."""
    return Lead.objects.filter(which, **{f"{column}__isnull": False}).order_by(column, "pk")
