"""The sandbox's mailbox: emails become rows that `GET /sandbox/emails` shows."""

from collections.abc import Sequence
from datetime import datetime
from email.message import Message
from email.utils import format_datetime, getaddresses

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from sandbox import clock
from sandbox.models import Email

OF_THE_BODY = {"content-type", "content-transfer-encoding", "mime-version"}


class SandboxMailBackend(BaseEmailBackend):
    """Keeps emails instead of sending them (settings.EMAIL_BACKEND)."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep each of them; return how many there were."""
        now = clock.now()
        kept = [_kept(message, now) for message in email_messages if message.recipients()]
        return len(Email.objects.bulk_create(kept))

    def has_message(self, message_id: str) -> bool:
        """Whether an email is here: asked when the worker that was sending it died (messaging.gateways.email)."""
        return Email.objects.filter(headers__contains={"Message-ID": message_id}).exists()


def _kept(message: EmailMessage, now: datetime) -> Email:
    return Email(
        sender=message.from_email,
        to=", ".join(message.to),
        recipients=[address.lower() for _, address in getaddresses(message.recipients())],
        subject=str(message.subject),
        text=str(message.body) if message.content_subtype == "plain" else "",
        html=_html(message),
        headers=_headers(message.message(), now),
        at=now,
    )


def _html(message: EmailMessage) -> str:
    """The HTML of the message: its alternative, or its body when that is all there is."""
    if message.content_subtype == "html":
        return str(message.body)
    versions = getattr(message, "alternatives", None) or []
    return next((str(version[0]) for version in versions if version[1] == "text/html"), "")


def _headers(message: Message, now: datetime) -> dict[str, str]:
    """The headers as a reader would see them, with the date of business time."""
    headers: dict[str, str] = {}
    for name, value in message.items():
        if name.lower() not in OF_THE_BODY:
            headers[name] = f"{headers[name]}, {value}" if name in headers else str(value)
    return headers | {"Date": format_datetime(now)}
