"""Calls to users: a synthetic voice reads the message, and a pressed key may have a handler."""

from datetime import datetime

from django.db import transaction

from messaging.gateways.twilio import our_id
from messaging.inbound.handlers import call_key_handlers
from messaging.models import Message


def of_id(given: str) -> Message | None:
    """The call that an address of ours names."""
    message_id = our_id(given)
    calls = Message.objects.filter(channel=Message.Channel.CALL)
    return calls.filter(pk=message_id).first() if message_id else None


@transaction.atomic
def press(message: Message, key: str, now: datetime) -> str:
    """Let the first handler that knows the key act on it. Return what is spoken next, or "" if none knows it."""
    return next((words for handle in call_key_handlers if (words := handle(message, key, now))), "")
