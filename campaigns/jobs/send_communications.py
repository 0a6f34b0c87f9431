"""Puts the communications that are due into the outbox, one message each. One of `settings.ENGINES`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import F

from campaigns.models import ContactCommunication
from campaigns.recipient_duplicates import SENT_ALREADY, repeated
from campaigns.rendering import Unsendable, message_for
from campaigns.senders import sender_id
from core.scheduler import Job
from crm.models import Contact
from messaging.models import Message, Template
from messaging.outbox import queue_messages
from teams.models import User
from teams.visibility import in_ids

BATCH: Final = 500

JOB: Final = Job("campaigns.send_communications", ContactCommunication)
JOBS: Final = (JOB,)

# A contact that is being removed is locked, and its communications are removed with it: they are skipped. One that is
# locked here cannot be removed or assigned to another agent before its message exists; the assignment waits and finds
# the message.
CLAIM: Final = """
SELECT communication.id
FROM campaigns_contactcommunication communication
JOIN campaigns_campaigncontact enrolment ON enrolment.id = communication.campaign_contact_id
JOIN crm_contact contact ON contact.id = enrolment.contact_id
WHERE communication.is_active AND communication.message_id IS NULL AND communication.send_at <= %s
AND communication.id NOT IN (SELECT row_id FROM operations_parkedrow WHERE job = %s AND is_parked)
ORDER BY communication.send_at, communication.id
LIMIT %s
FOR UPDATE OF communication SKIP LOCKED
FOR SHARE OF contact SKIP LOCKED
"""

LINK: Final = """
UPDATE campaigns_contactcommunication SET message_id = pair.message_id, send_from_user_id = pair.sender_id
FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[]) AS pair (id, message_id, sender_id)
WHERE campaigns_contactcommunication.id = pair.id
"""


def next_due_at() -> datetime | None:
    """When the next communication is to go out."""
    waiting = JOB.without_parked(ContactCommunication.objects.filter(is_active=True, message=None))
    return waiting.order_by("send_at", "id").values_list("send_at", flat=True).first()


def run_due(now: datetime) -> int:
    """Give every communication that is due its message; what cannot be sent is closed with the reason."""
    return JOB.run_all(claim, dispatch, now)


def claim(now: datetime) -> Sequence[int]:
    """Lock some due communications, with their contacts."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [now, JOB.name, BATCH])
        return [pk for (pk,) in cursor.fetchall()]


def dispatch(ids: Sequence[int], now: datetime) -> int:
    """Word and queue the messages of these communications."""
    rows = ContactCommunication.objects.filter(in_ids("pk", ids)).order_by("send_at", "pk")
    names = {"contact_id": F("campaign_contact__contact_id"), "campaign_id": F("campaign_contact__campaign_id")}
    claimed = list(rows.annotate(**names))
    contacts = _complete(claimed)
    messages: dict[int, Message] = {}
    refused: list[ContactCommunication] = []
    for communication in claimed:
        try:
            messages[communication.pk] = message_for(communication, contacts[communication.pk], now)
        except Unsendable as error:
            refused.append(communication.set_reason(error.reason))
    for communication in list(repeated(claimed, messages, now)):
        del messages[communication.pk]
        refused.append(communication.set_reason(SENT_ALREADY))
    _queue(messages, {each.pk: each.send_from_user_id for each in claimed}, now)
    for communication in refused:
        communication.is_active = False
    ContactCommunication.objects.bulk_update(refused, ["is_active", "code", "details"])
    return len(claimed)


def _complete(claimed: Iterable[ContactCommunication]) -> dict[int, Contact]:
    """Put sender and template on each communication; return their contacts, by communication."""
    contact_ids = {communication.pk: communication.contact_id for communication in claimed}  # type: ignore[attr-defined]
    contacts = Contact.objects.in_bulk(set(contact_ids.values()))
    for communication in claimed:
        communication.send_from_user_id = sender_id(communication, contacts[contact_ids[communication.pk]])
    users = User.objects.in_bulk({communication.send_from_user_id for communication in claimed})
    templates = Template.objects.in_bulk({communication.template_id for communication in claimed} - {None})
    for communication in claimed:
        communication.send_from_user = users[communication.send_from_user_id]
        communication.template = templates.get(communication.template_id or 0)
    return {pk: contacts[contact_id] for pk, contact_id in contact_ids.items()}


def _queue(messages: Mapping[int, Message], senders: Mapping[int, int], now: datetime) -> None:
    queued = queue_messages(list(messages.values()), now)
    if queued:
        with connection.cursor() as cursor:
            ids = list(messages)
            cursor.execute(LINK, [ids, [message.pk for message in queued], [senders[pk] for pk in ids]])
