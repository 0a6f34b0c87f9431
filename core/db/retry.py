"""Writing that meets a rival: PostgreSQL ends one of the two, and what that one did is simply done again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from django.db import DatabaseError, transaction

P = ParamSpec("P")
R = TypeVar("R")

# https://www.postgresql.org/docs/current/errcodes-appendix.html
DEADLOCK: Final = "40P01"
SERIALIZATION_FAILURE: Final = "40001"
FOREIGN_KEY_VIOLATION: Final = "23503"  # what this names was removed after it was read
UNIQUE_VIOLATION: Final = "23505"  # after it was found free
LOST_RACES: Final = frozenset({DEADLOCK, SERIALIZATION_FAILURE, FOREIGN_KEY_VIOLATION, UNIQUE_VIOLATION})

MAX_TRIES: Final = 3


def retry_transaction(verb: Callable[P, R]) -> Callable[P, R]:
    """Run the function in one transaction. Retry on a deadlock, serialization failure or key conflict, then re-raise.

    Nothing is sent before the commit, so an undone attempt has no effects.
    """

    @wraps(verb)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(MAX_TRIES - 1):
            with ignore_lost_race(), transaction.atomic():
                return verb(*args, **kwargs)
        with transaction.atomic():
            return verb(*args, **kwargs)

    return done


@contextmanager
def ignore_lost_race() -> Iterator[None]:
    """Let it pass that a rival was first."""
    try:
        yield
    except DatabaseError as error:
        if sqlstate(error) not in LOST_RACES:
            raise


def sqlstate(error: DatabaseError) -> str:
    """Return PostgreSQL's five-character code of a database error; empty for other errors."""
    return getattr(error.__cause__, "sqlstate", None) or ""
