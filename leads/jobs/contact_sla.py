"""Take back leads whose claimers did not contact the person in time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import Q

from core.scheduler import Job
from leads.distribution.offer_plan import lateness_shift
from leads.jobs.locking import DueTimes, due_leads, load_leads, lock_due_leads
from leads.lifecycle.reassignment import take_back
from leads.models import Lead

JOB: Final = Job("leads.contact_sla", Lead)

UNCONTACTED: Final = Q(claimed_by_user__isnull=False, contacted_at=None, merged_into=None, team__isnull=False)
BATCH_SIZE: Final = 100  # leads; each takes several statements


def due_times() -> DueTimes:
    """Return when the next contacts are due."""
    return due_leads(JOB, "contact_due_at", UNCONTACTED).values_list("contact_due_at")


def run_batch(now: datetime) -> int:
    """Process a batch of overdue leads. Return how many."""
    return JOB.run_batch(lock_batch, take_back_or_postpone, now)


def lock_batch(now: datetime) -> Sequence[int]:
    return lock_due_leads(JOB, "contact_due_at", UNCONTACTED, now, BATCH_SIZE)


def take_back_or_postpone(ids: Sequence[int], now: datetime) -> int:
    """Take these leads back; after an outage, restart their time instead. Return how many."""
    leads = load_leads(ids, "contact_due_at")
    late = [lead for lead in leads if is_late(lead, now)]
    postpone(late, now)
    if on_time := [lead for lead in leads if lead not in late]:
        take_back(on_time, now=now)
    return len(leads)


def is_late(lead: Lead, now: datetime) -> bool:
    """Whether the service was down when the contact was due."""
    return lead.contact_due_at is not None and bool(lateness_shift(lead.contact_due_at, now))


def postpone(late: Sequence[Lead], now: datetime) -> None:
    """Restart the time of leads that became due during an outage, when no contact could be logged."""
    for lead in late:
        if lead.contact_due_at and lead.claimed_at:
            lead.contact_due_at = now + (lead.contact_due_at - lead.claimed_at)
    if late:
        Lead.objects.bulk_update(late, ["contact_due_at"])
