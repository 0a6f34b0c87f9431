"""The job of the emulated carrier: due statuses are written to the ledger, then sent to the service.

As with Twilio, the service's answer does not matter: an error is not retried. Only while no process listens at the
address (the web part restarts) a callback is retried each second for half a minute; Twilio would retry once.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus

from django.db.models import F, Min

from core import watchdog
from core.operations.parking import is_server_error
from core.scheduler import Job
from sandbox.models import Callback, EmulatedText
from sandbox.twilio import calls, webhooks

logger = logging.getLogger(__name__)

Status = EmulatedText.Status

JOB = Job("sandbox.callbacks", Callback)
JOBS = (JOB,)

BATCH = 50
LEASE = timedelta(minutes=2)  # after a crash the rest of a batch is sent again by then; Twilio sends duplicates too
RETRY = timedelta(seconds=1)
MOST_ATTEMPTS = 30

# Allowed previous statuses: the ledger never moves back, in any order of due changes.
BEFORE = {
    Status.SENT: [Status.QUEUED],
    Status.DELIVERED: [Status.QUEUED, Status.SENT],
    Status.UNDELIVERED: [Status.QUEUED, Status.SENT],
    Status.FAILED: [Status.QUEUED, Status.SENT],
}


def next_due_at() -> datetime | None:
    """When the next callback falls due; None when none waits."""
    waiting = JOB.without_parked(Callback.objects.all())
    due_at: datetime | None = waiting.aggregate(due_at=Min("due_at"))["due_at"]
    return due_at


def run_due(now: datetime) -> int:
    """Write and send all statuses that are due at `now`; return their number."""
    total = 0
    while True:
        batch: list[Callback] = []
        done = JOB.run_batch(partial(_claim, batch), partial(_write, batch), now)
        told = [callback.pk for callback in batch if _tell_or_park(callback, now)]
        Callback.objects.filter(pk__in=told).delete()
        Callback.objects.filter(pk__in=[callback.pk for callback in batch]).update(due_at=now + RETRY)
        if not done:
            return total
        total += done


def _claim(batch: list[Callback], now: datetime) -> Sequence[int]:
    """Lock some due callbacks."""
    batch.clear()
    due = JOB.without_parked(Callback.objects.filter(due_at__lte=now)).order_by("due_at", "id")
    return list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])


def _write(batch: list[Callback], ids: Sequence[int], now: datetime) -> int:
    """Take these callbacks for ourselves and bring the ledger up to them."""
    rows = Callback.objects.filter(pk__in=ids)
    callbacks = list(rows.order_by("due_at", "id").select_related("text", "call"))
    rows.update(due_at=now + LEASE, attempts=F("attempts") + 1)
    # In one order for all workers: of one text or call, two may have a callback each.
    for callback in sorted(callbacks, key=lambda callback: (callback.text_id or 0, callback.call_id or 0)):
        _change(callback, now)
    batch += callbacks
    return len(callbacks)


def _change(callback: Callback, now: datetime) -> None:
    if callback.call is not None:
        calls.change(callback.call, callback.status, now)
    if callback.text is not None:
        _change_text(callback, callback.text, now)


def _change_text(callback: Callback, text: EmulatedText, now: datetime) -> None:
    status = Status(callback.status)
    line = EmulatedText.objects.filter(pk=text.pk, status__in=BEFORE[status])
    changes = {"status": status, "error_code": callback.error_code, "changed_at": now}
    line.update(**changes, **({"sent_at": now} if status == Status.SENT else {}))
    text.changed_at = now


def _tell_or_park(callback: Callback, now: datetime) -> bool:
    """Send it to the service, and return whether it is done. A failure delays no other."""
    watchdog.record_progress()
    try:
        return _tell(callback)
    except Exception as error:
        if is_server_error(error):
            raise
        JOB.park(callback.pk, error, now)
        return False


def _tell(callback: Callback) -> bool:
    """Send a status to the service, if it has a callback URL; return whether it is done.

    For an answered call the TwiML is requested first.
    """
    try:
        if callback.call is not None:
            calls.answer(callback.call)
        status = webhooks.post(callback.url, _form(callback)) if callback.url else HTTPStatus.OK
    except webhooks.NotConnected as error:
        logger.info("A status callback found no server: %s", error)
        return callback.attempts + 1 >= MOST_ATTEMPTS
    except webhooks.NoProperAnswer as error:
        logger.warning("A status callback was not answered: %s", error)
        return True
    if status >= 400:
        logger.warning("A status callback was answered with %s: %s", status, callback.url)
    return True


def _form(callback: Callback) -> dict[str, str]:
    if callback.call is not None:
        return webhooks.call_status_form(callback.call, callback.status)
    assert callback.text is not None  # a constraint
    return webhooks.status_form(callback.text, callback.status, callback.error_code)
