"""Taking back leads whose claimers contacted nobody in time."""

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
BATCH_SIZE: Final = 100  # of a batch: each is taken back by some statements of its own


def due_times() -> DueTimes:
    """When whoever has a lead must next have contacted somebody."""
    return due_leads(JOB, "contact_due_at", UNCONTACTED).values_list("contact_due_at")


def run_batch(now: datetime) -> int:
    """Take back some leads; returns how many were due."""
    return JOB.run_batch(lock_batch, take_back_or_postpone, now)


def lock_batch(now: datetime) -> Sequence[int]:
    return lock_due_leads(JOB, "contact_due_at", UNCONTACTED, now, BATCH_SIZE)


def take_back_or_postpone(ids: Sequence[int], now: datetime) -> int:
    """Take these leads back; after an outage their time begins again."""
    leads = load_leads(ids, "contact_due_at")
    late = [lead for lead in leads if is_late(lead, now)]
    postpone(late, now)
    if on_time := [lead for lead in leads if lead not in late]:
        take_back(on_time, now=now)
    return len(leads)


def is_late(lead: Lead, now: datetime) -> bool:
    """Whether the service itself was away when this was due."""
    return lead.contact_due_at is not None and bool(lateness_shift(lead.contact_due_at, now))


def postpone(late: Sequence[Lead], now: datetime) -> None:
    """After an outage, in which nobody could note a contact, their time begins anew: nobody loses a lead by it."""
    for lead in late:
        if lead.contact_due_at and lead.claimed_at:
            lead.contact_due_at = now + (lead.contact_due_at - lead.claimed_at)
    if late:
        Lead.objects.bulk_update(late, ["contact_due_at"])
