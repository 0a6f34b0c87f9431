"""What becomes of a planned communication: it is settled, stopped, marked as done by hand, or re-opened.

Who changes both locks the message before its communication, as the outbox does when it writes a result; the
other order could wait for it for ever.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery

from campaigns.models import ActionType, Birthday, CampaignContact, ContactCommunication
from campaigns.reasons import StopReason
from core.db.reason_columns import reason_columns
from core.errors import Conflict
from core.reasons import Reason
from core.scheduler import trigger
from crm.models import Contact, is_seen_by
from messaging.models import Message
from messaging.outbox import cancel
from messaging.reasons import SendReason
from teams.models import User

UNSENT: Final = (Message.Status.CANCELLED, Message.Status.FAILED)

REPLIED: Final = Reason(StopReason.REPLIED)
DONE_BY_HAND: Final = Reason(StopReason.DONE_BY_HAND)
CONTACT_REMOVED: Final = Reason(SendReason.REMOVED)


class AlreadyOnItsWay(Conflict):
    """This communication is being sent already, so it cannot be marked as done."""


class AlreadySent(Conflict):
    """This communication was sent, or may have been, so it cannot be opened again."""


def settle(messages: Iterable[Message]) -> None:
    """Close the communications of messages with which nothing more will be tried."""
    outcomes: dict[datetime | None, list[int]] = defaultdict(list)
    for message in messages:
        outcomes[message.sent_at].append(message.pk)
    of_message = Message.objects.filter(pk=OuterRef("message"))
    unsent = {"code": Subquery(of_message.values("code")), "details": Subquery(of_message.values("details"))}
    for sent_at, message_ids in outcomes.items():
        closed = {"completed_at": sent_at} if sent_at else unsent
        open_ones = ContactCommunication.objects.filter(message__in=message_ids, is_active=True)
        open_ones.update(is_active=False, **closed)


def stop(enrolments: QuerySet[CampaignContact], *, reason: Reason, now: datetime, which: Q | None = None) -> None:
    """Stop what these enrolments still have to come; what a worker is sending already goes out."""
    pending = ContactCommunication.objects.filter(which or Q(), campaign_contact__in=enrolments, is_active=True)
    # First those without a message: after this, none of them can get one. In order, as two who stop the same may meet.
    unsent = pending.filter(message=None).order_by("pk").select_for_update(of=("self",), no_key=True)
    ContactCommunication.objects.filter(pk__in=unsent.values("pk")).update(is_active=False, **reason_columns(reason))
    waiting = list(pending.exclude(message=None).values_list("message_id", flat=True))
    if waiting:
        cancel(Message.objects.filter(pk__in=waiting), reason=reason, now=now)
    if which is None:
        Birthday.objects.filter(campaign_contact__in=enrolments, is_open=True).update(
            is_open=False, **reason_columns(reason)
        )


def stop_on_reply(contact: Contact, *, number: str, agent: User | None, now: datetime) -> None:
    """Stop the contact's texts that end on a reply, in all campaigns. Emails and tasks continue.

    One person may be several contacts with the `number` they wrote from. Included are the contacts of the same owner,
    those that `agent`, the recipient of the reply, sees, and that agent's own texts on any of the contacts.
    """
    namesakes = Contact.objects.reached_at(number)
    same = namesakes.filter(Q(owner_user=contact.owner_user_id) | is_seen_by(agent or contact.owner_user))
    theirs = Q(campaign_contact__contact__in=[contact.pk, *same.values_list("pk", flat=True)])
    texts = Q(type=ActionType.TEXT_CONTACT, is_stopped_on_text_reply=True)
    everyone = CampaignContact.objects.filter(contact__in=[contact.pk, *namesakes.values_list("pk", flat=True)])
    stop(everyone, which=texts & (theirs | Q(send_from_user=agent)), reason=REPLIED, now=now)
    birthday_texts = Q(action__type=ActionType.TEXT_CONTACT, action__is_stopped_on_text_reply=True)
    Birthday.objects.filter(theirs, birthday_texts, is_open=True).update(is_open=False, **reason_columns(REPLIED))


@transaction.atomic
def complete(communication: ContactCommunication, *, by: User, now: datetime) -> None:
    """Mark a communication as done, and send nothing more of it. A completed one stays unchanged."""
    if communication.completed_at:
        return
    done = {"is_active": False, "completed_at": now, "completing_user": by, **reason_columns(None)}
    this = ContactCommunication.objects.filter(pk=communication.pk)
    if this.filter(Q(message=None) | Q(is_active=False), completed_at=None).update(**done):
        return
    message_id = this.values_list("message_id", flat=True).get()
    if not cancel(Message.objects.filter(pk=message_id), reason=DONE_BY_HAND, now=now):
        raise AlreadyOnItsWay
    this.update(**done)


@transaction.atomic
def reopen(communication: ContactCommunication, *, now: datetime) -> None:
    """Reopen a communication that was never sent: it is sent at its time or, if that has passed, immediately."""
    communication = ContactCommunication.objects.select_for_update().get(pk=communication.pk)
    if communication.is_active:
        return
    if not _was_never_sent(communication):
        raise AlreadySent
    communication.is_active = True
    communication.send_at = max(communication.send_at, now)
    communication.completed_at = communication.completing_user = communication.message = None
    communication.set_reason(None)
    communication.save()
    if communication.send_at == now:
        trigger("campaigns.jobs.send_communications")


def _was_never_sent(communication: ContactCommunication) -> bool:
    """Whether it is certain that nothing went out; in doubt it may have, and a doubled text is the worse mistake."""
    message = communication.message
    if message is None:
        return True
    return message.status in UNSENT and not message.sent_at and not message.provider_sid
