"""Work that falls due: rows in the database, announced by beat or by a nudge (design 5).

An engine is a module with two functions. Beat and nudges only trigger it, so a lost or doubled
announcement loses or doubles nothing; the sandbox's clock drives the same two functions.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib import import_module
from typing import Protocol, cast

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from config import clock
from config.celery import app

logger = logging.getLogger(__name__)

CLOCK_LOCK = 0x50_52_49_44_45  # advisory lock key ("PRIDE"): ticks share it, a moving clock holds it alone
BEAT_SEEN = "beat-seen"  # cache key; the cache may be lost, beat writes it again two seconds later
BEAT_STALE_SECONDS = 10
NUDGE_SECONDS = 1  # a nudge whose tick got lost stands in the way of others no longer; by then beat has ticked, too


class Engine(Protocol):
    """What `settings.ENGINES` names."""

    def next_due_at(self) -> datetime | None:
        """When the earliest waiting work falls due; None when nothing waits. Index-backed."""

    def run_due(self, now: datetime) -> int:
        """Do all that is due at `now`, in short transactions of its own; return how many rows were done."""


def engine(name: str) -> Engine:
    """The engine module called `name`, which must stand in `settings.ENGINES`."""
    if name not in settings.ENGINES:
        raise LookupError(f"{name} is not among settings.ENGINES")
    return cast(Engine, import_module(name))


@contextmanager
def shared_clock() -> Iterator[bool]:
    """Hold the clock still while work is done; yields False when somebody is moving it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", [CLOCK_LOCK])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [CLOCK_LOCK])


@app.task
def tick(name: str) -> None:
    """Run what is due in one engine. While the sandbox's clock is moved, the mover runs it instead."""
    with suppress(Exception):  # the cache may be away; the flag then ends by itself
        cache.delete(_nudged(name))  # before anything is read: what is committed from now on nudges anew
    with shared_clock() as held:
        if held:
            engine(name).run_due(clock.now())


@app.task
def heartbeat() -> None:
    """Note that beat, broker and a worker are alive; `/readyz` reads it."""
    cache.set(BEAT_SEEN, True, timeout=BEAT_STALE_SECONDS)


def nudge(name: str) -> None:
    """Ask for a tick of `name` once this transaction commits. If the broker is away, beat will do."""
    engine(name)  # a wrong name must fail here, not in the worker
    transaction.on_commit(lambda: _announce(name), robust=True)


def _announce(name: str) -> None:
    """One tick is enough for all that was committed before it starts: while one waits, no other is asked for."""
    try:
        if cache.add(_nudged(name), True, timeout=NUDGE_SECONDS):
            tick.apply_async((name,), retry=False, expires=5)
    except Exception as error:  # whatever the broker raises, the row is saved and beat will find it
        logger.warning("No nudge for %s: %s", name, error)


def _nudged(name: str) -> str:
    """The cache key that says a nudge of this engine waits for its tick."""
    return f"nudged:{name}"
