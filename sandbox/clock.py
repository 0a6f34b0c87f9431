"""The sandbox's clock: business time is ahead of real time, and can be moved forward over all due work.

While it is moved, it stops at each time that has due work, so rows get the times they would have had. The mover alone
holds `core.scheduler.CLOCK_LOCK`, on a separate connection: the lock ends with the mover's process, independent of the
jobs' connections. A clock that a dead mover left stopped is recognized by the missing lock, and continues from there.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

from api.coercion import format_datetime
from core import scheduler
from core.errors import Conflict, DomainError
from sandbox.models import Clock

MOVER_LOCK = scheduler.CLOCK_LOCK + 1  # who holds it may wait for CLOCK_LOCK; a second mover finds it taken
WAIT_FOR_TICKS_SECONDS = 60  # longer than a provider's time-out, which a running tick may have to sit out
LATEST = datetime(2200, 1, 1, tzinfo=UTC)  # beyond it ordinary arithmetic on dates begins to overflow
ROUNDS_AT_ONE_MOMENT = 10_000
IDLE_ROUNDS, IDLE_SECONDS = 100, 0.05  # rows locked by a request are passed over: wait five seconds for them

READING = """
SELECT ahead, standing_at, CASE WHEN standing_at IS NULL THEN false ELSE EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
    AND classid = %s AND objid = %s AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
) END FROM sandbox_clock
"""

_migrated: set[str] = set()  # databases known to have the clock's table


class ClockIsMoving(Conflict):
    """The clock is being moved by another request."""


class WorkUnderWay(Conflict):
    """Work that began before the clock was moved has not ended in time."""


class RunsForwardOnly(DomainError):
    """The clock runs forward only."""


class TooFar(DomainError):
    """The clock cannot be moved beyond the year 2199."""


class EngineStuck(DomainError):
    """A job reports due work and does none of it."""

    status = 500


class Reading(NamedTuple):
    """The clock's time, and whether it is being moved."""

    now: datetime
    standing: bool


def now() -> datetime:
    """Business time (settings.CLOCK)."""
    return read().now


def read() -> Reading:
    """Look at the clock, with one small query."""
    with connection.cursor() as cursor:
        row = _row(cursor)
    wall = datetime.now(UTC)
    if row is None:
        return Reading(wall, standing=False)
    ahead, standing_at, standing = row
    return Reading(standing_at, standing=True) if standing else Reading(wall + ahead, standing=False)


def _row(cursor: CursorWrapper) -> tuple[timedelta, datetime, bool] | None:
    """The clock's one row, if there is any: Django's checks and migrations ask for the time before its table exists."""
    database = connection.settings_dict["NAME"]
    if database not in _migrated:
        cursor.execute("SELECT to_regclass('sandbox_clock') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return None
        _migrated.add(database)
    cursor.execute(READING, [scheduler.CLOCK_LOCK >> 32, scheduler.CLOCK_LOCK & 0xFFFFFFFF])
    row: tuple[timedelta, datetime, bool] | None = cursor.fetchone()
    return row


def advance(to: datetime | timedelta) -> datetime:
    """Move the clock to a time, or by a duration. All work that falls due on the way is done at its own time."""
    with _sole_mover():
        moment = now()
        to = _target(to, moment)
        try:
            _stand_at(moment)
            _run_what_is_due(moment)
            while (following := _next_due_at()) is not None and following <= to:
                moment = following
                _stand_at(moment)
                _run_what_is_due(moment)
            moment = to
        finally:
            _run_on_from(moment)
    return to


def _target(to: datetime | timedelta, moment: datetime) -> datetime:
    try:
        target = moment + to if isinstance(to, timedelta) else to
    except OverflowError:
        raise TooFar from None
    if target < moment:
        raise RunsForwardOnly(f"The clock runs forward only, and it is {format_datetime(moment)} already.")
    if target >= LATEST:
        raise TooFar
    return target


def _stand_at(moment: datetime) -> None:
    _write(ahead=moment - datetime.now(UTC), standing_at=moment)


def _run_on_from(moment: datetime) -> None:
    _write(ahead=moment - datetime.now(UTC), standing_at=None)


def _write(*, ahead: timedelta, standing_at: datetime | None) -> None:
    Clock.objects.bulk_create(
        [Clock(pk=1, ahead=ahead, standing_at=standing_at)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["ahead", "standing_at"],
    )


def _engines() -> Sequence[scheduler.Engine]:
    return [scheduler.engine(name) for name in settings.ENGINES]


def _next_due_at() -> datetime | None:
    return min((at for engine in _engines() if (at := engine.next_due_at()) is not None), default=None)


def _run_what_is_due(moment: datetime) -> None:
    """Let the engines work in turn until none has anything left that is due, however they set each other going."""
    idle = 0
    for _ in range(ROUNDS_AT_ONE_MOMENT):
        waiting = [name for name in settings.ENGINES if _has_work(name, moment)]
        if not waiting:
            return
        if sum(scheduler.engine(name).run_due(moment) for name in waiting):
            idle = 0
        elif (idle := idle + 1) > IDLE_ROUNDS:
            break
        else:
            time.sleep(IDLE_SECONDS)
    raise EngineStuck(f"{', '.join(waiting)}: work due by {format_datetime(moment)} does not come to an end.")


def _has_work(name: str, moment: datetime) -> bool:
    due_at = scheduler.engine(name).next_due_at()
    return due_at is not None and due_at <= moment


@contextmanager
def _sole_mover() -> Iterator[None]:
    """Lock the clock: fails immediately if another mover has it, and waits for ticks that are working."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as session:
        taken = session.execute("SELECT pg_try_advisory_lock(%s)", [MOVER_LOCK]).fetchone()
        if taken is None or not taken[0]:
            raise ClockIsMoving
        try:
            _wait_for_ticks(session)
            yield
        finally:
            # Explicit: after a lost connection the server would keep the locks for some moments.
            with suppress(psycopg.OperationalError):
                session.execute("SELECT pg_advisory_unlock_all()")


def _wait_for_ticks(session: psycopg.Connection[Any]) -> None:
    """Wait in line for the clock, not polling: while an exclusive lock is asked for, no new tick gets a shared one."""
    session.execute("SELECT set_config('lock_timeout', %s, false)", [f"{WAIT_FOR_TICKS_SECONDS}s"])
    try:
        session.execute("SELECT pg_advisory_lock(%s)", [scheduler.CLOCK_LOCK])
    except psycopg.errors.LockNotAvailable:
        raise WorkUnderWay from None
