"""Letting parked rows go when their retry is due. One of `settings.ENGINES`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.operations.models import ParkedRow
from core.operations.parking import KEPT_AFTER_RETRY, release
from core.scheduler import Job

BATCH: Final = 1000

JOB: Final = Job("operations.retries", ParkedRow)
JOBS: Final = (JOB,)


def next_due_at() -> datetime | None:
    """When the next row is retried."""
    waiting = JOB.without_parked(ParkedRow.objects.filter(is_parked=True, retry_at__isnull=False))
    return waiting.order_by("retry_at", "id").values_list("retry_at", flat=True).first()


def run_due(now: datetime) -> int:
    """Let all rows go whose retry is due; the job that each belongs to does it in its next tick."""
    return JOB.run_all(claim, release_parked, now)


def claim(now: datetime) -> Sequence[int]:
    waiting = JOB.without_parked(ParkedRow.objects.filter(is_parked=True, retry_at__lte=now))
    return list(
        waiting.order_by("retry_at", "id").select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH]
    )


def release_parked(ids: Sequence[int], now: datetime) -> int:
    """Release these, and forget those released days ago."""
    released = release(ParkedRow.objects.filter(pk__in=ids))
    ParkedRow.objects.filter(is_parked=False, parked_at__lt=now - KEPT_AFTER_RETRY).delete()
    return released
