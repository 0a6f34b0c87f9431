"""Renders texts and emails for one contact, and validates templates.

Each text, subject and email to a contact passes through here. `Unrenderable` is the only exception, so that the caller
of a batch can park one message and continue with the others.
"""

from collections.abc import Mapping
from html import escape
from typing import Final

from django.db.models import TextChoices

from core.reasons import Reason, reason_codes
from crm.models import Contact
from messaging.content import merge_fields as merge
from messaging.content.email_html import UnreadableHtml, check_html, is_html, text_of, visible_html
from messaging.content.merge_fields import FIELDS, Unfilled
from messaging.content.placeholders import find_placeholders
from messaging.models import Template
from teams.models import User

Type = Template.TemplateType

# Characters. Twilio refuses more (https://www.twilio.com/docs/api/errors/21617).
MAX_TEXT: Final = 1600
MAX_EMAIL: Final = 100_000  # Gmail shows no more than the first 102 KB
MAX_BODY: Final[Mapping[str, int]] = {
    Type.TEXT: MAX_TEXT,
    Type.EMAIL: MAX_EMAIL,
    Type.PHONE: 10_000,
    Type.LETTER: MAX_EMAIL,
    Type.POSTCARD: MAX_EMAIL,
}
MAX_MERGED: Final = 200_000  # an email with its merge fields filled

TOO_LONG: Final = f"The text is longer than {MAX_TEXT:,} characters: carriers refuse it."
EMAIL_TOO_LONG: Final = f"The email is longer than {MAX_MERGED:,} characters."


@reason_codes
class RenderFault(TextChoices):
    """Why something cannot be rendered."""

    EMPTY_MERGE_FIELD = "empty_merge_field", "{text}"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder", "{text}"
    UNREADABLE_HTML = "unreadable_html", "{text}"
    TOO_LONG = "too_long", "{text}"


class Unrenderable(ValueError):
    """A text cannot be rendered for a contact: `code` is the reason, the argument its text."""

    def __init__(self, code: RenderFault, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = Reason(code, {"text": reason})


def render_text(text: str, contact: Contact, sender: User) -> str:
    """A text message. Raises `Unrenderable`."""
    body = render(text, contact, sender) if len(text) <= MAX_MERGED else text
    if len(body) > MAX_TEXT:
        raise Unrenderable(RenderFault.TOO_LONG, TOO_LONG)
    return body


def render_subject(text: str, contact: Contact, sender: User) -> str:
    """The subject of an email, on one line: the values of merge fields may have line breaks. Raises `Unrenderable`."""
    return " ".join(render(text, contact, sender).split())


def render_email(text: str, contact: Contact, sender: User) -> tuple[str, str]:
    """The body of an email as plain text and as HTML, which is empty for a text without HTML tags.

    Raises `Unrenderable`.
    """
    if not is_html(text[:MAX_MERGED]):
        return render(text, contact, sender), ""
    _check(text)
    try:
        plain = text_of(text)
    except UnreadableHtml as error:
        raise Unrenderable(RenderFault.UNREADABLE_HTML, f"The HTML of the email {error}") from error
    values = values_for(contact, sender)
    escaped = {name: escape(value or "") for name, value in values.items()}
    return _filled(plain, values), _filled(visible_html(text), escaped)


def render(text: str, contact: Contact, sender: User) -> str:
    """A text as typed, with its merge fields filled. Raises `Unrenderable`."""
    _check(text)
    return _filled(text, values_for(contact, sender))


def _check(text: str) -> None:
    """Templates that were saved before they were checked may be anything."""
    if len(text) > MAX_MERGED:
        raise Unrenderable(RenderFault.TOO_LONG, EMAIL_TOO_LONG)
    if placeholders := find_placeholders(text):
        raise Unrenderable(RenderFault.UNKNOWN_PLACEHOLDER, f"There is no merge field {placeholders[0]}.")


def _filled(text: str, values: Mapping[str, str]) -> str:
    try:
        filled = merge.fill(text, values)
    except Unfilled as error:
        raise Unrenderable(RenderFault.EMPTY_MERGE_FIELD, str(error)) from error
    if len(filled) > MAX_MERGED:
        raise Unrenderable(RenderFault.TOO_LONG, EMAIL_TOO_LONG)
    return filled


def values_for(contact: Contact, sender: User) -> dict[str, str]:
    """The value of each merge field of `messaging.content.merge_fields.FIELDS`."""
    return {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "full_name": f"{contact.first_name} {contact.last_name}",
        "email": contact.email,
        "mobile_phone": contact.mobile_phone,
        "home_phone": contact.home_phone,
        "office_phone": contact.office_phone,
        "company": contact.company,
        "agent_first_name": sender.first_name,
        "agent_last_name": sender.last_name,
        "agent_full_name": sender.get_full_name(),
        "agent_email": sender.email,
        "agent_phone": sender.phone or sender.system_phone,
    }


# Before it is saved


def body_fault(template_type: str, body: str) -> str:
    """Why a template of this type cannot have this body, as a predicate; empty if it can."""
    if len(body) > (most := MAX_BODY[template_type]):
        return f"may have at most {most:,} characters in a template of the type {template_type}."
    if fault := placeholder_fault(body):
        return fault
    if template_type == Type.EMAIL and is_html(body):
        try:
            check_html(body)
        except UnreadableHtml as error:
            return str(error)
    return ""


def placeholder_fault(text: str) -> str:
    """Why a text would be sent with a placeholder in it, as a predicate; empty if it would not."""
    if not (found := find_placeholders(text)):
        return ""
    fields = ", ".join(f"{{{{{name}}}}}" for name in FIELDS)
    return f"has no such merge field as {' and '.join(map(str, found))}. There are {fields}."
