"""Lock due leads with their contacts: assigning a lead or taking it back changes both."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from core.scheduler import Job
from leads.models import Lead, LeadQuerySet
from teams.visibility import in_ids

DueTimes = QuerySet[Any, tuple[datetime | None]]  # the next time first

BATCH_SIZE: Final = 500


def lock_due_leads(job: Job, column: str, condition: Q, now: datetime, limit: int = BATCH_SIZE) -> Sequence[int]:
    """Lock due leads until the transaction ends, the longest overdue first. Return their ids.

    A lead or contact that another transaction has locked is left for later: waiting could deadlock.
    """
    due = due_leads(job, column, condition).filter(**{f"{column}__lte": now}).select_related("contact")
    rows = due.only("contact", "contact__id").select_for_update(of=("self", "contact"), skip_locked=True, no_key=True)
    return [lead.pk for lead in rows[:limit]]


def load_leads(ids: Collection[int], column: str) -> list[Lead]:
    """Return these locked leads with what their notifications show, the longest overdue first."""
    whole = Lead.objects.filter(in_ids("pk", ids)).order_by(column, "pk")
    return list(whole.select_related("contact", "source", "owner_user", "claimed_by_user", "team__creator"))


def due_leads(job: Job, column: str, condition: Q) -> LeadQuerySet:
    """Return the leads with a due time, the next one first."""
    return job.without_parked(Lead.objects.filter(condition, **{f"{column}__isnull": False})).order_by(column, "pk")
