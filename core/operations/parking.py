"""Parking a row that a job cannot do, and letting it go again."""

import logging
from datetime import datetime, timedelta
from typing import Final

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import QuerySet

from core.db.retry import sqlstate
from core.operations.models import ParkedRow

logger = logging.getLogger(__name__)

# After the first failure, the second, and so on. A mended template or a new release lets its rows go within these,
# without an operator; after the last only a request does.
RETRY_AFTER: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
KEPT_AFTER_RETRY: Final = timedelta(days=2)  # longer than the longest of these

# SQLSTATEs that no row is to blame for: connection, deadlock and serialization, a statement or schema that does not
# fit (a release under way), resources, locks, shutdown and time-outs, system and internal errors.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
CLASSES_OF_SERVER_ERRORS: Final = frozenset({"08", "40", "42", "53", "55", "57", "58", "XX"})
READ_ONLY: Final = "25006"
SHUTDOWN: Final = "57P0"
LOST_CONNECTION: Final = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


def is_server_error(error: Exception) -> bool:
    """Whether the database could not work at all, so that the row at hand is not to blame."""
    state = sqlstate(error) if isinstance(error, DatabaseError) else ""
    if state:
        return state[:2] in CLASSES_OF_SERVER_ERRORS or state == READ_ONLY
    return isinstance(error, LOST_CONNECTION)


def is_lost_connection(error: Exception) -> bool:
    """Whether the server could not be reached, or ended the connection, so that no statement can work for now."""
    state = sqlstate(error) if isinstance(error, DatabaseError) else ""
    return state[:2] == "08" or state[:4] == SHUTDOWN if state else isinstance(error, LOST_CONNECTION)


def parked_ids(job: str) -> QuerySet[ParkedRow, int]:
    """The rows that the job passes over."""
    return ParkedRow.objects.filter(job=job, is_parked=True).order_by().values_list("row_id", flat=True)


def park(job: str, row_id: int, error: Exception, now: datetime) -> None:
    """Let the job pass this row over until its retry. The traceback is logged when the row fails for the first time."""
    earlier = ParkedRow.objects.filter(job=job, row_id=row_id).first()
    failures = earlier.failures + 1 if earlier else 1
    pause = RETRY_AFTER[failures - 1] if failures <= len(RETRY_AFTER) else None
    code, reason = describe(error)
    ParkedRow.objects.update_or_create(
        job=job,
        row_id=row_id,
        defaults={
            "is_parked": True,
            "error_code": code,
            "reason": reason,
            "failures": failures,
            "parked_at": now,
            "retry_at": now + pause if pause else None,
        },
    )
    if earlier:
        logger.warning("%s: row %s failed again (%s), %s times so far", job, row_id, code, failures)
    else:
        logger.error("%s: row %s failed and is parked (%s)", job, row_id, code, exc_info=error)


def describe(error: Exception) -> tuple[str, str]:
    """The code and the text of an error, as columns hold them: no NUL, no lone surrogates, no more than fits."""
    state = sqlstate(error) if isinstance(error, DatabaseError) else ""
    text = str(error)[: ParkedRow.MAX_REASON].replace("\0", " ").encode(errors="replace").decode()
    return state or type(error).__name__[:100], text


def release(rows: QuerySet[ParkedRow]) -> int:
    """Let these rows be tried again by the next tick; return how many."""
    return rows.filter(is_parked=True).update(is_parked=False, retry_at=None)
