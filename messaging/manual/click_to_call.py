"""Calling a contact: the agent's own phone rings, and key 1 connects it with the contact's.

A synthetic voice speaks only to the agent. The contact hears the agent, and nothing is recorded. So there are two
messages: an alert to the agent that names the contact and, after the key press, a call from person to person without
a text.

Quiet hours apply to calls too: "no telephone solicitation ... before the hour of 8 a.m. or after 9 p.m. (local time at
the called party's location)", 47 CFR 64.1200(c)(1). After an inquiry a call is not a solicitation ((f), "established
business relationship"), but that relationship ends, its start is not known for each contact, and some states are
stricter. An agent who knows that a call is allowed can use their own phone.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from core.db.literals import nonempty
from core.errors import DomainError
from core.reasons import Reason
from crm.contact_actions import lock_contact
from crm.models import Contact
from messaging import message_store
from messaging.manual.compose import NEVER_ARRIVES, SAME_WITHIN, CannotBeSent, verdict_on
from messaging.message_factory import alert_call, call_to
from messaging.models import Message
from messaging.outbox import queue_messages
from messaging.reasons import CallReason
from messaging.signals import messages_settled
from teams.eligibility import SkipReason
from teams.models import User

Channel = Message.Channel
Purpose = Message.Purpose
Status = Message.Status

KEY: Final = "1"
STILL_AT_IT: Final = timedelta(minutes=2)  # later the agent has put the phone down, and is not called for it any more
OVER: Final = "completed"  # Twilio's word for a call that has ended

# Twilio's status of the dialed leg (https://www.twilio.com/docs/voice/twiml/dial): ours, and the text for the agent.
# For "completed" calls it reports the duration.
ENDINGS: Final[dict[str, tuple[Status, CallReason | None]]] = {
    "completed": (Status.DELIVERED, None),
    "answered": (Status.DELIVERED, None),
    "busy": (Status.UNDELIVERED, CallReason.BUSY),
    "no-answer": (Status.UNDELIVERED, CallReason.NO_ANSWER),
    "failed": (Status.FAILED, CallReason.FAILED),
    "canceled": (Status.CANCELLED, CallReason.CANCELLED),
}


class NoPhone(DomainError):
    """You have no phone that could ring: set yours first."""


class PhoneNotConfirmed(DomainError):
    """Your phone is not confirmed: request a code and confirm it first."""


def phone_objection(user: User) -> DomainError | None:
    """Why the user's own phone cannot ring; None when it can."""
    if not user.phone_e164:
        return NoPhone(data={"code": SkipReason.NO_PHONE})
    return None if user.confirmed_phone else PhoneNotConfirmed(data={"code": SkipReason.PHONE_NOT_CONFIRMED})


def ring(contact: Contact, user: User, now: datetime) -> tuple[Message, bool]:
    """Let the user's own phone ring, or find it rung for a moment ago; return that call, and whether it is new."""
    lock_contact(contact)  # the second of two clicks waits, and finds what the first has queued
    if standing := rung_for(contact, user, now):
        return standing, False
    if objection := phone_objection(user):
        raise objection
    verdict = verdict_on(call_to(contact, now, user=user), now)
    if verdict.reason:  # a click at night must not start a call in the morning
        raise CannotBeSent(verdict.reason)
    call = alert_call(user, words(contact), now, contact=contact, valid_until=now + STILL_AT_IT)
    queue_messages([call], now)
    return call, True


def words(contact: Contact) -> str:
    return f"Press {KEY} to be connected with {contact}."


def rung_for(contact: Contact, user: User, now: datetime) -> Message | None:
    """The call to this user about this contact that is still going on, if it began a moment ago."""
    calls = Message.objects.rings().filter(contact=contact, user=user, created_at__gt=now - SAME_WITHIN)
    return calls.exclude(status__in=NEVER_ARRIVES).exclude(provider_status=OVER).order_by("-pk").first()


@transaction.atomic
def connect(ring: Message, key: str, now: datetime) -> Message | Reason | None:
    """The call to the client that a 1 asks for, or why the agent is not connected; None for another key.

    Twilio may ask twice: one ring makes one call. What may have changed since it was asked for is asked again.
    """
    if key != KEY:
        return None
    call = Message.objects.select_for_update().get(pk=ring.pk)
    leg = Message.objects.filter(nonempty("provider_sid"), channel=Channel.CALL, provider_sid=leg_of(call)).first()
    if leg is not None:
        return Reason(CallReason.MADE_BEFORE) if leg.settled_at else leg
    contact, user = call.contact, call.user
    if contact is None or user is None or user.confirmed_phone != call.recipient or not contact.may_be_changed_by(user):
        return Reason(CallReason.NOT_CONNECTED)
    leg = call_to(contact, now, user=user)
    verdict = verdict_on(leg, now)
    if verdict.reason:
        return verdict.reason
    leg.status, leg.provider_sid = Status.SENT, leg_of(call)
    message_store.insert([leg])
    return leg


def leg_of(ring: Message) -> str:
    """Return a key, unique among calls, so that one ring makes one call. It takes the place of the provider's id."""
    return f"dialled-by-{ring.pk}"


@transaction.atomic
def note_end(message_id: int, word: str, seconds: int, now: datetime) -> Reason | None:
    """Note once what became of a call to a client; return why it was no conversation. Answered, it was contact."""
    legs = Message.objects.filter(channel=Channel.CALL, purpose=Purpose.PERSONAL, pk=message_id)
    leg = legs.select_for_update().first()
    if leg is None or word not in ENDINGS:
        return None
    status, code = ENDINGS[word]
    if status == Status.DELIVERED and not seconds:
        status, code = ENDINGS["no-answer"]
    reason = Reason(code) if code else None
    if leg.settled_at is None:
        was_answered = status == Status.DELIVERED
        leg.status, leg.provider_status, leg.settled_at, leg.modified_at = status, word, now, now
        leg.set_reason(reason or Reason(CallReason.LASTED, {"seconds": seconds}))
        leg.sent_at = now if was_answered else None
        leg.save(update_fields=["status", "provider_status", "code", "details", "sent_at", "settled_at", "modified_at"])
        messages_settled.send(Message, messages=[leg], now=now)
    return reason
