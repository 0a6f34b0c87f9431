"""Move unclaimed leads to the fallback of their team, or to their owner if it has none."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, Value

from core.scheduler import Job
from leads.jobs.locking import DueTimes, due_leads, load_leads, lock_due_leads
from leads.lifecycle.offers import fall_back
from leads.models import Lead, LeadOffer
from teams.visibility import EqAny

JOB: Final = Job("leads.fall_back", Lead)

# After an outage, pending offers are sent first. The subquery reads all offers of a lead and does not filter by status:
# after a quiet hour, PostgreSQL expects so few pending offers that it would scan all of them for each lead.
OFFER_STATUSES: Final = LeadOffer.objects.filter(lead=OuterRef("pk")).values("status")
HAS_PENDING_OFFERS: Final = EqAny(Value(LeadOffer.Status.PENDING), ArraySubquery(OFFER_STATUSES))
UNCLAIMED: Final = Q(~HAS_PENDING_OFFERS, claimed_by_user=None, merged_into=None)


def due_times() -> DueTimes:
    """Return when the next leads fall back."""
    return due_leads(JOB, "falls_back_at", UNCLAIMED).values_list("falls_back_at")


def run_batch(now: datetime) -> int:
    """Process a batch of leads that fall back. Return how many."""
    return JOB.run_batch(lock_batch, fall_back_due, now)


def lock_batch(now: datetime) -> Sequence[int]:
    return lock_due_leads(JOB, "falls_back_at", UNCLAIMED, now)


def fall_back_due(ids: Sequence[int], now: datetime) -> int:
    """Move these locked leads to their fallbacks. Return how many."""
    leads = load_leads(ids, "falls_back_at")
    fall_back(leads, now=now)
    return len(leads)
