"""Claiming due leads that no other transaction holds, with their contacts: giving or taking a lead changes both."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from core.scheduler import Job
from leads.models import Lead, LeadQuerySet
from teams.visibility import any_of

DueTimes = QuerySet[Any, tuple[datetime | None]]  # when something is next to be done, in order

BATCH_SIZE: Final = 500


def lock_due_leads(job: Job, column: str, which: Q, now: datetime, most: int = BATCH_SIZE) -> Sequence[int]:
    """Lock the leads that are due, the longest first, until the transaction ends; return their ids.

    A lead or a contact that another transaction holds is left for later: waiting could be waiting for each other.
    """
    due = due_leads(job, column, which).filter(**{f"{column}__lte": now}).select_related("contact")
    rows = due.only("contact", "contact__id").select_for_update(of=("self", "contact"), skip_locked=True, no_key=True)
    return [lead.pk for lead in rows[:most]]


def load_leads(ids: Collection[int], column: str) -> list[Lead]:
    """These leads, which the caller holds, with what their notifications show; the longest due first."""
    whole = Lead.objects.filter(any_of("pk", ids)).order_by(column, "pk")
    return list(whole.select_related("contact", "source", "owner_user", "claimed_by_user", "team__creator"))


def due_leads(job: Job, column: str, which: Q) -> LeadQuerySet:
    """The leads that are due some time, the next first."""
    return job.without_parked(Lead.objects.filter(which, **{f"{column}__isnull": False})).order_by(column, "pk")
