"""Turning a due communication into the message that will carry it (design 8)."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from campaigns.models import ActionType, ContactCommunication
from crm.models import Contact
from messaging import templates
from messaging.drafts import alert_email, email_to, text_to
from messaging.fill import Unfilled
from messaging.models import Message, Template
from messaging.wording import LONGEST_TEXT, TEXT_KEEPS, TOO_LONG, Unreadable, email_words, subject_line

NO_TEMPLATE: Final = "There is no template: the action had none when the campaign was started, or it was removed since."
EMPTY: Final = "The template is empty."


class Unsendable(Exception):
    """There is no way to say this to this contact; the argument tells why."""


def message_for(communication: ContactCommunication, contact: Contact, now: datetime) -> Message:
    """The message of a communication, with the words its template has now; or Unsendable."""
    if not communication.send_from_user.is_active:
        raise Unsendable("The sender no longer works here.")
    try:
        return WRITERS[communication.type](communication, contact, now)
    except (Unfilled, Unreadable) as error:
        raise Unsendable(str(error)) from error


def _text(communication: ContactCommunication, contact: Contact, now: datetime) -> Message:
    """A text to the mobile phone. The others may be land lines, and may be answered by somebody else."""
    sender, template = communication.send_from_user, _template_of(communication)
    if not contact.mobile_e164:
        raise Unsendable("The contact has no mobile number.")
    if not sender.system_phone:
        raise Unsendable("The sender has no number to text from.")
    body = _words(templates.fill(template.body, contact, sender))
    if len(body) > LONGEST_TEXT:
        raise Unsendable(TOO_LONG)
    return text_to(contact, body, now, user=sender, valid_until=communication.send_at + TEXT_KEEPS)


def _email(communication: ContactCommunication, contact: Contact, now: datetime) -> Message:
    sender, template = communication.send_from_user, _template_of(communication)
    if not contact.email.strip():
        raise Unsendable("The contact has no email address.")
    subject = subject_line(template.subject, contact, sender)
    plain, html = email_words(template.body, contact, sender)
    return email_to(contact, subject, plain if html else _words(plain), now, user=sender, html=html)


def _call(communication: ContactCommunication, contact: Contact, now: datetime) -> Message:
    """An email to the sender that says whom to call, and what to say."""
    if contact.is_do_not_contact:  # the gate lets emails to our own users pass
        raise Unsendable("The contact is marked do-not-contact.")
    phones = {"Mobile": contact.mobile_phone, "Home": contact.home_phone, "Office": contact.office_phone}
    numbers = [f"{kind}: {phone}" for kind, phone in phones.items() if phone.strip()]
    if not numbers:
        raise Unsendable("The contact has no phone number.")
    parts = [f"Please call {contact}.", "\n".join(numbers), communication.notes, _script(communication, contact)]
    body = "\n\n".join(part for part in parts if part.strip())
    return alert_email(communication.send_from_user, f"Call {contact}", body, now, contact=contact)


def _script(communication: ContactCommunication, contact: Contact) -> str:
    """What to say, as written where something cannot be filled in: a person reads it first."""
    if communication.template is None:
        return ""
    try:
        return templates.fill(communication.template.body, contact, communication.send_from_user)
    except Unfilled:
        return communication.template.body


def _template_of(communication: ContactCommunication) -> Template:
    if communication.template is None:
        raise Unsendable(NO_TEMPLATE)
    return communication.template


def _words(text: str) -> str:
    """These words, if there are any: nobody is sent an empty message."""
    if not text.strip():
        raise Unsendable(EMPTY)
    return text


WRITERS: Final[dict[str, Callable[[ContactCommunication, Contact, datetime], Message]]] = {
    ActionType.TEXT_CONTACT: _text,
    ActionType.EMAIL_CONTACT: _email,
    ActionType.CALL_CONTACT: _call,
}
