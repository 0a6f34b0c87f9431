"""The sender of a campaign's messages: the user that an action names, otherwise the agent who works with the contact.

That agent changes when a lead is claimed, reassigned, returned or lost, and by assignment. Pending messages are sent in
the name and from the number of the current agent, so that replies reach that agent.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Q

from campaigns.models import ActionType, ContactCommunication
from campaigns.reasons import StopReason
from core.db.reason_columns import reason_columns
from core.reasons import Reason
from core.scheduler import trigger
from crm.models import Contact
from messaging.models import Message
from messaging.outbox import cancel

CHANGED_HANDS: Final = Reason(StopReason.CHANGED_HANDS)

WITH_ANOTHER_SENDER: Final = """
SELECT communication.id, communication.message_id
FROM campaigns_campaigncontact AS enrolment
JOIN crm_contact AS contact ON contact.id = enrolment.contact_id
JOIN campaigns_contactcommunication AS communication ON communication.campaign_contact_id = enrolment.id
WHERE enrolment.contact_id = ANY(%s) AND communication.is_active AND NOT communication.is_sender_chosen
    AND communication.send_from_user_id <> COALESCE(contact.assigned_user_id, contact.owner_user_id)
"""
# Only what is not queued: of the rest a message speaks for its sender.
CHANGE_SENDER: Final = """
UPDATE campaigns_contactcommunication AS communication
SET send_from_user_id = COALESCE(contact.assigned_user_id, contact.owner_user_id)
FROM campaigns_campaigncontact AS enrolment JOIN crm_contact AS contact ON contact.id = enrolment.contact_id
WHERE communication.campaign_contact_id = enrolment.id AND communication.id = ANY(%s)
    AND communication.is_active AND communication.message_id IS NULL
"""


def sender_id(communication: ContactCommunication, contact: Contact) -> int:
    """Return the id of the user in whose name this leaves now."""
    return communication.send_from_user_id if communication.is_sender_chosen else contact.worker_id


def follow_contacts(contact_ids: Collection[int], *, now: datetime) -> None:
    """These contacts may have changed hands: what is still to come of campaigns is sent by the agents they have now.

    What waits in the outbox is taken back and put there again in the new agent's name. The caller has written the
    contacts in this transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(WITH_ANOTHER_SENDER, [list(contact_ids)])
        messages = dict(cursor.fetchall())
    if not messages:
        return
    queued = [message_id for message_id in messages.values() if message_id is not None]
    if queued:
        take_back(queued, now=now)
    with connection.cursor() as cursor:
        cursor.execute(CHANGE_SENDER, [list(messages)])


def take_back(message_ids: Collection[int], *, now: datetime) -> None:
    """Let the communications of these messages be queued again, if the messages have not been taken for sending yet."""
    # A call is an email to the agent, who may have acted on it already; it is not sent a second time.
    ours = Message.objects.filter(~Q(communication__type=ActionType.CALL_CONTACT), pk__in=message_ids)
    if not cancel(Message.objects.filter(pk__in=ours.values("pk")), reason=CHANGED_HANDS, now=now):
        return
    cancelled = {"message__status": Message.Status.CANCELLED, "message__code": CHANGED_HANDS.code}
    taken_back = ContactCommunication.objects.filter(message__in=message_ids, **cancelled)
    taken_back.update(is_active=True, message=None, **reason_columns(None))
    trigger("campaigns.jobs.send_communications")
