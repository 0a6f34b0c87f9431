"""The outbox: what is to be said is queued as rows, and leaves when it is due and may (design 7)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from config.due import nudge
from messaging.models import Message, MessageQuerySet
from messaging.signals import messages_settled
from teams.models import User

Status = Message.Status

NAME = "messaging.outbox"  # among settings.ENGINES


def queue_messages(messages: Sequence[Message], now: datetime) -> list[Message]:
    """Queue messages made by `messaging.drafts`, and announce them once this transaction commits."""
    if not messages:
        return []
    _fill_senders(messages)
    queued = Message.objects.bulk_create(messages, batch_size=1000)
    nudge(NAME)
    return queued


def _fill_senders(messages: Sequence[Message]) -> None:
    """Texts to clients leave from their user's number."""
    open_ended = [message for message in messages if not message.sender and message.user_id]
    users = {message.user_id for message in open_ended}
    phones = dict(User.objects.filter(pk__in=users).values_list("pk", "system_phone")) if users else {}
    for message in open_ended:
        message.sender = phones.get(message.user_id or 0, "")


def cancel(messages: MessageQuerySet, *, reason: str, now: datetime) -> int:
    """Cancel those of `messages` that no worker has taken for sending; return how many that were.

    The rows are locked as a send locks them, so of a send and a cancellation exactly one wins.
    """
    with transaction.atomic():
        waiting = list(messages.waiting().order_by("pk").select_for_update(of=("self",)))
        for message in waiting:
            message.status, message.reason = Status.CANCELLED, reason[:255]
            message.settled_at = message.modified_at = now
        Message.objects.bulk_update(waiting, ["status", "reason", "settled_at", "modified_at"], batch_size=1000)
        if waiting:
            messages_settled.send(Message, messages=waiting, now=now)
    return len(waiting)
