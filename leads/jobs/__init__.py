"""Due work on leads, one of `settings.ENGINES`.

Each module finds one kind of due work by its own index, and processes a batch in one transaction. The order matters:
a window closes before the next one opens, and a lead falls back before its team lead is alerted.
"""

from datetime import datetime
from functools import partial
from typing import Final, Protocol

from core.scheduler import Job, run_each
from leads.jobs import contact_sla, expire_offers, fall_back, send_offers, unclaimed_alerts
from leads.jobs.locking import DueTimes


class DueJob(Protocol):
    """One kind of due work."""

    JOB: Job

    def due_times(self) -> DueTimes:
        """Return when work of this kind is due, the next time first."""

    def run_batch(self, now: datetime) -> int:
        """Process a batch of due work. Return how many items."""


DUE_JOBS: Final[tuple[DueJob, ...]] = (expire_offers, send_offers, fall_back, contact_sla, unclaimed_alerts)
JOBS: Final = tuple(kind.JOB for kind in DUE_JOBS)


def next_due_at() -> datetime | None:
    """Return when work is next due. One statement, because most ticks find nothing."""
    first, *others = (kind.due_times()[:1] for kind in DUE_JOBS)
    return min((at for (at,) in first.union(*others, all=True) if at), default=None)


def run_due(now: datetime) -> int:
    """Process all due work. Return how many items."""
    done = 0
    while (due_at := next_due_at()) and due_at <= now:
        settled = run_each(partial(run_batches, kind, now) for kind in DUE_JOBS)
        if not settled:  # another worker has locked it
            break
        done += settled
    return done


def run_batches(kind: DueJob, now: datetime) -> int:
    """Process all due work of one kind in batches, so that the next kind does not overtake it."""
    done = 0
    while settled := kind.run_batch(now):
        done += settled
    return done
