"""Twilio. The only file that imports it. Its client (31 MB) is loaded when the first message is sent."""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.request_validator import RequestValidator

from core.db.literals import nonempty
from core.errors import DomainError
from core.reasons import Reason
from messaging.gateways import CannotTell, Inbound, MaybeSent, NotNow, OptedOut, Receipt, Refused, reconciliation
from messaging.models import Message
from messaging.reasons import DeliveryReason, answer_text

TWILIO = "Twilio"  # as the details of a reason name it
CONNECT_SECONDS = 5
PAGE, MOST_PAGES = 500, 5  # of texts or calls between two numbers, the newest, looked through
CLOCKS_DIFFER = timedelta(hours=1)  # generously: what seems older than it is would be sent twice
# Limits of webhook fields. Twilio's SIDs have 34 characters, its texts 1,600 and at most 10 media. An address can
# belong to another channel, such as `whatsapp:+13105550142`.
MAX_SID, MAX_ADDRESS, MAX_BODY, MAX_MEDIA, MAX_URL, MAX_WORD = 255, 320, 100_000, 10, 2048, 255
OURS = "outbound-api"  # Twilio's own answers to keywords go between the same numbers

OPTED_OUT = 21610
UNAVAILABLE = 21422  # another customer bought the number
TOO_MANY_FOR_THIS_SENDER = 21611
ATTEMPTS_TO_BUY = 3

# Twilio's codes of a text that was taken and did not arrive. Others keep Twilio's number alone.
FAILURES = {
    21610: DeliveryReason.CARRIER_OPT_OUT,
    30001: DeliveryReason.QUEUE_FULL,
    30002: DeliveryReason.ACCOUNT_SUSPENDED,
    30003: DeliveryReason.HANDSET_UNREACHABLE,
    30004: DeliveryReason.CARRIER_BLOCKED,
    30005: DeliveryReason.NUMBER_UNKNOWN,
    30006: DeliveryReason.LANDLINE,
    30007: DeliveryReason.CARRIER_FILTERED,
    30008: DeliveryReason.CARRIER_UNSPECIFIED,
    30022: DeliveryReason.CARRIER_RATE_LIMIT,
    30023: DeliveryReason.CARRIER_DAILY_LIMIT,
    30034: DeliveryReason.SENDER_UNREGISTERED,
}

logger = logging.getLogger(__name__)

# Twilio's message statuses, and ours.
PROGRESS = {
    "": 0,
    "scheduled": 1,
    "accepted": 1,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "partially_delivered": 3,
    "delivered": 4,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
    "read": 5,
}
STATUSES = {
    "delivered": Message.Status.DELIVERED,
    "read": Message.Status.DELIVERED,
    "undelivered": Message.Status.UNDELIVERED,
    "failed": Message.Status.FAILED,
    "canceled": Message.Status.CANCELLED,
}  # others: Twilio has it, and it is on its way

_clients = threading.local()  # a client keeps its connection open; a session is for one thread at a time


class BadWebhook(Exception):
    """A signed webhook has a field that Twilio never sends; the text names it."""


class NoNumberForSale(DomainError):
    """Twilio has no such number for this account."""

    status = 409


class TwilioGateway:
    """Texts by Twilio's REST API, or by the sandbox's emulation of it."""

    # In flight per thread. A kill leaves as many to be looked up.
    batch = 20

    def send(self, message: Message) -> str:
        """Hand a text over; Twilio's SID."""
        extra = {"media_url": message.media} if message.media else {}
        with translated():
            sent = client().messages.create(
                to=message.recipient,
                from_=message.sender,
                body=message.body,
                status_callback=status_url(message),
                **extra,
            )
            return str(sent.sid)

    def find(self, message: Message) -> str | None:
        """The SID of the text that has this message's words, between its numbers, since it was written.

        None only when each text since then is known to be another message's: what may be this one is not sent again.
        """
        with translated():
            listed, is_all = made_since(client().messages, message)
            recent = {text.sid: str(text.body or "") for text in listed}
        # read first: a text that leaves this set in the meantime has its SID by then
        bodies = [message.body, *_bodies_beside(message)]
        owners = {sid: reconciliation.owner_of(words, bodies) for sid, words in _unclaimed(recent).items()}
        ours = next((sid for sid, owner in owners.items() if owner == message.body), None)
        if ours is None and (None in owners.values() or not is_all):
            raise CannotTell
        return ours

    def take_number(self, number: str) -> tuple[str, str]:
        """Return this number of the account, or buy one. Inbound texts to it are sent to us."""
        with translated():
            for owned in client().incoming_phone_numbers.list(phone_number=number, limit=1) if number else ():
                owned.update(sms_url=inbound_url(), sms_method="POST")
                return str(owned.phone_number), str(owned.sid)
        for _ in range(ATTEMPTS_TO_BUY):
            try:
                return self._buy(number or self._on_sale())
            except Refused as refusal:
                if number or refusal.code != UNAVAILABLE:
                    raise NoNumberForSale(str(refusal)) from refusal
        raise NoNumberForSale

    def _on_sale(self) -> str:
        with translated():
            found = client().available_phone_numbers(settings.DEFAULT_REGION).local.list(limit=1)
        if not found:
            raise NoNumberForSale
        return str(found[0].phone_number)

    def _buy(self, number: str) -> tuple[str, str]:
        with translated():
            bought = client().incoming_phone_numbers.create(
                phone_number=number, sms_url=inbound_url(), sms_method="POST"
            )
            return str(bought.phone_number), str(bought.sid)

    def close(self) -> None:
        """Nothing: the thread's client keeps its connection for the next drain."""


def status_url(message: Message) -> str:
    """Return the URL for status callbacks of a text.

    It contains our message id, so that a callback can precede the SID.
    """
    return f"{settings.PUBLIC_URL}/webhooks/twilio/texts/status?message={message.pk}"


def inbound_url() -> str:
    """Where Twilio announces texts to our numbers."""
    return f"{settings.PUBLIC_URL}/webhooks/twilio/texts"


def is_genuine(url: str, form: Mapping[str, Any], signature: str) -> bool:
    """Whether Twilio signed this form for this address; compares in constant time."""
    token = settings.TWILIO_AUTH_TOKEN  # without one, any sender could sign
    return bool(token and RequestValidator(token).validate(url, form, signature))


def field(form: Mapping[str, str], name: str, limit: int) -> str:
    """Return a field of a webhook without NUL, which PostgreSQL cannot store; BadWebhook if it exceeds `limit`."""
    value = form.get(name, "").replace("\0", "")
    if len(value) > limit:
        raise BadWebhook(f"{name} has {len(value)} characters; at most {limit} are allowed.")
    return value


def read_inbound(form: Mapping[str, str]) -> Inbound:
    """Return the inbound text of Twilio's webhook. Raises BadWebhook if a field is too long."""
    media = (field(form, f"MediaUrl{turn}", MAX_URL) for turn in range(MAX_MEDIA))
    return Inbound(
        provider_sid=field(form, "MessageSid", MAX_SID),
        sender=field(form, "From", MAX_ADDRESS),
        recipient=field(form, "To", MAX_ADDRESS),
        body=field(form, "Body", MAX_BODY),
        media=tuple(url for url in media if url),
        opt_out_type=field(form, "OptOutType", MAX_WORD).upper(),
    )


def read_receipt(form: Mapping[str, str], message_id: str) -> Receipt | None:
    """Return the receipt of a status callback; None for an unknown status. `message_id` is the one in `status_url`."""
    sid, word = field(form, "MessageSid", MAX_SID), field(form, "MessageStatus", MAX_WORD)
    if not sid or word not in PROGRESS:
        return None
    given = field(form, "ErrorCode", MAX_WORD)
    code = int(given) if given.isdecimal() and len(given) < 10 and int(given) else None
    return Receipt(
        provider_sid=sid,
        message_id=our_id(message_id),
        provider_status=word,
        supersedes=frozenset(other for other, progress in PROGRESS.items() if progress < PROGRESS[word]),
        status=STATUSES.get(word, Message.Status.SENT),
        error_code=code,
        reason=failure_reason(code) if code else None,
        is_opt_out=code == OPTED_OUT,
    )


def failure_reason(code: int) -> Reason:
    """Why a text that Twilio took did not arrive."""
    if known := FAILURES.get(code):
        return Reason(known)
    return Reason(DeliveryReason.PROVIDER_ERROR, {"provider": TWILIO, "error_code": code})


def our_id(given: str) -> int | None:
    """The id of a message that an address of ours names."""
    return int(given) if given.isdecimal() and len(given) < 19 else None


def made_since(resource: Any, message: Message) -> tuple[list[Any], bool]:
    """The texts or calls by the API between a message's numbers since it was written, and whether those are all.

    Newest come first, so a page without a recent one is the last that matters. Twilio is not asked by date: it compares
    when a text was sent, which of a queued one is unknown.
    """
    found: list[Any] = []
    page = resource.page(to=message.recipient, from_=message.sender, page_size=PAGE)
    for _ in range(MOST_PAGES):
        recent = [listed for listed in page if is_since(listed, message)]
        found += [listed for listed in recent if (listed.direction or OURS) == OURS]
        page = page.next_page() if recent else None
        if page is None:
            return found, True
    return found, False


def is_since(listed: Any, message: Message) -> bool:
    """Whether a listed text or call may have been made since this message was written."""
    return listed.date_created is None or bool(listed.date_created >= message.created_at - CLOCKS_DIFFER)


def _unclaimed(words: Mapping[str, str]) -> dict[str, str]:
    """Those of these texts, by SID, that none of our messages is known by."""
    taken = claimed(Message.Channel.TEXT, words)
    return {sid: body for sid, body in words.items() if sid not in taken}


def claimed(channel: str, sids: Iterable[str]) -> set[str]:
    """Those of these SIDs by which one of our messages is known."""
    known = Message.objects.filter(nonempty("provider_sid"), channel=channel, provider_sid__in=list(sids))
    return set(known.values_list("provider_sid", flat=True))


def _bodies_beside(message: Message) -> list[str]:
    """The words of other messages between the same numbers that may have been sent, too."""
    beside = Message.objects.filter(channel=message.channel, status__in=Message.IN_FLIGHT, settled_at=None)
    same_numbers = beside.filter(sender=message.sender, recipient=message.recipient)
    return list(same_numbers.exclude(pk=message.pk).values_list("body", flat=True))


def client() -> Any:
    """This thread's client of the account that settings name."""
    place = (
        settings.TWILIO_ACCOUNT_SID,
        settings.TWILIO_AUTH_TOKEN,
        settings.TWILIO_API_BASE_URL,
        settings.TWILIO_TIMEOUT_SECONDS,
    )
    if not all(place[:2]):
        details = {"provider": TWILIO, "settings": "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN"}
        raise NotNow(Reason(DeliveryReason.PROVIDER_NOT_SET_UP, details), is_down=True)
    if getattr(_clients, "place", None) != place:
        _clients.client, _clients.place = _client(*place), place
    return _clients.client


def _client(account_sid: str, auth_token: str, base_url: str, timeout: float) -> Any:
    """A client whose requests go to `base_url` where that is given, and give up in time."""
    http = import_module("twilio.http.http_client")
    base = urlsplit(base_url)
    # The client would log numbers and words at INFO.
    silent = logging.Logger("twilio", level=logging.CRITICAL)

    class HttpClient(http.TwilioHttpClient):  # type: ignore[misc,name-defined]
        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            if base.netloc:
                parts = urlsplit(url)
                url = urlunsplit((base.scheme, base.netloc, parts.path, parts.query, ""))
            return super().request(method, url, *args, **kwargs)

    client = HttpClient(logger=silent)
    client.timeout = (min(CONNECT_SECONDS, timeout), timeout)
    return import_module("twilio.rest").Client(account_sid, auth_token, http_client=client)


@contextmanager
def translated() -> Iterator[None]:
    """Turn each error of a request into one of the gateway's errors."""
    try:
        yield
    except (TwilioRestException, TwilioServiceException) as error:
        raise _refusal(error.status, error.code, _words(error)) from error
    except OSError as error:  # what requests raises
        if _never_connected(error):
            raise NotNow(Reason(DeliveryReason.PROVIDER_UNREACHABLE, {"provider": TWILIO}), is_down=True) from error
        details = {"provider": TWILIO, "error": type(error).__name__}
        raise MaybeSent(Reason(DeliveryReason.PROVIDER_SILENT, details)) from error
    except (TwilioException, ValueError, KeyError, TypeError) as error:
        raise MaybeSent(Reason(DeliveryReason.PROVIDER_UNREADABLE, {"provider": TWILIO})) from error


def _refusal(status: int, code: int | None, words: str) -> Exception:
    """What Twilio's error means for a text or a call."""
    details = {"provider": TWILIO, "text": answer_text(words), "error_code": code}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT or status < 400:
        return MaybeSent(Reason(DeliveryReason.PROVIDER_FAILED, details))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NotNow(Reason(DeliveryReason.PROVIDER_BUSY, details), code, is_down=True)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        logger.error("Twilio does not accept our account: HTTP %s, error %s", status, code)
        return NotNow(Reason(DeliveryReason.PROVIDER_ACCOUNT, details), code, is_down=True)
    if code == TOO_MANY_FOR_THIS_SENDER:
        return NotNow(Reason(DeliveryReason.PROVIDER_REFUSED, details), code)
    if code == OPTED_OUT:
        return OptedOut(failure_reason(code), code)
    return Refused(Reason(DeliveryReason.PROVIDER_REFUSED, details), code)


def _words(error: Any) -> str:
    """Twilio's own words, without what the client puts before them."""
    words = getattr(error, "msg", None) or getattr(error, "detail", None) or getattr(error, "title", "")
    return str(words).removeprefix("Unable to create record: ").rstrip(".")


def _never_connected(error: OSError) -> bool:
    """Whether not even a connection was made, so that certainly nothing was sent."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return type(cause).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}
