"""Turning a due communication into the message that will carry it."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from campaigns.models import ActionType, ContactCommunication
from campaigns.reasons import ContentReason
from core.reasons import Reason, reason_text
from crm.models import Contact
from messaging.content.rendering import MAX_BODY, Unrenderable, render, render_email, render_subject, render_text
from messaging.message_factory import TEXT_LIFETIME, alert_email, email_to, text_to
from messaging.models import Message, Template
from messaging.reasons import SendReason


class Unsendable(Exception):
    """This cannot be sent to this contact."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason_text(*reason))
        self.reason = reason


def message_for(communication: ContactCommunication, contact: Contact, now: datetime) -> Message:
    """The message of a communication, with the words its template has now; or Unsendable."""
    if not communication.send_from_user.is_active:
        raise Unsendable(Reason(SendReason.SENDER_LEFT))
    try:
        return WRITERS[communication.type](communication, contact, now)
    except Unrenderable as error:
        raise Unsendable(error.reason) from error


def _text(communication: ContactCommunication, contact: Contact, now: datetime) -> Message:
    """Return a text to the mobile phone. Other numbers may be landlines, or answered by another person."""
    sender, template = communication.send_from_user, _template_of(communication)
    if not contact.mobile_e164:
        raise Unsendable(Reason(ContentReason.NO_MOBILE_NUMBER))
    if not sender.system_phone:
        raise Unsendable(Reason(SendReason.NO_SENDER))
    body = _words(render_text(template.body, contact, sender))
    return text_to(contact, body, now, user=sender, valid_until=communication.send_at + TEXT_LIFETIME)


def _email(communication: ContactCommunication, contact: Contact, now: datetime) -> Message:
    sender, template = communication.send_from_user, _template_of(communication)
    if not contact.email.strip():
        raise Unsendable(Reason(ContentReason.NO_EMAIL_ADDRESS))
    subject = render_subject(template.subject, contact, sender)
    plain, html = render_email(template.body, contact, sender)
    return email_to(contact, subject, plain if html else _words(plain), now, user=sender, html=html)


def _call(communication: ContactCommunication, contact: Contact, now: datetime) -> Message:
    """Return an email to the sender with the contact to call and the script."""
    if contact.is_do_not_contact:  # the gate lets emails to our own users pass
        raise Unsendable(Reason(SendReason.DO_NOT_CONTACT))
    phones = {"Mobile": contact.mobile_phone, "Home": contact.home_phone, "Office": contact.office_phone}
    numbers = [f"{kind}: {phone}" for kind, phone in phones.items() if phone.strip()]
    if not numbers:
        raise Unsendable(Reason(ContentReason.NO_PHONE_NUMBER))
    script = communication.template.body if communication.template else ""
    written = [_for_sender(text, communication, contact) for text in (communication.notes, script)]
    parts = [f"Please call {contact}.", "\n".join(numbers), *written]
    body = "\n\n".join(part for part in parts if part.strip())
    return alert_email(communication.send_from_user, f"Call {contact}", body, now, contact=contact)


def _for_sender(text: str, communication: ContactCommunication, contact: Contact) -> str:
    """Return notes or a script, unchanged where a merge field has no value: a person reads it before using it."""
    try:
        return render(text, contact, communication.send_from_user)
    except Unrenderable:
        return text[: MAX_BODY[Template.TemplateType.PHONE]]


def _template_of(communication: ContactCommunication) -> Template:
    if communication.template is None:
        raise Unsendable(Reason(ContentReason.NO_TEMPLATE))
    return communication.template


def _words(text: str) -> str:
    """Return this text if it is not empty: an empty message is not sent."""
    if not text.strip():
        raise Unsendable(Reason(ContentReason.EMPTY_TEMPLATE))
    return text


WRITERS: Final[dict[str, Callable[[ContactCommunication, Contact, datetime], Message]]] = {
    ActionType.TEXT_CONTACT: _text,
    ActionType.EMAIL_CONTACT: _email,
    ActionType.CALL_CONTACT: _call,
}
