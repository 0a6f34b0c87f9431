"""Taking back leads whose claimers contacted nobody in time."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from leads.engine.holding import Moments, due_by, hold_due
from leads.handover import take_back

IDLE: Final = Q(claimed_by_user__isnull=False, contacted_at=None, merged_into=None, team__isnull=False)
MOST: Final = 100  # of a batch: each is taken back by some statements of its own
REASON: Final = "nobody was contacted in time"


def coming() -> Moments:
    """When whoever has a lead must next have contacted somebody."""
    return due_by("contact_due_at", IDLE).values_list("contact_due_at")


@transaction.atomic
def run_batch(now: datetime) -> int:
    """Take back some leads; returns how many."""
    leads = hold_due("contact_due_at", IDLE, now, MOST)
    if leads:
        take_back(leads, reason=REASON, now=now)
    return len(leads)
