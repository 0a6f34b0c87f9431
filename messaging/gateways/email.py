"""Email, by any Django email backend."""

import re
import smtplib
from contextlib import suppress
from email.utils import formataddr, parseaddr
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection

from core.reasons import Reason
from messaging.gateways import CannotTell, MaybeSent, NotNow, Refused
from messaging.models import Message
from messaging.reasons import DeliveryReason, answer_text

PERMANENT = range(500, 600)  # SMTP: "the same request will fail again"
HANGS_UP = 421  # SMTP: "closing transmission channel", by which the next email would be lost
CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class EmailGateway:
    """One connection per drain.

    SMTP keeps no list of messages, so an email that may have been sent is never sent again.

    A backend that keeps one (the sandbox's mailbox) has `has_message(message_id) -> bool`, which is called then.
    """

    # In flight per thread. If the worker is killed, it stays unknown for these whether SMTP sent them.
    batch = 5

    def __init__(self) -> None:
        self._connection: Any = None

    def send(self, message: Message) -> str:
        """Hand an email over; its Message-ID."""
        email = compose(message)
        connection = self._opened()
        try:
            connection.send_messages([email])
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(*next(iter(error.recipients.values()), (550, b"refused"))) from error
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except Exception as error:  # any error of a backend may come after the email was sent
            self.close()
            raise MaybeSent(Reason(DeliveryReason.MAIL_SERVER_SILENT, {"error": type(error).__name__})) from error
        return message_id(message)

    def find(self, message: Message) -> str | None:
        """Return the Message-ID if the backend has the email."""
        has_message = getattr(get_connection(), "has_message", None)
        if has_message is None:
            raise CannotTell
        return message_id(message) if has_message(message_id(message)) else None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):  # it is gone already
                connection.close()

    def _opened(self) -> Any:
        if self._connection is None:
            connection = get_connection()
            try:
                connection.open()
            except (OSError, smtplib.SMTPException) as error:
                reason = Reason(DeliveryReason.MAIL_SERVER_UNREACHABLE, {"error": type(error).__name__})
                raise NotNow(reason, is_down=True) from error
            self._connection = connection
        return self._connection


def compose(message: Message) -> EmailMessage:
    """The email as it leaves: from the installation's address, in the name of the user who speaks."""
    user = message.user if message.purpose != Message.Purpose.ALERT else None
    email = EmailMultiAlternatives(
        subject=header_text(message.subject),
        body=message.body,
        from_email=message.sender or sender_of(user),
        to=[message.recipient],
        reply_to=[formataddr((header_text(user.get_full_name()), user.email))] if user else None,
        headers={"Message-ID": message_id(message)},
    )
    if message.html:
        email.attach_alternative(message.html, "text/html")
    try:
        email.message()
    except (ValueError, UnicodeError) as error:
        raise Refused(Reason(DeliveryReason.EMAIL_MALFORMED)) from error
    return email


def sender_of(user: Any) -> str:
    """`"Bob Example" <crm@example.com>`: mail in a user's own address would fail its domain's DMARC."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((header_text(user.get_full_name()) or name, address)) if user else settings.DEFAULT_FROM_EMAIL


def header_text(text: str) -> str:
    """A name or subject on one line: a line break would start another header, and the email would be refused."""
    return " ".join(CONTROL_CHARACTERS.sub(" ", text).split())


def message_id(message: Message) -> str:
    """The same for every attempt at this message."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{message.created_at:%Y%m%d%H%M%S%f}.{message.pk}@{domain}>"


def _refusal(code: int, words: bytes | str) -> Refused | NotNow:
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    reason = Reason(DeliveryReason.MAIL_SERVER_REFUSED, {"text": answer_text(text), "error_code": code})
    return Refused(reason, code) if code in PERMANENT else NotNow(reason, code, is_down=code == HANGS_UP)
