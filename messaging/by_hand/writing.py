"""Writing to a client by hand: a text or an email of one person to another.

The gate is asked at once what it would say if the message left now, so that whoever writes learns what stands against
it; it is asked again when the message leaves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from config.errors import DomainError
from crm.contacts import hold
from crm.models import Contact
from messaging import gate, rules, states, templates
from messaging.drafts import call_to, email_to, text_to
from messaging.fill import Unfilled
from messaging.models import Message, Template
from messaging.outbox import queue_messages
from messaging.wording import LONGEST_TEXT, TEXT_KEEPS, TOO_LONG, Unreadable, email_words, subject_line
from teams.models import User

Channel = Message.Channel
Status = Message.Status

# Agents click twice, and programs try again: the same words within so long are the same message.
SAME_WITHIN: Final = timedelta(minutes=1)
NEVER_ARRIVES: Final = (Status.CANCELLED, Status.FAILED, Status.UNDELIVERED)  # and may be tried again at once

TEMPLATES: Final = {Channel.TEXT: Template.TemplateType.TEXT, Channel.EMAIL: Template.TemplateType.EMAIL}


class CannotBeSent(DomainError):
    """This cannot be sent to this contact."""


class BadWords(DomainError):
    """This cannot be sent as it is worded."""

    def __init__(self, field: str, fault: str) -> None:
        message = f"{field} {fault}"
        super().__init__(message, errors={field: message})


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to say; what they leave empty a template says."""

    channel: str
    body: str = ""
    subject: str = ""
    template: Template | None = None


def write(wish: Wish, contact: Contact, user: User, now: datetime) -> tuple[Message, bool]:
    """Queue the message that is wished for, or find it queued a moment ago; return it, and whether it is new."""
    hold(contact)  # the second of two clicks waits, and finds what the first has queued
    message = worded(wish, contact, user, now)
    if standing := same_as(message, now):
        return standing, False
    ask_the_gate(message, now)
    queue_messages([message], now)
    return message, True


def worded(wish: Wish, contact: Contact, user: User, now: datetime) -> Message:
    """The message with its merge fields filled, or BadWords."""
    if wish.template and wish.template.template_type != TEMPLATES[Channel(wish.channel)]:
        raise BadWords("template_id", f"names a template of the type {wish.template.template_type}.")
    try:
        return DRAFTERS[Channel(wish.channel)](wish, contact, user, now)
    except (Unfilled, Unreadable) as error:
        raise BadWords("body", f"cannot be filled in: {error}") from error


def _text(wish: Wish, contact: Contact, user: User, now: datetime) -> Message:
    if wish.subject:
        raise BadWords("subject", "is only for an email.")
    body = templates.fill(wish.body or (wish.template.body if wish.template else ""), contact, user)
    if not body.strip():
        raise BadWords("body", "may not be empty.")
    if len(body) > LONGEST_TEXT:
        raise BadWords("body", f"cannot be sent. {TOO_LONG}")
    return text_of(contact, user, now, body)


def _email(wish: Wish, contact: Contact, user: User, now: datetime) -> Message:
    """What is typed is sent as it is typed; only a template may be HTML, as in campaigns."""
    subject = subject_line(wish.subject or (wish.template.subject if wish.template else ""), contact, user)
    if not subject:
        raise BadWords("subject", "may not be empty.")
    if wish.body or not wish.template:
        body, html = templates.fill(wish.body, contact, user), ""
    else:
        body, html = email_words(wish.template.body, contact, user)
    if not (body.strip() or html):
        raise BadWords("body", "may not be empty.")
    return email_of(contact, user, now, body, subject=subject, html=html)


Drafter = Callable[[Wish, Contact, User, datetime], Message]
DRAFTERS: Final[dict[Channel, Drafter]] = {Channel.TEXT: _text, Channel.EMAIL: _email}


def text_of(contact: Contact, user: User, now: datetime, body: str = "") -> Message:
    return text_to(contact, body, now, user=user, purpose=Message.Purpose.PERSONAL, valid_until=now + TEXT_KEEPS)


def email_of(
    contact: Contact, user: User, now: datetime, body: str = "", *, subject: str = "", html: str = ""
) -> Message:
    return email_to(contact, subject, body, now, user=user, purpose=Message.Purpose.PERSONAL, html=html)


def without_words(channel: str, contact: Contact, user: User, now: datetime) -> Message:
    """What the gate judges before anything is typed."""
    if channel == Channel.CALL:
        return call_to(contact, now, user=user)
    return text_of(contact, user, now) if channel == Channel.TEXT else email_of(contact, user, now)


def same_as(message: Message, now: datetime) -> Message | None:
    """What the same user said to the same contact by the same means in the same words a moment ago, if it stands."""
    alike = Message.objects.filter(
        contact=message.contact,
        user=message.user,
        channel=message.channel,
        purpose=message.purpose,
        subject=message.subject,
        body=message.body,
        created_at__gt=now - SAME_WITHIN,
    )
    return alike.exclude(status__in=NEVER_ARRIVES).order_by("-pk").first()


def ask_the_gate(message: Message, now: datetime) -> None:
    """Raise what the gate objects to; where it says later, let the message wait until then."""
    verdict = verdict_on(message, now)
    if verdict.kind == rules.REFUSE:
        raise CannotBeSent(verdict.reason, data={"code": verdict.code})
    if verdict.kind == rules.DEFER:
        states.wait(message, Status.HELD, verdict.reason, verdict.until or now)


def verdict_on(message: Message, now: datetime) -> rules.Verdict:
    (verdict,) = gate.judge([message], now)
    return verdict
