"""Messages not yet queued, with every field that must be right: who speaks to whom, from where, from when on.

Their times are all `now`, never the columns' defaults: those would read the clock once for every row.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db.models.base import ModelState

from crm.models import Contact
from messaging.content.segments import segments
from messaging.models import Message
from teams.models import User

Channel = Message.Channel
Purpose = Message.Purpose

# A text that could not leave for a day, because of an outage or of quiet hours, is out of date ("see you tomorrow").
# Quiet hours last eleven hours.
TEXT_LIFETIME: Final = timedelta(days=1)


def alert_text(user: User, body: str, now: datetime, **more: Any) -> Message:
    """A text to one of our users, from the alert number to their confirmed phone."""
    return _text(Purpose.ALERT, settings.ALERT_NUMBER, user.confirmed_phone, body, now, user=user, **more)


def code_text(user: User, body: str, now: datetime, *, valid_until: datetime) -> Message:
    """A text to a phone that a user claims as theirs: the only message that an unconfirmed phone gets."""
    return _text(Purpose.CODE, settings.ALERT_NUMBER, user.phone_e164, body, now, user=user, valid_until=valid_until)


def alert_call(user: User, body: str, now: datetime, **more: Any) -> Message:
    """A call to one of our users, from the alert number to their confirmed phone; `body` is what they will hear."""
    return _message(
        Channel.CALL, Purpose.ALERT, settings.ALERT_NUMBER, user.confirmed_phone, body, now, user=user, **more
    )


def alert_email(user: User, subject: str, body: str, now: datetime, **more: Any) -> Message:
    """An email to one of our users."""
    return _email(Purpose.ALERT, user.email, subject, body, now, user=user, **more)


def text_to(
    contact: Contact, body: str, now: datetime, *, user: User, purpose: str = Purpose.CAMPAIGN, **more: Any
) -> Message:
    """A text to a client from the number of `user`. `more` may hold not_before, valid_until, media."""
    numbers = contact.numbers
    recipient = numbers[0] if numbers else ""
    return _text(purpose, user.system_phone, recipient, body, now, user=user, contact=contact, **more)


def call_to(contact: Contact, now: datetime, *, user: User) -> Message:
    """A call to a client from the number of `user`, who will speak themselves: it has no words (messaging.manual)."""
    number = next(iter(contact.numbers), "")
    return _message(Channel.CALL, Purpose.PERSONAL, user.system_phone, number, "", now, user=user, contact=contact)


def email_to(
    contact: Contact,
    subject: str,
    body: str,
    now: datetime,
    *,
    user: User,
    purpose: str = Purpose.CAMPAIGN,
    **more: Any,
) -> Message:
    """An email to a client in the name of `user`. `more` may hold html, not_before, valid_until."""
    return _email(purpose, contact.email.strip(), subject, body, now, user=user, contact=contact, **more)


def _text(purpose: str, sender: str, recipient: str, body: str, now: datetime, **more: Any) -> Message:
    return _message(Channel.TEXT, purpose, sender, recipient, body, now, segments=segments(body).count, **more)


def _email(purpose: str, recipient: str, subject: str, body: str, now: datetime, **more: Any) -> Message:
    return _message(Channel.EMAIL, purpose, "", recipient, body, now, subject=subject[:1000], **more)


def _message(
    channel: str,
    purpose: str,
    sender: str,
    recipient: str,
    body: str,
    now: datetime,
    *,
    user: User,
    contact: Contact | None = None,
    **more: Any,
) -> Message:
    """A blank one filled in: making a record of named values takes Django six times as long."""
    message = Message.__new__(Message)
    message.__dict__ = {
        **_blank(),
        "channel": channel,
        "purpose": purpose,
        "user_id": user.pk,
        "contact_id": contact and contact.pk,
        "sender": sender,
        "recipient": recipient,
        "body": body,
        "media": [],
        "created_at": now,
        "modified_at": now,
        "not_before": now,
        **more,
        "_state": ModelState(),
    }
    return message


@cache
def _blank() -> dict[str, Any]:
    """An empty message, column by column."""
    times: dict[str, Any] = {"created_at": None, "modified_at": None, "not_before": None}
    return {name: value for name, value in vars(Message(**times)).items() if name != "_state"}
