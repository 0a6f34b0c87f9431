"""Failures on request: `POST /sandbox/faults` lines them up, and each text the service hands over takes the next one.

What the kinds do, in the order a text meets them:

- a refusal (`429`, `500`, or one of Twilio's codes such as `21610`): answered with that error, the text not accepted;
- `hang`: no answer until the client gives up, the text is not accepted;
- `lose_answer`: the text is accepted, but the connection is closed without an answer;
- a carrier's failure (`30003`, `30007`, ...): accepted, then `undelivered` or `failed` with that code;
- `late`, `double`, `reorder`, `lose_callbacks`: accepted and delivered, but the status callbacks come ten minutes late,
  twice, in the wrong order, or not at all.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from config.sandbox.models import EmulatedText, Fault
from config.sandbox.refusals import REASONS

Status = EmulatedText.Status

OF_OTHER_REQUESTS = {20004, 20404, 21421, 21422, 21452}
REFUSALS = {"429": 20429, "500": 20500} | {str(code): code for code in REASONS if code not in OF_OTHER_REQUESTS}
SILENCES = {"hang", "lose_answer"}
FAILURES = {
    "30001": Status.FAILED,
    "30002": Status.FAILED,
    "30003": Status.UNDELIVERED,
    "30004": Status.UNDELIVERED,
    "30005": Status.UNDELIVERED,
    "30006": Status.UNDELIVERED,
    "30007": Status.UNDELIVERED,
    "30008": Status.UNDELIVERED,
    "30022": Status.FAILED,
    "30023": Status.UNDELIVERED,
    "30034": Status.UNDELIVERED,
}
CALLBACK_TROUBLES = {"late", "double", "reorder", "lose_callbacks"}
KINDS = [*REFUSALS, *sorted(SILENCES), *FAILURES, *sorted(CALLBACK_TROUBLES)]

LATENESS = timedelta(minutes=10)

# One row, once, oldest first, whatever many texts arrive together.
TAKE = """
DELETE FROM sandbox_fault WHERE id = (
    SELECT id FROM sandbox_fault ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1
) RETURNING kind
"""


class Change(NamedTuple):
    """A status a text will take."""

    status: str
    error_code: int | None
    due_at: datetime
    is_told: bool


def line_up(kind: str, times: int) -> None:
    """Let the next `times` texts meet this fault."""
    Fault.objects.bulk_create([Fault(kind=kind) for _ in range(times)], batch_size=1000)


def take() -> str | None:
    """The fault that the text at hand meets, now used up; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE)
        row = cursor.fetchone()
    return row[0] if row else None


def plan_changes(kind: str | None, now: datetime, pause: timedelta) -> list[Change]:
    """The statuses an accepted text will take, `pause` apart, as the fault it met has it. Pure."""
    told = kind != "lose_callbacks"
    start = now + LATENESS if kind == "late" else now
    if kind in FAILURES:
        course: list[tuple[str, int | None]] = [(FAILURES[kind], int(kind))]
        if FAILURES[kind] != Status.FAILED:
            course.insert(0, (Status.SENT, None))
    else:
        course = [(Status.SENT, None), (Status.DELIVERED, None)]
    if kind == "reorder":
        course.reverse()
    if kind == "double":
        course = [step for step in course for _ in range(2)]
    return [Change(status, code, start + pause * turn, told) for turn, (status, code) in enumerate(course, start=1)]
