"""The outbox: messages are queued as rows, and sent when they are due and allowed.

One drain takes a batch in a short transaction, in which the send policy decides; sends it outside any transaction; and
writes the results, many rows at a time. A worker may stop at any point: its rows stay `sending` until their lease
ends, are then looked up at the provider, and are adopted or, if certainly not accepted, queued again.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import connection

from core import watchdog
from core.operations.parking import is_server_error
from core.reasons import Reason
from core.scheduler import Job, run_each, trigger
from messaging import consent, message_store
from messaging.gateways import (
    CannotTell,
    Gateway,
    MaybeSent,
    NotAccepted,
    NotNow,
    OptedOut,
    Refused,
    call_gateway,
    text_gateway,
)
from messaging.gateways.email import EmailGateway
from messaging.message_store import cancel
from messaging.models import Message
from messaging.reasons import DeliveryReason, last
from messaging.send_policy import evaluate, rules
from teams.models import User
from teams.visibility import in_ids

__all__ = ["cancel", "next_due_at", "queue_messages", "run_due"]

logger = logging.getLogger(__name__)

Channel = Message.Channel
Purpose = Message.Purpose
Status = Message.Status

NAME = "messaging.outbox"  # among settings.ENGINES

# A message is parked before or after the send policy. After it, a retry begins with a look-up.
GATE: Final = Job("messaging.send_policy", Message)
DELIVERY: Final = Job("messaging.delivery", Message)
JOBS: Final = (GATE, DELIVERY)

GATEWAYS: dict[Channel, Callable[[], Gateway]] = {
    Channel.CALL: call_gateway,
    Channel.TEXT: text_gateway,
    Channel.EMAIL: EmailGateway,
}
# Who goes first when many are due.
LANES = (Purpose.CODE, Purpose.ALERT, Purpose.PERSONAL, Purpose.NOTICE, Purpose.CAMPAIGN)

# Threads of one process that may wait for a provider at the same time. Of a worker's five threads one stays free for
# the other jobs, and no channel blocks another.
SLOTS = {
    Channel.CALL: threading.BoundedSemaphore(1),
    Channel.TEXT: threading.BoundedSemaphore(2),
    Channel.EMAIL: threading.BoundedSemaphore(1),
}

# A run ends after so long, for its `now` grows old; then what it has taken and not handed over is let go. So a lease
# must outlast one run and the slowest answer, and need not be renewed.
RUN_SECONDS = 10.0
LEASE = timedelta(minutes=1)
FLUSH_SECONDS = 0.2

LOOK_UP_AFTER = timedelta(seconds=30)  # an accepted message may not be on the provider's list immediately
LOOK_UP_AGAIN = timedelta(minutes=1)
RETRY, LONGEST_RETRY = timedelta(seconds=5), timedelta(minutes=15)
MOST_ATTEMPTS = 12  # some 75 minutes

DIED = Reason(DeliveryReason.WORKER_DIED)
NOT_FOUND = Reason(DeliveryReason.NOT_SENT)

NEXT_DUE = """
SELECT min(due_at) FROM (
    SELECT (
        SELECT not_before FROM messaging_message AS m
        WHERE m.channel = channels.channel AND m.purpose = lanes.purpose AND m.status IN ('queued', 'held')
        AND m.id NOT IN (SELECT row_id FROM operations_parkedrow WHERE job = %(gate)s AND is_parked)
        ORDER BY not_before, id LIMIT 1
    ) AS due_at FROM unnest(%(channels)s::text[]) AS channels (channel), unnest(%(lanes)s::text[]) AS lanes (purpose)
    UNION ALL
    SELECT (
        SELECT leased_until FROM messaging_message AS m
        WHERE m.channel = channels.channel AND m.status IN ('sending', 'unknown') AND m.settled_at IS NULL
        AND m.id NOT IN (SELECT row_id FROM operations_parkedrow WHERE job = %(delivery)s AND is_parked)
        ORDER BY leased_until LIMIT 1
    ) FROM unnest(%(channels)s::text[]) AS channels (channel)
) AS firsts
"""


def queue_messages(messages: Sequence[Message], now: datetime) -> list[Message]:
    """Queue messages made by `messaging.message_factory`, and announce them once this transaction commits."""
    if not messages:
        return []
    _fill_senders(messages)
    message_store.insert(messages)
    trigger(NAME)
    return list(messages)


def _fill_senders(messages: Sequence[Message]) -> None:
    """Texts to clients leave from their user's number."""
    open_ended = [m for m in messages if m.channel == Channel.TEXT and not m.sender and m.user_id]
    users = {message.user_id for message in open_ended if message.user_id}
    phones = dict(User.objects.filter(pk__in=users).values_list("pk", "system_phone")) if users else {}
    for message in open_ended:
        message.sender = phones.get(message.user_id or 0, "")


def next_due_at() -> datetime | None:
    """Return when the next message is due: to send, to check again, or to look up."""
    with connection.cursor() as cursor:
        jobs = {"gate": GATE.name, "delivery": DELIVERY.name}
        cursor.execute(NEXT_DUE, {"channels": list(GATEWAYS), "lanes": list(LANES), **jobs})
        due_at: datetime | None = cursor.fetchone()[0]
    return due_at


def run_due(now: datetime) -> int:
    """Look up what may have been sent, send what is due; return how many messages were dealt with."""
    due_at = next_due_at()  # one small query, because most ticks find nothing
    if due_at is None or due_at > now:
        return 0
    return run_each(partial(drain, channel, now) for channel in GATEWAYS)


def drain(channel: Channel, now: datetime) -> int:
    """Serve one channel, unless enough of this process's threads are at it."""
    if not SLOTS[channel].acquire(blocking=False):
        return 0
    try:
        run = Drain(channel, now)
        try:
            return run_each([run.look_up, run.dispatch])
        finally:
            run.gateway.close()
    finally:
        SLOTS[channel].release()


class Drain:
    """One run through what is due in one channel."""

    def __init__(self, channel: Channel, now: datetime) -> None:
        self.channel, self.now, self.lease = channel, now, now + LEASE
        self.gateway = GATEWAYS[channel]()
        self.began_at = time.monotonic()
        self.is_down = False  # the provider would accept or look up no other message either
        self.cleared: list[Message] = []  # what the gate let pass in this batch
        self.doubtful: list[Message] = []  # messages of this batch to look up
        self.opted_out: set[int] = set()  # messages to whose numbers the carrier lets nothing pass
        self.leave_ends_at: dict[int, datetime | None] = {}  # by message: when the send policy is evaluated again

    @property
    def goes_on(self) -> bool:
        return not self.is_down and self.elapsed < RUN_SECONDS

    @property
    def elapsed(self) -> float:
        """Seconds this run has taken."""
        return time.monotonic() - self.began_at

    @property
    def present(self) -> datetime:
        """Return the current second: during one run the quiet hours can begin.

        A clock that is set by hand adds nothing.
        """
        return self.now + timedelta(seconds=int(self.elapsed))

    def dispatch(self) -> int:
        """Send what is due, batch by batch."""
        done = 0
        while self.goes_on:
            taken, cleared = self.claim()
            rest = self.send(cleared)
            self.let_go(rest)
            done += taken - len(rest)
            if taken < self.gateway.batch:
                break
        return done

    def look_up(self) -> int:
        """Look up what a dead worker left, or a time-out made doubtful, batch by batch."""
        done = 0
        while self.goes_on:
            taken, doubtful = self.claim_doubtful()
            for message in doubtful:
                self.look_for(message)
                # One by one: a SID must be noted before a twin, of the same words, is looked for.
                self.write([message])
            done += taken
            if taken < self.gateway.batch:
                break
        return done

    # Taking

    def claim(self) -> tuple[int, list[Message]]:
        """Take some due messages; return how many those were, and the ones that the gate lets pass, now `sending`."""
        taken = GATE.run_batch(self.due, self.judge, self.now)
        return taken, self.cleared

    def due(self, now: datetime) -> list[int]:
        """As many due messages as a batch holds, locked; alerts before all others."""
        self.cleared = []
        found: list[int] = []
        for purpose in LANES:
            lane = Message.objects.waiting().filter(channel=self.channel, purpose=purpose, not_before__lte=now)
            rows = GATE.without_parked(lane).order_by("not_before", "pk").select_for_update(skip_locked=True)
            room = self.gateway.batch - len(found)
            found += rows.values_list("pk", flat=True)[:room] if room else ()
        return found

    def judge(self, ids: Sequence[int], now: datetime) -> int:
        """Let the gate decide about these messages."""
        taken = in_order(ids)
        for message, verdict in zip(taken, evaluate.judge(taken, self.present), strict=True):
            if verdict.kind == rules.SEND:
                message.status, message.leased_until = Status.SENDING, self.lease
                self.leave_ends_at[message.pk] = verdict.until
            else:
                self.stop(message, verdict)
        cleared = [message for message in taken if message.status == Status.SENDING]
        ours = Message.objects.filter(in_ids("pk", [message.pk for message in cleared]))
        ours.update(status=Status.SENDING, leased_until=self.lease, modified_at=now)
        stopped = [message for message in taken if message.status != Status.SENDING]
        message_store.write(stopped, before=Message.WAITING, lease=None, now=now)
        self.cleared += cleared
        return len(taken)

    def stop(self, message: Message, verdict: rules.Verdict) -> None:
        """Cancel or hold a message, by the verdict of the send policy."""
        if verdict.kind == rules.REFUSE:
            message_store.close(message, Status.CANCELLED, verdict.reason, self.now)
        else:
            message_store.wait(message, Status.HELD, verdict.reason, verdict.until or self.now + RETRY)

    def claim_doubtful(self) -> tuple[int, list[Message]]:
        """Take some messages whose lease is over; return how many those were, and those to look up, now `unknown`."""
        taken = DELIVERY.run_batch(self.leased, self.take_doubtful, self.now)
        return taken, self.doubtful

    def leased(self, now: datetime) -> list[int]:
        """As many messages whose lease is over as a batch holds, locked."""
        self.doubtful = []
        left = Message.objects.filter(
            channel=self.channel, status__in=Message.IN_FLIGHT, settled_at=None, leased_until__lte=now
        )
        rows = DELIVERY.without_parked(left).order_by("leased_until").select_for_update(skip_locked=True)
        return list(rows.values_list("pk", flat=True)[: self.gateway.batch])

    def take_doubtful(self, ids: Sequence[int], now: datetime) -> int:
        """Lease these messages for their look-up."""
        doubtful = in_order(ids)
        for message in doubtful:
            if message.status == Status.SENDING:
                message.attempts += 1  # written with what is found out
                message.set_reason(DIED)
            message_store.doubt(message, message.as_reason(), self.lease)
        Message.objects.filter(pk__in=ids).update(status=Status.UNKNOWN, leased_until=self.lease, modified_at=now)
        self.doubtful += doubtful
        return len(doubtful)

    # Acting

    def send(self, messages: list[Message]) -> list[Message]:
        """Hand the messages over in turn, writing the outcomes as they gather; return those not got to."""
        rest = messages
        while rest and self.goes_on:
            flush_at, done = time.monotonic() + FLUSH_SECONDS, 0
            for message in rest:
                watchdog.record_progress()
                self.hand_over(message)
                done += 1
                if not self.goes_on or time.monotonic() >= flush_at:
                    break
            self.write(rest[:done])
            rest = rest[done:]
        return rest

    def hand_over(self, message: Message) -> None:
        """Send one message and write the result on it.

        While a batch is sent, quiet hours may begin: a message that was allowed before is put back, and held. Or the
        recipient opts out: one small query before each call of the provider.
        """
        leave_ends_at = self.leave_ends_at.get(message.pk)
        if leave_ends_at is not None and self.present >= leave_ends_at:
            put_back(message)
            return
        objection = evaluate.consent_objection(message, self.present)
        if objection is not None:
            self.stop(message, objection)
            return
        message.attempts += 1
        try:
            provider_sid = self.gateway.send(message)
        except Refused as refusal:
            message_store.close(message, Status.FAILED, refusal.reason, self.now)
            message.error_code = refusal.code
            if isinstance(refusal, OptedOut):
                self.opted_out.add(message.pk)
        except NotNow as refusal:
            self.is_down = refusal.is_down
            message.error_code = refusal.code
            self.try_again(message, refusal.reason, min(RETRY * 2 ** (message.attempts - 1), LONGEST_RETRY))
        except MaybeSent as error:
            self.is_down = True
            message_store.doubt(message, error.reason, self.now + LOOK_UP_AFTER)
        except Exception as error:  # the provider may have the message
            self.set_aside(message, error)
            reason = Reason(DeliveryReason.UNEXPECTED_ERROR, {"error": type(error).__name__})
            message_store.doubt(message, reason, self.now + LOOK_UP_AFTER)
        else:
            message_store.sent(message, provider_sid, self.now)

    def try_again(self, message: Message, reason: Reason, after: timedelta) -> None:
        """Queue a message that was not sent again, if there will be sense in it."""
        again_at = self.now + after
        if message.attempts >= MOST_ATTEMPTS:
            given_up = Reason(DeliveryReason.GIVEN_UP, {"attempts": message.attempts, **last(reason)})
            message_store.close(message, Status.FAILED, given_up, self.now)
        elif message.valid_until and again_at >= message.valid_until:
            expired = Reason(DeliveryReason.EXPIRED_IN_RETRY, last(reason))
            message_store.close(message, Status.FAILED, expired, self.now)
        else:
            message_store.wait(message, Status.QUEUED, reason, again_at)

    def look_for(self, message: Message) -> None:
        """Find out whether one message was sent."""
        if not self.goes_on:
            message_store.doubt(message, message.as_reason(), self.now + LOOK_UP_AGAIN)
            return
        try:
            provider_sid = self.gateway.find(message)
        except CannotTell:
            reason = Reason(DeliveryReason.MAYBE_SENT, last(message.as_reason()))
            message_store.close(message, Status.UNKNOWN, reason, self.now)
            message.leased_until = self.lease  # in flight for ever
        except (NotAccepted, MaybeSent, OSError) as error:
            self.is_down = True
            logger.warning("Message %s could not be looked up: %s", message.pk, type(error).__name__)
            message_store.doubt(message, message.as_reason(), self.now + LOOK_UP_AGAIN)
        except Exception as error:
            self.set_aside(message, error)
            message_store.doubt(message, message.as_reason(), self.now + LOOK_UP_AGAIN)
        else:
            if provider_sid is not None:
                message_store.sent(message, provider_sid, self.now)
            else:
                self.try_again(message, NOT_FOUND, timedelta())

    def set_aside(self, message: Message, error: Exception) -> None:
        """Park a message whose delivery failed unexpectedly, so that the others are sent."""
        if is_server_error(error):
            self.is_down = True
            logger.exception("Message %s: the database failed during its delivery", message.pk)
        else:
            DELIVERY.park(message.pk, error, self.now)

    # Writing

    def write(self, messages: Sequence[Message]) -> None:
        """Write what came of some messages; a carrier's opt-out of a number holds for all that waits for it."""
        by_id = {message.pk: message for message in messages}

        def outcomes(ids: Sequence[int], now: datetime) -> int:
            written = message_store.write(
                [by_id[pk] for pk in ids], before=Message.IN_FLIGHT, lease=self.lease, now=now
            )
            for pk in self.opted_out.intersection(ids):
                consent.opt_out(by_id[pk].recipient, source="carrier", now=now, message=by_id[pk])
            return written

        if messages:
            DELIVERY.run_batch(lambda now: list(by_id), outcomes, self.now)
            self.opted_out.difference_update(by_id)

    def let_go(self, messages: Sequence[Message]) -> None:
        """Give back what was taken and not handed over."""
        for message in messages:
            put_back(message)
        self.write(messages)


def in_order(ids: Sequence[int]) -> list[Message]:
    """These messages, in this order."""
    found = {message.pk: message for message in Message.objects.filter(in_ids("pk", ids))}
    return [found[pk] for pk in ids]


def put_back(message: Message) -> None:
    """Let a message that was taken and not handed over wait as it did before."""
    message_store.wait(message, Status.QUEUED, message.as_reason(), message.not_before)
