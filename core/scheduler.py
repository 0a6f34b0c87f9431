"""Work that falls due: rows in the database, announced by beat or by a trigger (docs/decisions/0001).

An engine is a module with two functions and its jobs. Beat and triggers only start it, so a lost or doubled
announcement loses or doubles nothing; the sandbox's clock drives the same two functions.

A job is one kind of due work. It claims some due rows and does them in one transaction. A row that fails is parked and
holds up no other (docs/decisions/0012-one-bad-row.md).
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Model, QuerySet

from core import watchdog
from core.db.retry import retry_transaction
from core.operations.parking import is_lost_connection, is_server_error, park, parked_ids

logger = logging.getLogger(__name__)

CLOCK_LOCK = 0x50_52_49_44_45  # advisory lock key ("PRIDE"): ticks share it, a moving clock holds it alone
TRIGGER_SECONDS = 1  # a trigger whose tick got lost blocks others no longer; beat has ticked by then


Ids = Sequence[int]
Claim = Callable[[datetime], Ids]  # locks some due rows that are not parked, with SKIP LOCKED
Work = Callable[[Ids, datetime], int]  # reads, decides and writes these rows; returns how much it did

Rows = TypeVar("Rows", bound=QuerySet[Any, Any])


@dataclass(frozen=True)
class Job:
    """One kind of due work, and the model whose rows it claims."""

    name: str
    model: type[Model]

    def without_parked(self, rows: Rows, column: str = "pk") -> Rows:
        """Those that this job does not pass over; `column` holds the id that it claims."""
        return rows.exclude(**{f"{column}__in": parked_ids(self.name)})

    def run_all(self, claim: Claim, work: Work, now: datetime) -> int:
        """Do all that is due, batch by batch; return how much that was."""
        total = 0
        while done := self.run_batch(claim, work, now):
            total += done
        return total

    def run_batch(self, claim: Claim, work: Work, now: datetime) -> int:
        """Claim some rows and process them in one transaction, so that a kill leaves all of it or nothing.

        If that fails, claim again, process the rows in ever smaller parts under savepoints, and park those that fail.
        Retries on a deadlock or serialization failure. `work` may be called several times: it must read the rows it is
        given, and keep nothing of a failed call.
        """

        @retry_transaction
        def together() -> int:
            ids = claim(now)
            return work(ids, now) if ids else 0

        @retry_transaction
        def apart() -> int:
            return self._halve(claim(now), work, now)

        watchdog.record_progress()
        try:
            return together()
        except Exception as error:
            if is_server_error(error):
                raise
            return apart()

    def _halve(self, ids: Ids, work: Work, now: datetime) -> int:
        """Do both halves, and the halves of a half that fails. A row that fails alone is parked and counts as done.

        One bad row of n costs the work of about 2n rows, in 2 log n batches: one by one, n rows cost n batches.
        """
        middle = len(ids) // 2
        done = 0
        for part in filter(None, (ids[:middle], ids[middle:])):
            watchdog.record_progress()
            try:
                with transaction.atomic():
                    done += work(part, now)
            except Exception as error:
                if is_server_error(error):
                    raise
                done += self._halve(part, work, now) if len(part) > 1 else self.park(part[0], error, now)
        return done

    def park(self, row_id: int, error: Exception, now: datetime) -> int:
        """Pass this row over until its retry. It counts as done: 1."""
        park(self.name, row_id, error, now)
        return 1


class Engine(Protocol):
    """What `settings.ENGINES` names."""

    JOBS: Sequence[Job]

    def next_due_at(self) -> datetime | None:
        """When the earliest waiting work falls due; None when nothing waits. Index-backed."""

    def run_due(self, now: datetime) -> int:
        """Process all rows that are due at `now`, in short transactions; return their number."""


def engine(name: str) -> Engine:
    """Return the job module `name`, which must be in `settings.ENGINES`."""
    if name not in settings.ENGINES:
        raise LookupError(f"{name} is not among settings.ENGINES")
    return cast(Engine, import_module(name))


def jobs() -> dict[str, tuple[Job, str]]:
    """All jobs by name, each with its engine."""
    return {job.name: (job, name) for name in settings.ENGINES for job in engine(name).JOBS}


def run_each(parts: Iterable[Callable[[], int]]) -> int:
    """Do all parts, also when one of them fails; then raise what failed. Return how much was done.

    When the connection is lost, the parts that remain would fail, too: raised immediately. A deadlock, a time-out, or a
    statement that does not fit the schema is one part's alone.
    """
    done, errors = 0, []
    for part in parts:
        try:
            done += part()
        except Exception as error:
            if is_lost_connection(error):
                raise
            errors.append(error)
    if len(errors) > 1:
        raise ExceptionGroup("Several kinds of due work failed", errors)
    if errors:
        raise errors[0]
    return done


@contextmanager
def shared_clock() -> Iterator[bool]:
    """Lock the clock during the work; yields False if it is being moved."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", [CLOCK_LOCK])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [CLOCK_LOCK])


def trigger(name: str) -> None:
    """Ask for a tick of `name` once this transaction commits. If the broker is away, beat will do."""
    engine(name)  # a wrong name must fail here, not in the worker
    transaction.on_commit(lambda: _enqueue_tick(name), robust=True)


def _enqueue_tick(name: str) -> None:
    """One tick is enough for all that was committed before it starts: while one waits, no other is asked for."""
    try:
        if cache.add(trigger_key(name), True, timeout=TRIGGER_SECONDS):
            # Loaded when it is needed: Celery is a quarter of what a command such as `./pride token` would load.
            import_module("core.tasks").tick.apply_async((name,), retry=False, expires=5)
    except Exception as error:  # any broker error: the row is saved, and beat will find it
        logger.warning("No tick was triggered for %s: %s", name, error)


def trigger_key(name: str) -> str:
    """Return the cache key that is set while a triggered tick of this engine waits."""
    return f"triggered:{name}"
