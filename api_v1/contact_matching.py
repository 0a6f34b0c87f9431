"""Who a submission is from."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection

from core.db.lookups import lowered
from core.phone_numbers import e164
from core.text import normalize_email
from crm.models import E164, Contact, ContactQuerySet
from teams.models import User

MOST_NAMESAKES = 50  # contacts with one email or number that are considered

# In order, so that two who have both an email and a number in common do not wait for each other.
HOLD = "SELECT pg_advisory_xact_lock(hashtextextended(key, 8)) FROM unnest(%s::text[]) AS key"


def one_at_a_time(user: User, body: Mapping[str, Any]) -> None:
    """Two submissions of one person at the same time must make one contact."""
    names = {email_of(body).lower(), *numbers_of(body)}
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [[f"{user.pk} {name}" for name in sorted(names - {""})]])


def email_of(body: Mapping[str, Any]) -> str:
    """The email address that a submission brought, as contacts keep it."""
    return normalize_email(str(body.get("email") or ""))


def numbers_of(body: Mapping[str, Any]) -> list[str]:
    """The telephone numbers that a submission brought, E.164."""
    return [number for phone in E164 if (number := e164(str(body.get(phone) or "")))]


def known_contact(user: User, body: Mapping[str, Any]) -> Contact | None:
    """Return the contact with this email, otherwise one with one of these phones and no email.

    The user's own come first.

    Without an email, one of the phones is enough.
    """
    seen = Contact.objects.visible_to(user)
    for rows in matches(seen, body):
        if found := list(rows.order_by("-pk")[:MOST_NAMESAKES]):
            return min(found, key=lambda contact: contact.owner_user_id != user.pk)
    return None


def matches(contacts: ContactQuerySet, body: Mapping[str, Any]) -> Iterator[ContactQuerySet]:
    """Return the candidates, the best first. People share phones: a contact with another email is another person."""
    if email := email_of(body):
        yield contacts.filter(email__lower=lowered(email))
        contacts = contacts.filter(email="")
    for phone in E164:
        if number := e164(str(body.get(phone) or "")):
            yield contacts.reached_at(number)
