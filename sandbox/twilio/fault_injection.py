"""Failures on request: `POST /sandbox/faults` lines them up; each text or call handed over takes the next that fits it.

What the kinds do, in the order a text or a call meets them:

- a refusal (`429`, `500`, or one of Twilio's codes such as `21610`): answered with that error, not accepted;
- `hang`: no answer until the client gives up, not accepted;
- `lose_answer`: accepted, but the connection is closed without an answer;
- a carrier's failure (`30003`, `30007`, ...): a text is accepted, then `undelivered` or `failed` with that code;
- `busy`, `no-answer`, `failed`: a call is accepted, and ends so;
- `late`, `double`, `reorder`, `lose_callbacks`: accepted and delivered, but the status callbacks come ten minutes late,
  twice, in the wrong order, or not at all.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from sandbox.models import EmulatedCall, EmulatedText, Fault
from sandbox.twilio.error_codes import REASONS

Status = EmulatedText.Status
CallStatus = EmulatedCall.Status

OF_OTHER_REQUESTS = {20004, 20404, 21421, 21422, 21452}
OF_CALLS = {"21201", "21205", "21210", "21213", "21214", "21215", "21216", "21217", "21219"}
OF_BOTH = {"429", "500", "20003", "20429", "20500", "21211", "21212", "21609"}
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
ENDINGS = {"busy": CallStatus.BUSY, "no-answer": CallStatus.NO_ANSWER, "failed": CallStatus.FAILED}
CALLBACK_TROUBLES = {"late", "double", "reorder", "lose_callbacks"}
KINDS = [*REFUSALS, *sorted(SILENCES), *FAILURES, *ENDINGS, *sorted(CALLBACK_TROUBLES)]
CALL_KINDS = {*OF_BOTH, *OF_CALLS, *SILENCES, *ENDINGS, *CALLBACK_TROUBLES}
TEXT_KINDS = set(KINDS) - OF_CALLS - set(ENDINGS)

LATENESS = timedelta(minutes=10)

# How long the called person stays on the line without pressing a key.
PATIENCE = timedelta(minutes=5)

# One row, once, oldest first, however many texts and calls arrive together.
TAKE = """
DELETE FROM sandbox_fault WHERE id = (
    SELECT id FROM sandbox_fault WHERE kind = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1
) RETURNING kind
"""


class Change(NamedTuple):
    """A status a text or a call will take."""

    status: str
    error_code: int | None
    due_at: datetime
    is_told: bool


def line_up(kind: str, times: int) -> None:
    """Let the next `times` texts or calls that it fits meet this fault."""
    Fault.objects.bulk_create([Fault(kind=kind) for _ in range(times)], batch_size=1000)


def take(kinds: Collection[str] = TEXT_KINDS) -> str | None:
    """Return the fault of these kinds for this text or call, and use it up; None without one."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [list(kinds)])
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


def plan_call(kind: str | None, now: datetime, pause: timedelta) -> list[Change]:
    """Return the statuses of an accepted call, `pause` apart, by its fault. Pure.

    The called person answers immediately, and hangs up if no key is pressed for long.
    """
    course: list[str] = [CallStatus.INITIATED, CallStatus.RINGING]
    course.append(ENDINGS.get(kind or "", CallStatus.IN_PROGRESS))
    if kind == "reorder":
        course[:2] = course[1::-1]
    if kind not in ENDINGS:
        course.append(CallStatus.COMPLETED)
    if kind == "double":
        course = [step for step in course for _ in range(2)]
    start = now + LATENESS if kind == "late" else now
    return [
        Change(
            status=status,
            error_code=None,
            due_at=start + pause * turn + (PATIENCE if status == CallStatus.COMPLETED else timedelta()),
            is_told=kind != "lose_callbacks",
        )
        for turn, status in enumerate(course, start=1)
    ]
