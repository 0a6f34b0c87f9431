"""Delivery receipts of the provider. A status only moves forward: receipts may arrive late, twice and out of order."""

import logging
from datetime import datetime

from django.db import transaction

from core.db.literals import nonempty
from messaging import consent
from messaging.gateways import Receipt
from messaging.models import Message
from messaging.signals import messages_settled

logger = logging.getLogger(__name__)


@transaction.atomic
def note_receipt(receipt: Receipt, now: datetime) -> None:
    """Update a message by a receipt of the provider."""
    message = _message_of(receipt)
    if message is None:
        logger.info("A receipt for an unknown message: %s", receipt.provider_sid)
        return
    if message.provider_status not in receipt.supersedes:
        return
    was_open = message.settled_at is None  # its worker stopped, or has not yet written that the provider accepted it
    message.provider_sid, message.provider_status = receipt.provider_sid, receipt.provider_status
    message.set_reason(receipt.reason)
    message.status, message.error_code = receipt.status, receipt.error_code
    message.sent_at, message.settled_at = message.sent_at or now, message.settled_at or now
    message.leased_until, message.modified_at = None, now
    message.save(
        update_fields=[
            *("provider_sid", "provider_status", "status", "code", "details", "error_code"),
            *("sent_at", "settled_at", "leased_until", "modified_at"),
        ]
    )
    if was_open:
        messages_settled.send(Message, messages=[message], now=now)
    if receipt.is_opt_out:
        consent.opt_out(message.recipient, source="carrier", now=now, message=message)


def _message_of(receipt: Receipt) -> Message | None:
    """By the provider's id, or by ours where that is not noted yet."""
    messages = Message.objects.filter(channel=receipt.channel).select_for_update()
    by_sid = messages.filter(nonempty("provider_sid"), provider_sid=receipt.provider_sid).first()
    if by_sid is not None or receipt.message_id is None:
        return by_sid
    return messages.filter(pk=receipt.message_id, provider_sid="").first()
