"""An engine for the tests of the clock: whatever waits is done at its time, and may set off more."""

from dataclasses import dataclass, field
from datetime import datetime

from core import clock


@dataclass
class Toy:
    """Jobs by due time; `chain` says what a job sets off, as (due time, name); `lazy` names what is never done."""

    waiting: list[tuple[datetime, str]] = field(default_factory=list)
    chain: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    done: list[tuple[str, datetime, datetime]] = field(default_factory=list)  # name, `now`, what the clock showed
    is_lazy: bool = False


toy = Toy()


def next_due_at():
    return min((at for at, _ in toy.waiting), default=None)


def run_due(now):
    due = sorted(job for job in toy.waiting if job[0] <= now)
    if toy.is_lazy:
        return 0
    for job in due:
        toy.waiting.remove(job)
        toy.done.append((job[1], now, clock.now()))
        if job[1] in toy.chain:
            toy.waiting.append(toy.chain.pop(job[1]))
    return len(due)
