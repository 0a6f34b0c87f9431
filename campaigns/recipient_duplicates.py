"""One handset or mailbox gets a step of a campaign once, also where the person exists as several contacts."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import connection

from campaigns.models import ActionType, ContactCommunication
from campaigns.reasons import ContentReason
from core.reasons import Reason
from messaging.models import Message

SENT_ALREADY: Final = Reason(ContentReason.SENT_ALREADY)
REPEAT_WINDOW: Final = timedelta(days=30)  # a campaign that is started again later sends again
TO_PERSON: Final = (ActionType.TEXT_CONTACT, ActionType.EMAIL_CONTACT)

# Taken in one order by every worker. Two workers may hold the two contacts of one handset.
LOCK_SQL: Final = """
SELECT pg_advisory_xact_lock(hashtextextended(key, 12))
FROM (SELECT DISTINCT unnest(%s::text[]) AS key ORDER BY key) AS step
"""


class Step(NamedTuple):
    """A step of a campaign on its way to a number (E.164) or an address."""

    campaign_id: int
    template_id: int
    recipient: str


def repeated(
    claimed: Iterable[ContactCommunication], messages: Mapping[int, Message], now: datetime
) -> Iterator[ContactCommunication]:
    """Yield those of the claimed communications whose step went, or goes, to the same recipient as another contact.

    `claimed`: in the order in which they are sent, each with its `campaign_id` and `contact_id`; `messages`: by
    communication. Locks the steps until the transaction ends. Two queries, however many there are.
    """
    steps = {
        each.pk: Step(each.campaign_id, each.template_id, messages[each.pk].recipient.lower())  # type: ignore[attr-defined]
        for each in claimed
        if each.pk in messages and each.type in TO_PERSON and each.campaign_id and each.template_id  # type: ignore[attr-defined]
    }
    if not steps:
        return
    contacts = contacts_by_step(steps.values(), {messages[pk].recipient for pk in steps}, now)
    for each in claimed:
        if step := steps.get(each.pk):
            contact_id = each.contact_id  # type: ignore[attr-defined]
            if contacts.setdefault(step, contact_id) != contact_id:
                yield each


def contacts_by_step(steps: Iterable[Step], recipients: Iterable[str], now: datetime) -> dict[Step, int]:
    """The contact through whom each step went to its recipient within REPEAT_WINDOW."""
    campaigns, templates = {step.campaign_id for step in steps}, {step.template_id for step in steps}
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SQL, [[f"{step.campaign_id} {step.template_id} {step.recipient}" for step in steps]])
    sent = Message.objects.filter(
        recipient__in=list(recipients),
        contact__isnull=False,
        created_at__gt=now - REPEAT_WINDOW,
        communication__template__in=templates,
        communication__campaign_contact__campaign__in=campaigns,
    ).exclude(status__in=[Message.Status.CANCELLED, Message.Status.FAILED])
    names = ("communication__campaign_contact__campaign_id", "communication__template_id", "recipient", "contact_id")
    return {
        Step(campaign_id, template_id, recipient.lower()): contact_id
        for campaign_id, template_id, recipient, contact_id in sent.order_by("-pk").values_list(*names)
    }
