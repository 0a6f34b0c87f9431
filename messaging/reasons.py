"""The codes of why a message was held, cancelled, refused or not delivered, with their texts. Pure.

What a provider answered is data: it is kept in the details, and shown inside our own text.
"""

from typing import Final

from django.db.models import TextChoices

from core.reasons import Reason, reason_codes

MAX_ANSWER: Final = 200  # characters of a provider's answer that are kept


@reason_codes
class SendReason(TextChoices):
    """Why the send policy refuses or holds a message, or why a waiting one is cancelled."""

    NO_NUMBER = "no_number", "There is no valid phone number."
    NO_SENDER = "no_sender", "There is no number to send from."
    NO_ADDRESS = "no_address", "There is no valid email address."
    DO_NOT_CONTACT = "do_not_contact", "The contact is marked do-not-contact."
    OPTED_OUT = "opted_out", "The number has opted out of texts."
    SUSPENDED = "suspended", "The recipient may have opted out: read their last text."
    NO_CONSENT = "no_consent", "No consent to texts is known for this number."
    NO_CONSENT_IMPORTED = "no_consent_imported", "The contact was imported, and no consent to texts is known."
    EXPIRED = "expired", "It expired before it could be sent."
    QUIET_HOURS = "quiet_hours", "It is outside 8:00-21:00 in the recipient's time zone."
    SENDER_LEFT = "sender_left", "The sender is deactivated."
    READER_LEFT = "reader_left", "The recipient is deactivated."
    REMOVED = "removed", "The contact was removed."
    NOT_SEEN = "not_seen", "The sender no longer sees the contact."
    NOT_THEIRS = "not_theirs", "The contact no longer has this number."


@reason_codes
class DeliveryReason(TextChoices):
    """Why a message was not sent, is sent later, or did not arrive. `text` is the provider's own."""

    PROVIDER_REFUSED = "provider_refused", "{provider} refused it: {text} ({error_code})"
    PROVIDER_FAILED = "provider_failed", "{provider} failed: {text} ({error_code})"
    PROVIDER_BUSY = "provider_busy", "{provider} asked to slow down: {text} ({error_code})"
    PROVIDER_ACCOUNT = "provider_account", "{provider} does not accept our account: {text} ({error_code})"
    PROVIDER_UNREACHABLE = "provider_unreachable", "{provider} could not be reached."
    PROVIDER_SILENT = "provider_silent", "{provider} did not answer ({error})."
    PROVIDER_UNREADABLE = "provider_unreadable", "{provider}'s answer could not be read."
    PROVIDER_NOT_SET_UP = "provider_not_set_up", "{provider} is not set up: {settings} are empty."
    PROVIDER_ERROR = "provider_error", "{provider} reports error {error_code}."

    MAIL_SERVER_REFUSED = "mail_server_refused", "The mail server refused it: {text} ({error_code})"
    MAIL_SERVER_UNREACHABLE = "mail_server_unreachable", "The mail server could not be reached ({error})."
    MAIL_SERVER_SILENT = "mail_server_silent", "The mail server did not answer ({error})."
    EMAIL_MALFORMED = "email_malformed", "It cannot be written as an email: an address or the subject is malformed."

    CARRIER_OPT_OUT = "carrier_opt_out", "The number has opted out of texts with its carrier."
    QUEUE_FULL = "queue_full", "Too many texts were waiting."
    ACCOUNT_SUSPENDED = "account_suspended", "The Twilio account is suspended."
    HANDSET_UNREACHABLE = "handset_unreachable", "The handset could not be reached."
    CARRIER_BLOCKED = "carrier_blocked", "The carrier blocked it."
    NUMBER_UNKNOWN = "number_unknown", "The number is unknown or no longer in use."
    LANDLINE = "landline", "The number is a landline, or its carrier cannot be reached."
    CARRIER_FILTERED = "carrier_filtered", "The carrier filtered it as unwanted."
    CARRIER_UNSPECIFIED = "carrier_unspecified", "The carrier gave no reason."
    CARRIER_RATE_LIMIT = "carrier_rate_limit", "The carrier's rate limit was exceeded."
    CARRIER_DAILY_LIMIT = "carrier_daily_limit", "The carrier's daily limit was reached."
    SENDER_UNREGISTERED = "sender_unregistered", "The sending number is not registered with the carriers (10DLC)."

    GIVEN_UP = "given_up", "Given up after {attempts} attempts. {last:reason}"
    EXPIRED_IN_RETRY = "expired_in_retry", "It expired before it could be sent. {last:reason}"
    WORKER_DIED = "worker_died", "The worker that was sending it stopped."
    NOT_SENT = "not_sent", "It was looked up, and had not been sent."
    MAYBE_SENT = "maybe_sent", "{last:reason} It may have been sent, so it is not sent again."
    UNEXPECTED_ERROR = "unexpected_error", "An unexpected error occurred ({error})."


@reason_codes
class CallReason(TextChoices):
    """How a call ended, or why an agent is not connected."""

    LASTED = "call_lasted", "It lasted {seconds:duration}."
    BUSY = "line_busy", "The line was busy."
    NO_ANSWER = "call_not_answered", "The call was not answered."
    FAILED = "call_failed", "The call could not be connected."
    CANCELLED = "call_cancelled", "The call ended before it was answered."
    MADE_BEFORE = "call_made_before", "This call was made."
    NOT_CONNECTED = "call_not_connected", "This call can no longer be connected."


def answer_text(answer: str) -> str:
    """A provider's answer on one line, cut to MAX_ANSWER, with characters alone that PostgreSQL stores."""
    line = " ".join(answer[: 4 * MAX_ANSWER].replace("\0", " ").split())
    return line[:MAX_ANSWER].encode(errors="replace").decode()


def last(reason: Reason) -> dict[str, object]:
    """The details of a reason that ends a chain of attempts: why the last one failed."""
    return {"last": reason.as_json()}
