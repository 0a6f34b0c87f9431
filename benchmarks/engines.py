"""Running the engines as a worker does, in this process, until nothing is due."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from types import ModuleType

from benchmarks.measure import Sample
from config.celery import collect_seldom


def run_until_idle(engines: Sequence[ModuleType], now: datetime, of: int) -> Sample:
    """How many of `of` things a second the engines do, one after the other, until all are idle."""
    return run_out(lambda: sum(engine.run_due(now) for engine in engines), of)


def run_out(work: Callable[[], int], of: int) -> Sample:
    """How many of `of` things a second are done by `work`, which is called until nothing is left to do."""
    collect_seldom()
    started_at, cpu = time.perf_counter(), time.process_time()
    while work():
        pass
    seconds, cpu = time.perf_counter() - started_at, time.process_time() - cpu
    return Sample(of / seconds, 1000 * cpu / of)
