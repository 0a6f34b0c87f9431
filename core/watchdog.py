"""Ends a process without progress. It writes a heartbeat while its work continues.

A thread that never returns cannot be ended from inside Python, and a slow pattern holds the GIL, so that no other
thread runs. Then the timer of `faulthandler`, which needs no GIL, writes all tracebacks and ends the process. It is
restarted by the supervisor of `up`, or by docker-compose's `restart`.
"""

import faulthandler
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STUCK_STATUS = 70  # EX_SOFTWARE

_moved_at: dict[int, tuple[str, float]] = {}  # by thread: its work, and when that last moved on
_finished_at = time.monotonic()  # some work, by any thread


@contextmanager
def watch(work: str) -> Iterator[None]:
    """Watch this thread until its work is done."""
    global _finished_at
    _moved_at[get_ident()] = work, time.monotonic()
    try:
        yield
    finally:
        del _moved_at[get_ident()]
        _finished_at = time.monotonic()


def record_progress() -> None:
    """Note that the work of this thread moves on: long work is not stuck work."""
    if watched_work := _moved_at.get(get_ident()):
        _moved_at[get_ident()] = watched_work[0], time.monotonic()


def stuck_work(patience: float) -> list[str]:
    """Return the parts without progress for this many seconds."""
    now = time.monotonic()
    return sorted(work for work, moved_at in list(_moved_at.values()) if now - moved_at > patience)


def record_liveness(file: str, patience: float) -> None:
    """Let this process live for so many seconds more. Its supervisor and health check look at the file's age."""
    faulthandler.dump_traceback_later(patience, exit=True)
    if file:
        Path(file).touch()


def watch_worker(file: str, patience: float, broker_answers: Callable[[], bool]) -> None:
    """Show life as long as all work moves on, and some is done; never returns.

    A worker that the broker sends nothing has lost its connection without noticing. While the broker itself is away,
    there is nothing to do.
    """
    global _finished_at
    while True:
        if stuck := stuck_work(patience):
            exit_process(f"{', '.join(stuck)} has not made progress", patience)
        if not _moved_at and time.monotonic() - _finished_at > patience:
            if broker_answers():
                exit_process("no tick was finished", patience)
            _finished_at = time.monotonic()
        record_liveness(file, patience)
        time.sleep(LOOK_SECONDS)


def exit_process(reason: str, patience: float) -> None:
    """End this process without asking its threads, which do not listen."""
    logger.critical("This process ends, to be started again: %s for %.0f seconds", reason, patience)
    faulthandler.dump_traceback()
    sys.stderr.flush()
    os._exit(STUCK_STATUS)
