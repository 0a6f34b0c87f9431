"""How rows of the outbox change state: in one statement for many rows, and only from where they were seen to be."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

from django.db import connection, models, transaction

from core.db.bulk import bulk_insert_sql
from core.reasons import Reason
from messaging.models import Message, MessageQuerySet
from messaging.signals import messages_settled

Status = Message.Status

# A row changes only if its worker still holds its lease. That a provider accepted a message counts in any state of the
# row: otherwise it would be sent again.
WRITE = """
UPDATE messaging_message AS m
SET status = r.status, code = r.code, details = r.details::jsonb,
    provider_sid = r.provider_sid, error_code = r.error_code,
    attempts = r.attempts, not_before = r.not_before, leased_until = r.leased_until, sent_at = r.sent_at,
    settled_at = r.settled_at, modified_at = %(now)s
FROM unnest(
    %(ids)b::bigint[], %(statuses)b::text[], %(codes)b::text[], %(details)b::text[], %(sids)b::text[],
    %(error_codes)b::int[],
    %(attempts)b::int[], %(not_before)b::timestamptz[], %(leased_until)b::timestamptz[], %(sent_at)b::timestamptz[],
    %(settled_at)b::timestamptz[]
) AS r (id, status, code, details, provider_sid, error_code, attempts, not_before, leased_until, sent_at, settled_at)
WHERE m.id = r.id AND m.id = ANY(%(ids)b::bigint[]) -- said twice: else a middling table is read as a whole
AND (
    (m.status = ANY(%(before)s) AND m.leased_until IS NOT DISTINCT FROM %(lease)s::timestamptz)
    OR (r.status = 'sent' AND m.status IN ('queued', 'held', 'sending', 'unknown'))
)
RETURNING m.id
"""


def insert(messages: Sequence[Message]) -> None:
    """Store new messages in one statement."""
    statement, parameters = bulk_insert_sql(
        Message._meta.db_table, _kinds(), list(map(_written, _fields(), _told(messages)))
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING id", parameters)
        for message, (message_id,) in zip(messages, cursor.fetchall(), strict=True):
            message.id, message._state.adding = message_id, False


@cache
def _fields() -> list[Any]:
    return [field for field in Message._meta.concrete_fields if not field.primary_key]


@cache
def _kinds() -> dict[str, str]:
    return {field.column: _kind(field) for field in _fields()}


def _kind(field: Any) -> str:
    return "text" if isinstance(field, models.CharField) else str(field.db_type(connection))


def _told(messages: Sequence[Message]) -> Iterable[tuple[Any, ...]]:
    """Return the messages' values, column by column."""
    return zip(*map(_columns_of(), map(vars, messages)), strict=True)


@cache
def _columns_of() -> Any:
    """Of what a record holds: asked by name, a record looks foreign keys up in Python."""
    return itemgetter(*(field.attname for field in _fields()))


def _written(field: Any, values: tuple[Any, ...]) -> Sequence[Any]:
    if not isinstance(field, models.JSONField):
        return values
    empty = json.dumps(field.get_default())
    return [json.dumps(value) if value else empty for value in values]


def write(messages: Sequence[Message], *, before: Collection[str], lease: datetime | None, now: datetime) -> int:
    """Write the messages to rows that are still in a status of `before`. Send the signal for the settled ones."""
    if not messages:
        return 0
    for message in messages:
        message.modified_at = now
    parameters: dict[str, Any] = {
        "ids": [message.pk for message in messages],
        "statuses": [str(message.status) for message in messages],
        "codes": [message.code for message in messages],
        "details": [json.dumps(message.details) for message in messages],
        "sids": [message.provider_sid for message in messages],
        "error_codes": [message.error_code for message in messages],
        "attempts": [message.attempts for message in messages],
        "not_before": [message.not_before for message in messages],
        "leased_until": [message.leased_until for message in messages],
        "sent_at": [message.sent_at for message in messages],
        "settled_at": [message.settled_at for message in messages],
        "before": [str(status) for status in before],
        "lease": lease,
        "now": now,
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(WRITE, parameters)
            written = {row[0] for row in cursor.fetchall()}
        if settled := [message for message in messages if message.settled_at and message.pk in written]:
            messages_settled.send(Message, messages=settled, now=now)
    return len(written)


def cancel(messages: MessageQuerySet, *, reason: Reason, now: datetime) -> int:
    """Cancel those of `messages` that no worker has taken for sending; return how many that were.

    The rows are locked as a send locks them, so of a send and a cancellation exactly one wins.
    """
    with transaction.atomic():
        waiting = list(messages.waiting().order_by("pk").select_for_update(of=("self",)))
        for message in waiting:
            close(message, Status.CANCELLED, reason, now)
        return write(waiting, before=Message.WAITING, lease=None, now=now)


def close(message: Message, status: Message.Status, reason: Reason | None, now: datetime) -> None:
    """Let nothing more be tried with this message."""
    message.set_reason(reason).status = status
    message.settled_at, message.leased_until = now, None


def sent(message: Message, provider_sid: str, now: datetime) -> None:
    """Note that the provider has taken this message."""
    close(message, Status.SENT, None, now)
    message.provider_sid, message.error_code, message.sent_at = provider_sid, None, now


def wait(message: Message, status: Message.Status, reason: Reason | None, until: datetime) -> None:
    """Put this message back until a moment."""
    message.set_reason(reason).status = status
    message.not_before, message.leased_until = until, None


def doubt(message: Message, reason: Reason, until: datetime) -> None:
    """Mark it as unknown whether this message was sent. It is looked up at `until`."""
    message.set_reason(reason)
    message.status, message.leased_until = Status.UNKNOWN, until
