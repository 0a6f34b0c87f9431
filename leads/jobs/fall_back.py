"""Passing on leads that nobody claimed: to their teams' fallbacks, and where there is none, to their owners."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, Value

from core.scheduler import Job
from leads.jobs.locking import DueTimes, due_leads, load_leads, lock_due_leads
from leads.lifecycle.offers import fall_back
from leads.models import Lead, LeadOffer
from teams.visibility import EqualsAny

JOB: Final = Job("leads.fall_back", Lead)

# After an outage the turns still to come are first. Each lead's offers are looked through whatever their status: after
# a quiet hour PostgreSQL expects so few turns to come that it would read all of them anew for each lead.
OFFER_STATUSES: Final = LeadOffer.objects.filter(lead=OuterRef("pk")).values("status")
HAS_PENDING_OFFERS: Final = EqualsAny(Value(LeadOffer.Status.PENDING), ArraySubquery(OFFER_STATUSES))
UNCLAIMED: Final = Q(~HAS_PENDING_OFFERS, claimed_by_user=None, merged_into=None)


def due_times() -> DueTimes:
    """When the time of a lead's last offer is over."""
    return due_leads(JOB, "falls_back_at", UNCLAIMED).values_list("falls_back_at")


def run_batch(now: datetime) -> int:
    """Pass on some hundred leads; returns how many."""
    return JOB.run_batch(lock_batch, fall_back_due, now)


def lock_batch(now: datetime) -> Sequence[int]:
    return lock_due_leads(JOB, "falls_back_at", UNCLAIMED, now)


def fall_back_due(ids: Sequence[int], now: datetime) -> int:
    """Pass on these leads."""
    leads = load_leads(ids, "falls_back_at")
    fall_back(leads, now=now)
    return len(leads)
