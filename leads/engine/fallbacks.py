"""Passing on leads that nobody claimed: to their teams' fallbacks, and where there is none, to their owners."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.lookups import IsNull

from leads.distribution import fall_back
from leads.engine.holding import Moments, due_by, hold_due
from leads.models import Lead, LeadOffer

# After an outage the turns still to come are first.
TURNS: Final = LeadOffer.objects.filter(lead=OuterRef("pk"), status=LeadOffer.Status.PENDING)
# Looked up lead by lead. EXISTS may become a join, which after a quiet hour reads all that waits anew for each lead.
HAS_NONE: Final = IsNull(Subquery(TURNS.values("pk")[:1]), True)
UNCLAIMED: Final = Q(HAS_NONE, claimed_by_user=None, merged_into=None)


def coming() -> Moments:
    """When the time of a lead's last offer is over."""
    return due_by("falls_back_at", UNCLAIMED).values_list("falls_back_at")


@transaction.atomic
def run_batch(now: datetime) -> int:
    """Pass on some hundred leads; returns how many."""
    leads: list[Lead] = hold_due("falls_back_at", UNCLAIMED, now)
    if leads:
        fall_back(leads, now=now)
    return len(leads)
