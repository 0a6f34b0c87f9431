"""Twilio's REST API 2010-04-01, as far as this service speaks it: messages, calls and numbers."""

import base64
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet

from api import coercion as values
from sandbox import clock
from sandbox.models import EmulatedCall, EmulatedNumber, EmulatedText
from sandbox.twilio import calls, messages
from sandbox.twilio.error_codes import Refused
from sandbox.twilio.phone_numbers import e164
from sandbox.twilio.webhooks import API_VERSION

JSON = dict[str, Any]
Row = TypeVar("Row", EmulatedText, EmulatedCall)
PAGE_SIZE, LARGEST_PAGE = 50, 1000
MAX_DIGITS = 18  # of a number in a query: as many as an id has
ERROR_MESSAGES = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Carrier violation",
    30008: "Unknown error",
}


class Request(NamedTuple):
    """What a client asks."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    form: Mapping[str, list[str]]
    authorization: str

    def value(self, name: str) -> str:
        """Return the single value of a parameter of the form, otherwise of the query; empty without one."""
        values = self.form.get(name) or self.query.get(name) or [""]
        return values[0]


class Answer(NamedTuple):
    """The request."""

    status: int
    body: JSON


def answer(request: Request) -> Answer:
    """Answer a request as Twilio would."""
    try:
        _check_credentials(request.authorization)
        return _route(request)
    except Refused as refusal:
        return Answer(refusal.status, refusal.body)


def _check_credentials(authorization: str) -> None:
    expected = f"{settings.TWILIO_ACCOUNT_SID}:{settings.TWILIO_AUTH_TOKEN}"
    basic = f"Basic {base64.b64encode(expected.encode()).decode()}"
    if not hmac.compare_digest(authorization.encode(), basic.encode()):
        raise Refused(20003)


def _route(request: Request) -> Answer:
    prefix = f"/{API_VERSION}/Accounts/{settings.TWILIO_ACCOUNT_SID}"
    for pattern, methods in ROUTES:
        match = re.fullmatch(re.escape(prefix) + pattern, request.path)
        if match and request.method not in methods:
            raise Refused(20004)
        if match:
            return methods[request.method](request, *match.groups())
    raise Refused(20404, request.path)


# Messages


def create_message(request: Request) -> Answer:
    """`POST Messages.json`: take a text over."""
    text = messages.accept_text(
        to=request.value("To"),
        sender=request.value("From"),
        body=request.value("Body"),
        media=request.form.get("MediaUrl", []),
        status_url=request.value("StatusCallback"),
        clock=clock.read(),
    )
    return Answer(201, message_json(text))


def fetch_message(request: Request, sid: str) -> Answer:
    """`GET Messages/SM....json`."""
    text = EmulatedText.objects.filter(sid=sid).first()
    if text is None:
        raise Refused(20404, request.path)
    return Answer(200, message_json(text))


def list_messages(request: Request) -> Answer:
    """`GET Messages.json`: newest first, by `To`, `From` and when they were handed over (a queued one is found too)."""
    texts = _between(request, EmulatedText.objects.order_by("-id"))
    if moment := request.value("DateSent"):
        texts = _sent(texts, moment[: len("2027-01-05")], since=True, until=True)
    if moment := request.value("DateSent>"):
        texts = _sent(texts, moment, since=True)
    if moment := request.value("DateSent<"):
        texts = _sent(texts, moment, until=True)
    return _page(request, texts, "messages", message_json)


def _between(request: Request, rows: QuerySet[Row]) -> QuerySet[Row]:
    """Those to and from the numbers that are asked for."""
    for parameter, column in (("To", "recipient"), ("From", "sender")):
        if number := request.value(parameter):
            rows = rows.filter(**{column: e164(number) or number})
    return rows


def _sent(
    texts: QuerySet[EmulatedText], moment: str, *, since: bool = False, until: bool = False
) -> QuerySet[EmulatedText]:
    """Those from the beginning of this day or second on, or until its end."""
    try:
        start = values.parse_datetime(moment)
    except ValueError:
        return texts.none()
    end = start + (timedelta(days=1) if values.is_date_only(moment) else timedelta(seconds=1))
    texts = texts.filter(at__gte=start) if since else texts
    return texts.filter(at__lt=end) if until else texts


def message_json(text: EmulatedText) -> JSON:
    """A text as Twilio shows it."""
    uri = f"/{API_VERSION}/Accounts/{settings.TWILIO_ACCOUNT_SID}/Messages/{text.sid}"
    return {
        "account_sid": settings.TWILIO_ACCOUNT_SID,
        "api_version": API_VERSION,
        "body": text.body,
        "date_created": _date(text.at),
        "date_sent": _date(text.sent_at),
        "date_updated": _date(text.changed_at),
        "direction": text.direction,
        "error_code": text.error_code,
        "error_message": ERROR_MESSAGES.get(text.error_code or 0),
        "from": text.sender,
        "messaging_service_sid": None,
        "num_media": str(len(text.media)),
        "num_segments": str(text.segments),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": text.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.recipient,
        "uri": f"{uri}.json",
    }


# Calls


def create_call(request: Request) -> Answer:
    """`POST Calls.json`: make a call."""
    call = calls.accept_call(
        to=request.value("To"),
        sender=request.value("From"),
        url=request.value("Url"),
        status_url=request.value("StatusCallback"),
        events=request.form.get("StatusCallbackEvent", []),
        clock=clock.read(),
    )
    return Answer(201, call_json(call))


def fetch_call(request: Request, sid: str) -> Answer:
    """`GET Calls/CA....json`."""
    call = EmulatedCall.objects.filter(sid=sid).first()
    if call is None:
        raise Refused(20404, request.path)
    return Answer(200, call_json(call))


def list_calls(request: Request) -> Answer:
    """`GET Calls.json`: newest first, by `To`, `From` and `Status`."""
    made = _between(request, EmulatedCall.objects.order_by("-id"))
    if status := request.value("Status"):
        made = made.filter(status=status)
    return _page(request, made, "calls", call_json)


def call_json(call: EmulatedCall) -> JSON:
    """A call as Twilio shows it, without its spoken text."""
    uri = f"/{API_VERSION}/Accounts/{settings.TWILIO_ACCOUNT_SID}/Calls/{call.sid}"
    return {
        "account_sid": settings.TWILIO_ACCOUNT_SID,
        "annotation": None,
        "answered_by": None,
        "api_version": API_VERSION,
        "caller_name": None,
        "date_created": _date(call.at),
        "date_updated": _date(call.changed_at),
        "direction": "outbound-dial" if call.parent else "outbound-api",
        "duration": str(call.seconds) if call.ended_at else None,
        "end_time": _date(call.ended_at),
        "forwarded_from": None,
        "from": call.sender,
        "from_formatted": call.sender,
        "group_sid": None,
        "parent_call_sid": call.parent.sid if call.parent else None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": _date(call.answered_at),
        "status": call.status,
        "subresource_uris": {"events": f"{uri}/Events.json"},
        "to": call.recipient,
        "to_formatted": call.recipient,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }


# Numbers


def list_available(request: Request, country: str) -> Answer:
    """`GET AvailablePhoneNumbers/US/Local.json`: unsold numbers, all of them reserved for fiction."""
    if country != "US":
        raise Refused(20404, request.path)
    area_code = request.value("AreaCode")
    if area_code and not messages.is_area_code(area_code):
        raise Refused(21452, area_code)
    free = messages.free_numbers(int(area_code) if area_code else None)
    numbers = [available_json(number) for number in islice(free, _page_size(request))]
    return Answer(200, {"available_phone_numbers": numbers, "uri": request.path})


def available_json(number: str) -> JSON:
    """A number on sale, as Twilio shows it."""
    return {
        "address_requirements": "none",
        "beta": False,
        "capabilities": {"MMS": True, "SMS": True, "fax": False, "voice": True},
        "friendly_name": number,
        "iso_country": "US",
        "lata": None,
        "latitude": None,
        "locality": None,
        "longitude": None,
        "phone_number": number,
        "postal_code": None,
        "rate_center": None,
        "region": None,
    }


def buy_number(request: Request) -> Answer:
    """`POST IncomingPhoneNumbers.json`."""
    bought = messages.buy_number(
        number=request.value("PhoneNumber"),
        area_code=request.value("AreaCode"),
        friendly_name=request.value("FriendlyName"),
        sms_url=request.value("SmsUrl"),
        now=clock.now(),
    )
    return Answer(201, number_json(bought))


def list_numbers(request: Request) -> Answer:
    """`GET IncomingPhoneNumbers.json`: the numbers the account has bought."""
    messages.own_alert_number(clock.now())
    numbers = EmulatedNumber.objects.order_by("-id")
    if number := request.value("PhoneNumber"):
        numbers = numbers.filter(number=e164(number) or number)
    return _page(request, numbers, "incoming_phone_numbers", number_json)


def fetch_number(request: Request, sid: str) -> Answer:
    """`GET IncomingPhoneNumbers/PN....json`."""
    return Answer(200, number_json(_number(request, sid)))


def change_number(request: Request, sid: str) -> Answer:
    """`POST IncomingPhoneNumbers/PN....json`: where its texts are announced, and its name."""
    number = _number(request, sid)
    if "SmsUrl" in request.form:
        number.sms_url = request.value("SmsUrl")
    if "FriendlyName" in request.form:
        number.friendly_name = request.value("FriendlyName")
    number.save()
    return Answer(200, number_json(number))


def _number(request: Request, sid: str) -> EmulatedNumber:
    number = EmulatedNumber.objects.filter(sid=sid).first()
    if number is None:
        raise Refused(20404, request.path)
    return number


def number_json(number: EmulatedNumber) -> JSON:
    """A bought number, as Twilio shows it."""
    return {
        "account_sid": settings.TWILIO_ACCOUNT_SID,
        "api_version": API_VERSION,
        "beta": False,
        "capabilities": {"mms": True, "sms": True, "fax": False, "voice": True},
        "date_created": _date(number.bought_at),
        "date_updated": _date(number.bought_at),
        "friendly_name": number.friendly_name,
        "origin": "twilio",
        "phone_number": number.number,
        "sid": number.sid,
        "sms_method": "POST",
        "sms_url": number.sms_url,
        "status": "in-use",
        "uri": f"/{API_VERSION}/Accounts/{settings.TWILIO_ACCOUNT_SID}/IncomingPhoneNumbers/{number.sid}.json",
    }


# What they share


def _page(request: Request, rows: QuerySet[Any], key: str, as_json: Callable[[Any], JSON]) -> Answer:
    """One page of Twilio's list envelope; the token of the next page is the id it begins below."""
    size = _page_size(request)
    if below := request.value("PageToken").removeprefix("PA"):
        rows = rows.none() if (first := whole_number(below)) is None else rows.filter(pk__lt=first)
    found = list(rows[: size + 1])
    shown, number = found[:size], whole_number(request.value("Page")) or 0
    following = {"Page": number + 1, "PageToken": f"PA{shown[-1].pk}"} if len(found) > size else None
    envelope = {
        "end": number * size + max(len(shown) - 1, 0),
        "first_page_uri": _address(request, {"Page": 0}),
        "next_page_uri": _address(request, following) if following else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": None,
        "start": number * size,
        "uri": _address(request, {"Page": number}),
    }
    return Answer(200, {key: [as_json(row) for row in shown], **envelope})


def _page_size(request: Request) -> int:
    asked = whole_number(request.value("PageSize"))
    return PAGE_SIZE if asked is None else max(1, min(asked, LARGEST_PAGE))


def whole_number(text: str) -> int | None:
    """Return the number that a query names; None for any other text."""
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else None


def _address(request: Request, place: Mapping[str, object]) -> str:
    kept = {name: values[0] for name, values in request.query.items() if name not in ("Page", "PageToken")}
    return f"{request.path}?{urlencode({**kept, 'PageSize': _page_size(request), **place})}"


def _date(moment: datetime | None) -> str | None:
    return format_datetime(moment) if moment else None


Verb = Callable[..., Answer]
ROUTES: Sequence[tuple[str, Mapping[str, Verb]]] = [
    (r"/Messages\.json", {"GET": list_messages, "POST": create_message}),
    (r"/Messages/([SM]M\w{32})\.json", {"GET": fetch_message}),
    (r"/Calls\.json", {"GET": list_calls, "POST": create_call}),
    (r"/Calls/(CA\w{32})\.json", {"GET": fetch_call}),
    (r"/AvailablePhoneNumbers/(\w\w)/Local\.json", {"GET": list_available}),
    (r"/IncomingPhoneNumbers\.json", {"GET": list_numbers, "POST": buy_number}),
    (r"/IncomingPhoneNumbers/(PN\w{32})\.json", {"GET": fetch_number, "POST": change_number}),
]
