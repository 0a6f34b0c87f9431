"""Calls to our own users: a synthetic voice says a message's words, and a key that is pressed may do something."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from messaging.gateways.twilio import our_id
from messaging.models import Message

# What settings.KEY_PRESSED names: the call, the key and now, to what is spoken next; "" leaves the key to others.
Taker = Callable[[Message, str, datetime], str]


def of_id(given: str) -> Message | None:
    """The call that an address of ours names."""
    message_id = our_id(given)
    calls = Message.objects.filter(channel=Message.Channel.CALL)
    return calls.filter(pk=message_id).first() if message_id else None


@transaction.atomic
def press(message: Message, key: str, now: datetime) -> str:
    """Let the first who can act on a key; what is spoken next, "" where nobody does."""
    takers: list[Taker] = [import_string(name) for name in settings.KEY_PRESSED]
    return next((words for take in takers if (words := take(message, key, now))), "")
