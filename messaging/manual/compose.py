"""Writing a text or an email to a contact.

The send policy is evaluated immediately, so that the writer sees what prevents the message, and again when it is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from core.errors import DomainError
from core.reasons import Reason, reason_text
from crm.contact_actions import lock_contact
from crm.models import Contact
from messaging import message_store
from messaging.content.rendering import RenderFault, Unrenderable, render, render_email, render_subject, render_text
from messaging.message_factory import TEXT_LIFETIME, call_to, email_to, text_to
from messaging.models import Message, Template
from messaging.outbox import queue_messages
from messaging.send_policy import evaluate, rules
from teams.models import User

Channel = Message.Channel
Status = Message.Status
R = TypeVar("R")

# Agents click twice, and programs try again: the same words within so long are the same message.
SAME_WITHIN: Final = timedelta(minutes=1)
NEVER_ARRIVES: Final = (Status.CANCELLED, Status.FAILED, Status.UNDELIVERED)  # and may be retried immediately

TEMPLATES: Final = {Channel.TEXT: Template.TemplateType.TEXT, Channel.EMAIL: Template.TemplateType.EMAIL}


class CannotBeSent(DomainError):
    """This cannot be sent to this contact."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason_text(*reason), data=reason.as_json())


class BadWords(DomainError):
    """The message cannot be sent with this text."""

    def __init__(self, field: str, fault: str, code: str = "") -> None:
        message = f"{field} {fault}"
        super().__init__(message, errors={field: message}, data={"code": code} if code else None)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants to send. A template fills in the fields that they leave empty."""

    channel: str
    body: str = ""
    subject: str = ""
    template: Template | None = None


def write(wish: Wish, contact: Contact, user: User, now: datetime) -> tuple[Message, bool]:
    """Queue the message that is wished for, or find it queued a moment ago; return it, and whether it is new."""
    lock_contact(contact)  # the second of two clicks waits, and finds what the first has queued
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
    return DRAFTERS[Channel(wish.channel)](wish, contact, user, now)


def _text(wish: Wish, contact: Contact, user: User, now: datetime) -> Message:
    if wish.subject:
        raise BadWords("subject", "is only for an email.")
    body = _rendered(wish, "body", render_text, contact, user)
    if not body.strip():
        raise BadWords("body", "may not be empty.")
    return text_of(contact, user, now, body)


def _email(wish: Wish, contact: Contact, user: User, now: datetime) -> Message:
    """Typed text is sent unchanged. Only a template may be HTML, as in campaigns."""
    subject = _rendered(wish, "subject", render_subject, contact, user)
    if not subject:
        raise BadWords("subject", "may not be empty.")
    if wish.body or not wish.template:
        body, html = _rendered(wish, "body", render, contact, user), ""
    else:
        body, html = _rendered(wish, "body", render_email, contact, user)
    if not (body.strip() or html):
        raise BadWords("body", "may not be empty.")
    return email_of(contact, user, now, body, subject=subject, html=html)


def _rendered(wish: Wish, field: str, renderer: Callable[[str, Contact, User], R], contact: Contact, user: User) -> R:
    """Return the typed text of a field, otherwise the template's, rendered. Raises BadWords with the invalid field."""
    typed = getattr(wish, field)
    template = None if typed else wish.template
    try:
        return renderer(getattr(template, field) if template else typed, contact, user)
    except Unrenderable as error:
        if template:
            fault = f"names template {template.pk} ({template}), whose {field} cannot be sent: {error}"
            raise BadWords("template_id", fault, error.code) from error
        is_empty = error.code == RenderFault.EMPTY_MERGE_FIELD
        raise BadWords(
            field, f"cannot be filled in: {error}" if is_empty else f"cannot be sent. {error}", error.code
        ) from error


Drafter = Callable[[Wish, Contact, User, datetime], Message]
DRAFTERS: Final[dict[Channel, Drafter]] = {Channel.TEXT: _text, Channel.EMAIL: _email}


def text_of(contact: Contact, user: User, now: datetime, body: str = "") -> Message:
    return text_to(contact, body, now, user=user, purpose=Message.Purpose.PERSONAL, valid_until=now + TEXT_LIFETIME)


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
    """Return an equal message of the same user to the same contact within a minute, if it still counts."""
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
    """Raise the objection of the send policy. If it asks to wait, the message waits until then."""
    verdict = verdict_on(message, now)
    if verdict.kind == rules.REFUSE and verdict.reason:
        raise CannotBeSent(verdict.reason)
    if verdict.kind == rules.DEFER:
        message_store.wait(message, Status.HELD, verdict.reason, verdict.until or now)


def verdict_on(message: Message, now: datetime) -> rules.Verdict:
    (verdict,) = evaluate.judge([message], now)
    return verdict
