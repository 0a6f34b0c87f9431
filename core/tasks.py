"""The Celery tasks of the scheduler: a worker runs them, beat and triggers enqueue them."""

from contextlib import suppress
from typing import Final

from django.core.cache import cache

from core import clock, watchdog
from core.celery_app import app
from core.scheduler import engine, shared_clock, trigger_key

BEAT_SEEN: Final = "beat-seen"  # cache key; the cache may be lost, beat writes it again two seconds later
BEAT_STALE_SECONDS: Final = 10


@app.task
def tick(name: str) -> None:
    """Run what is due in one engine. While the sandbox's clock is moved, the mover runs it instead."""
    with suppress(Exception):  # the cache may be away; the flag then ends by itself
        cache.delete(trigger_key(name))  # before anything is read: later commits trigger another tick
    with watchdog.watch(name), shared_clock() as held:
        if held:
            engine(name).run_due(clock.now())


@app.task
def heartbeat() -> None:
    """Note that beat, broker and a worker are alive; `/readyz` reads it."""
    with watchdog.watch("heartbeat"):
        cache.set(BEAT_SEEN, True, timeout=BEAT_STALE_SECONDS)
