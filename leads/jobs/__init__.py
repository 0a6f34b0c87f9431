"""What becomes of leads as time goes by. One of `settings.ENGINES`.

Each module finds one kind of due work by an index of its own, and does a batch of it in one transaction. A window
closes before the next one opens, and a lead falls back before somebody is alarmed about it.
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
        """When something is next to be done, in order."""

    def run_batch(self, now: datetime) -> int:
        """Do some of what is due; returns how much that was."""


DUE_JOBS: Final[tuple[DueJob, ...]] = (expire_offers, send_offers, fall_back, contact_sla, unclaimed_alerts)
JOBS: Final = tuple(kind.JOB for kind in DUE_JOBS)


def next_due_at() -> datetime | None:
    """When something is next to be done: in one statement, for a tick that mostly finds nothing."""
    first, *others = (kind.due_times()[:1] for kind in DUE_JOBS)
    return min((at for (at,) in first.union(*others, all=True) if at), default=None)


def run_due(now: datetime) -> int:
    """Do all that is due; returns how much that was."""
    done = 0
    while (due_at := next_due_at()) and due_at <= now:
        settled = run_each(partial(run_batches, kind, now) for kind in DUE_JOBS)
        if not settled:  # somebody else has it
            break
        done += settled
    return done


def run_batches(kind: DueJob, now: datetime) -> int:
    """All that is due of one kind, batch by batch: what comes after it must not overtake it."""
    done = 0
    while settled := kind.run_batch(now):
        done += settled
    return done
