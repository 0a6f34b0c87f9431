"""Loads what the rules need for many messages together, and evaluates the rules."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from core.phone_numbers import e164
from core.reasons import Reason
from crm.models import Contact
from messaging import consent
from messaging.models import Message
from messaging.reasons import SendReason
from messaging.send_policy import rules
from messaging.send_policy.rules import Facts, Verdict
from teams.models import User
from teams.visibility import in_ids

Channel = Message.Channel
Purpose = Message.Purpose

SENDER_LEFT = Verdict(rules.REFUSE, Reason(SendReason.SENDER_LEFT))
READER_LEFT = Verdict(rules.REFUSE, Reason(SendReason.READER_LEFT))
NO_SENDER = Verdict(rules.REFUSE, Reason(SendReason.NO_SENDER))
REMOVED = Verdict(rules.REFUSE, Reason(SendReason.REMOVED))
NOT_SEEN = Verdict(rules.REFUSE, Reason(SendReason.NOT_SEEN))
NOT_THEIRS = Verdict(rules.REFUSE, Reason(SendReason.NOT_THEIRS))
NO_NUMBER = Verdict(rules.REFUSE, Reason(SendReason.NO_NUMBER))
NO_ADDRESS = Verdict(rules.REFUSE, Reason(SendReason.NO_ADDRESS))

AUTOMATIC = (Purpose.CAMPAIGN, Purpose.NOTICE)  # what no person has decided to send now

OF_USERS = ("email", "first_name", "last_name", "timezone", "is_active")


def judge(messages: Sequence[Message], now: datetime) -> list[Verdict]:
    """The gate's verdict on each message, in order; a constant number of queries, and one for each hand that wrote."""
    users = _users({message.user_id for message in messages if message.user_id})
    contacts = _contacts({message.contact_id for message in messages if message.contact_id})
    states = consent.states_of({message.recipient for message in messages if message.channel in Message.BY_NUMBER})
    seen = _seen(messages, users)
    verdicts = []
    for message in messages:
        user = users.get(message.user_id or 0)
        contact = contacts.get(message.contact_id)
        is_alert = message.purpose in Message.TO_USERS
        if contact is None and not is_alert:
            verdicts.append(REMOVED)  # while it was being sent, and it was not
        elif user is not None and not user.is_active:
            verdicts.append(READER_LEFT if is_alert else SENDER_LEFT)
        elif message.purpose == Purpose.PERSONAL and (message.user_id, message.contact_id) not in seen:
            verdicts.append(NOT_SEEN)
        elif message.channel == Channel.TEXT:
            verdicts.append(_text(message, user, contact, states[message.recipient], now))
        elif message.channel == Channel.CALL:
            verdicts.append(_call(message, user, contact, states[message.recipient], now))
        else:
            message.user = user  # in whose name the email will be written
            verdicts.append(_email(message, contact, now))
    return verdicts


def consent_objection(message: Message, now: datetime) -> Verdict | None:
    """Return what the recipient's consent objects to a message that `judge` let pass a moment ago."""
    if message.channel not in Message.BY_NUMBER:
        return None
    state = consent.state_of(message.recipient)
    facts = Facts(
        number=message.recipient,
        has_opted_out=state.opted_out,
        is_suspended=is_suspended(message, state),
        valid_until=message.valid_until,
    )
    return rules.has_not_opted_out(facts, now) or rules.is_not_suspended(facts, now)


def is_suspended(message: Message, state: consent.State) -> bool:
    """Whether this is an automatic text to a number that may have asked us to stop."""
    return state.suspended and message.channel == Channel.TEXT and message.purpose in AUTOMATIC


def _users(ids: set[int]) -> dict[int, User]:
    """The users who speak, as far as the gate and an email's sender need them."""
    rows = User.objects.filter(in_ids("pk", ids)).only(*OF_USERS)
    return {user.pk: user for user in rows} if ids else {}


def _seen(messages: Sequence[Message], users: Mapping[int, User]) -> set[tuple[int | None, int | None]]:
    """Which users still see which of the contacts to whom they write by hand: what waits may outlast that."""
    written: dict[User, set[int]] = defaultdict(set)
    for message in messages:
        writer = users.get(message.user_id or 0)
        if message.purpose == Purpose.PERSONAL and writer is not None and message.contact_id:
            written[writer].add(message.contact_id)
    theirs = {user: Contact.objects.visible_to(user).filter(in_ids("pk", ids)) for user, ids in written.items()}
    return {(user.pk, pk) for user, contacts in theirs.items() for pk in contacts.values_list("pk", flat=True)}


class Client(NamedTuple):
    """What counts of a contact."""

    is_do_not_contact: bool
    is_imported: bool
    numbers: tuple[str, ...]


def _contacts(ids: set[int]) -> dict[int | None, Client]:
    rows = Contact.objects.filter(in_ids("pk", ids)).values_list(
        "pk", "is_do_not_contact", "is_imported", "mobile_e164", "home_e164", "office_e164"
    )
    return {pk: Client(do_not, imported, tuple(numbers)) for pk, do_not, imported, *numbers in rows} if ids else {}


def _text(message: Message, user: User | None, client: Client | None, state: consent.State, now: datetime) -> Verdict:
    if not message.sender:
        return NO_SENDER
    if client and message.recipient and message.recipient not in client.numbers:
        return NOT_THEIRS
    facts = Facts(
        number=e164(message.recipient),
        is_alert=message.purpose in Message.TO_USERS,
        is_do_not_contact=client is not None and client.is_do_not_contact,
        has_opted_out=state.opted_out,
        is_suspended=is_suspended(message, state),
        consent=_consent(state, client),
        allows_unknown_consent=settings.TEXTS_TO_UNKNOWN_CONSENT == "allow",
        default_zone=_zone(user.timezone if user else ""),
        valid_until=message.valid_until,
    )
    return rules.decide(facts, now)


def _call(message: Message, user: User | None, client: Client | None, state: consent.State, now: datetime) -> Verdict:
    """Our own users asked for calls at any hour. A client is called by a person, which needs no consent."""
    if not message.sender:
        return NO_SENDER
    if not e164(message.recipient):
        return NO_NUMBER
    facts = Facts(
        number=message.recipient,
        is_alert=message.purpose in Message.TO_USERS,
        is_do_not_contact=client is not None and client.is_do_not_contact,
        has_opted_out=state.opted_out,
        default_zone=_zone(user.timezone if user else ""),
        valid_until=message.valid_until,
    )
    asked = rules.RING_RULES if facts.is_alert else rules.CALL_RULES
    objections = (rule(facts, now) for rule in asked)
    return next((objection for objection in objections if objection), Verdict(rules.SEND))


def _consent(state: consent.State, client: Client | None) -> str:
    if state.granted:
        return rules.GIVEN
    return rules.IMPORTED if client and client.is_imported else rules.UNKNOWN


@cache
def _zone(name: str) -> str:
    """The zone's name, if there is such a zone: one bad name must not stop the whole queue."""
    return name if name in available_timezones() else settings.DEFAULT_TIME_ZONE


def _email(message: Message, client: Client | None, now: datetime) -> Verdict:
    """An email needs an address, and to a client also leave to write and a point in time where it makes sense."""
    try:
        validate_email(message.recipient)
    except ValidationError:
        return NO_ADDRESS
    if message.purpose == Purpose.ALERT:
        return Verdict(rules.SEND)
    is_do_not_contact = client is not None and client.is_do_not_contact
    facts = Facts(number="", is_do_not_contact=is_do_not_contact, valid_until=message.valid_until)
    objections = (rule(facts, now) for rule in (rules.may_be_contacted, rules.is_still_valid))
    return next((objection for objection in objections if objection), Verdict(rules.SEND))
