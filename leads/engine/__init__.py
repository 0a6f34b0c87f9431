"""What becomes of leads as time goes by (design 5 and 6). One of `settings.ENGINES`.

Each module finds one kind of due work by an index of its own, and does a batch of it in one transaction. A window
closes before the next one opens, and a lead falls back before somebody is alarmed about it.
"""

from datetime import datetime
from typing import Final

from leads.engine import turns

KINDS: Final = (turns,)


def next_due_at() -> datetime | None:
    """When something is next to be done."""
    return min((at for kind in KINDS if (at := kind.next_due_at())), default=None)


def run_due(now: datetime) -> int:
    """Do all that is due; returns how much that was."""
    done = 0
    while settled := sum(kind.run_batch(now) for kind in KINDS):
        done += settled
    return done
