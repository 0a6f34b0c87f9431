"""Calling the service as Twilio does: a form, posted to the exact address and signed with the auth token."""

import base64
import hmac
from collections.abc import Mapping
from email.utils import format_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import NAMESPACE_OID, uuid5

from django.conf import settings

from sandbox.models import EmulatedCall, EmulatedText

API_VERSION = "2010-04-01"
CONNECT_SECONDS, ANSWER_SECONDS = 5, 15  # Twilio's own limits
LONGEST_ANSWER = 64 * 1024


class Answer(NamedTuple):
    """What the service answered."""

    status: int
    body: bytes


class NotConnected(Exception):
    """No process listens there: the request certainly did not reach the service."""


class NoProperAnswer(Exception):
    """The service took the request and did not answer it properly."""


def is_address(url: str) -> bool:
    """Whether this is an absolute address that can be called."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def signature(url: str, parameters: Mapping[str, str]) -> str:
    """What Twilio puts into `X-Twilio-Signature`: the address and each parameter, by name, under the auth token."""
    signed = url + "".join(name + parameters[name] for name in sorted(parameters))
    digest = hmac.digest(settings.TWILIO_AUTH_TOKEN.encode(), signed.encode(), "sha1")
    return base64.b64encode(digest).decode()


def idempotency_token(parameters: Mapping[str, str]) -> str:
    """The same for every attempt to bring the same news, as Twilio's is."""
    news = [parameters.get(name, "") for name in ("MessageSid", "SmsStatus", "CallSid", "CallStatus", "Digits")]
    return str(uuid5(NAMESPACE_OID, " ".join(news)))


def post(url: str, parameters: Mapping[str, str]) -> int:
    """Post a signed form and return the HTTP status of the answer."""
    return ask(url, parameters).status


def ask(url: str, parameters: Mapping[str, str]) -> Answer:
    """Post a signed form and return the answer."""
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    session = connect(parts.netloc, timeout=CONNECT_SECONDS)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        "Connection": "close",
        "I-Twilio-Idempotency-Token": idempotency_token(parameters),
        "X-Twilio-Signature": signature(url, parameters),
    }
    try:
        try:
            session.connect()
        except OSError as error:
            raise NotConnected(f"{url}: {error}") from error
        session.sock.settimeout(ANSWER_SECONDS)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        session.request("POST", path, urlencode(parameters), headers)
        response = session.getresponse()
        return Answer(response.status, response.read(LONGEST_ANSWER))
    except (OSError, HTTPException) as error:
        raise NoProperAnswer(f"{url}: {error!r}") from error
    finally:
        session.close()


def status_form(text: EmulatedText, status: str, error_code: int | None) -> dict[str, str]:
    """What Twilio posts to a StatusCallback."""
    form = {
        "AccountSid": settings.TWILIO_ACCOUNT_SID,
        "ApiVersion": API_VERSION,
        "From": text.sender,
        "To": text.recipient,
        "MessageSid": text.sid,
        "MessageStatus": status,
        "SmsSid": text.sid,
        "SmsStatus": status,
    }
    if error_code is not None:
        form["ErrorCode"] = str(error_code)
    if status in (EmulatedText.Status.DELIVERED, EmulatedText.Status.UNDELIVERED):
        form["RawDlrDoneDate"] = text.changed_at.strftime("%y%m%d%H%M")
    return form


def inbound_form(text: EmulatedText) -> dict[str, str]:
    """What Twilio posts when a text comes in."""
    form = {
        "AccountSid": settings.TWILIO_ACCOUNT_SID,
        "ApiVersion": API_VERSION,
        "MessageSid": text.sid,
        "SmsMessageSid": text.sid,
        "SmsSid": text.sid,
        "SmsStatus": text.status,
        "From": text.sender,
        "To": text.recipient,
        "Body": text.body,
        "NumMedia": str(len(text.media)),
        "NumSegments": str(text.segments),
    }
    form |= _places(From=text.sender, To=text.recipient)
    for turn, url in enumerate(text.media):
        form |= {f"MediaUrl{turn}": url, f"MediaContentType{turn}": "image/jpeg"}
    return form


SEQUENCE = {status: turn for turn, status in enumerate(("initiated", "ringing", "in-progress", "completed"))}


def call_form(call: EmulatedCall, **more: str) -> dict[str, str]:
    """Return what Twilio posts to request TwiML; `Digits` are the pressed keys."""
    form = {
        "AccountSid": settings.TWILIO_ACCOUNT_SID,
        "ApiVersion": API_VERSION,
        "CallSid": call.sid,
        "CallStatus": call.status,
        "Direction": "outbound-api",
        "From": call.sender,
        "Caller": call.sender,
        "To": call.recipient,
        "Called": call.recipient,
    }
    places = _places(From=call.sender, Caller=call.sender, To=call.recipient, Called=call.recipient)
    return form | places | more


def call_status_form(call: EmulatedCall, status: str) -> dict[str, str]:
    """What Twilio posts to a call's StatusCallback."""
    form = call_form(call, CallStatus=status) | {
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(SEQUENCE.get(status, 2)),
        "Timestamp": format_datetime(call.changed_at),
    }
    if status == EmulatedCall.Status.COMPLETED:
        form |= {"CallDuration": str(call.seconds), "Duration": str(-(-call.seconds // 60))}
    return form


def _places(**numbers: str) -> dict[str, str]:
    """Where numbers are, as far as the emulator knows."""
    form: dict[str, str] = {}
    for end, number in numbers.items():
        form |= {f"{end}City": "", f"{end}State": "", f"{end}Zip": ""}
        form[f"{end}Country"] = "US" if number.startswith("+1") else ""
    return form
