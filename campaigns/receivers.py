"""News from below that concerns campaigns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from campaigns.communications import settle, stop_on_reply
from crm.models import Contact
from messaging.models import Message
from messaging.signals import messages_settled, text_received


@receiver(messages_settled)
def close_communications(sender: object, *, messages: Sequence[Message], **news: Any) -> None:
    settle(messages)


@receiver(text_received)
def stop_texts(sender: object, *, contact: Contact, now: datetime, **news: Any) -> None:
    stop_on_reply(contact, now=now)
