"""What comes in and goes out is JSON, whatever the headers say."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from math import isinf
from typing import IO, Any, NoReturn

from django.conf import settings
from django.http import QueryDict
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from config.api.forms import nested
from config.api.grammar import parameters
from config.api.values import milliseconds_z
from config.errors import DomainError

DEEPEST = 50  # levels of lists and objects in a body
MOST_PARTS = 100_000  # lists and objects in a body: read, each takes a hundred times what it takes in JSON


class BadBody(DomainError):
    """The body is not a JSON object."""


class TooLarge(DomainError):
    """The body is larger than this service takes."""

    status = 413


class JSONParser(BaseParser):
    """A JSON object, or nothing at all, which is an empty one. The content type is asked only by what is no JSON.

    A form counts as an object of texts, lists and objects; PHP's cURL sends it in parts when nobody tells it otherwise.
    """

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        return bare(self.read(read_all(stream), media_type or "", parser_context))

    def read(self, body: bytes, media_type: str, parser_context: Mapping[str, Any] | None) -> dict[str, Any]:
        """The body as its content type has it."""
        kind = media_type.lower()
        if kind.startswith("multipart/form-data"):
            return read_multipart(MultiPartParser().parse(BytesIO(body), media_type, parser_context).data)
        is_form = kind.startswith("application/x-www-form-urlencoded")
        return read_form(body) if is_form and not body.lstrip().startswith((b"{", b"[")) else read_object(body)


def bare(read: dict[str, Any]) -> dict[str, Any]:
    """A body without the `data: {...}` that examples of the documentation put around it."""
    inner = read.get("data")
    return inner if len(read) == 1 and isinstance(inner, dict) else read


def read_all(stream: IO[Any]) -> bytes:
    """The whole body, which must keep to the limit."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"The body is larger than {limit // 2**20} MB.")
    return body


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, free of what a database cannot store, or BadBody."""
    if not body.strip():
        return {}
    parts = body.count(b"[") + body.count(b"{")
    if parts > MOST_PARTS:
        raise BadBody(f"The body holds more than {MOST_PARTS} lists and objects.")
    try:
        read = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeDecodeError:
        raise BadBody("The body is not UTF-8.") from None
    except RecursionError:
        raise BadBody("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise BadBody(f"The body is not valid JSON: {error}.") from None
    except ValueError:  # Python refuses to read numbers of more than 4,300 digits
        raise BadBody("The body holds a number that is too long.") from None
    if isinstance(read, list):
        raise BadBody("The body is a list, but bulk create is not supported: send one object.")
    if not isinstance(read, dict):
        raise BadBody("The body must be a JSON object.")
    if b"\\u" in body or parts > DEEPEST:  # otherwise there is nothing to find
        refuse_unstorable(read)
    return read


def read_form(body: bytes) -> dict[str, Any]:
    """The fields of a plain form, as text and what its names' brackets tell of."""
    read = nested(parameters(body.strip().decode("latin-1")), DEEPEST)
    refuse_unstorable(read)
    return read


def read_multipart(parts: QueryDict) -> dict[str, Any]:
    """The fields of a form that came in parts, likewise; files are passed over."""
    read = nested(((name, value) for name, given in parts.lists() for value in given), DEEPEST)
    refuse_unstorable(read)
    return read


def refuse_unstorable(read: dict[str, Any]) -> None:
    """Raise BadBody naming the first key whose name or value a database could not keep."""
    for key, value in read.items():
        if fault := unstorable(key, DEEPEST) or unstorable(value, DEEPEST):
            raise _bad_value(key, fault)


def unstorable(value: object, levels: int) -> str | None:
    """Why a database could not keep `value`, as a predicate; only JSON's escapes can bring such characters in."""
    if isinstance(value, str):
        if "\0" in value:
            return "may not contain a NUL character."
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            return "holds half of a surrogate pair, which is no character."
        return None
    if not isinstance(value, dict | list):
        return None
    if not levels:
        return "is nested too deeply."
    parts = value if isinstance(value, list) else [*value.keys(), *value.values()]
    return next((fault for part in parts if (fault := unstorable(part, levels - 1))), None)


def _refuse_constant(name: str) -> NoReturn:
    raise BadBody(f"The body is not valid JSON: it holds {name}.")


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise BadBody(f"The body is not valid JSON: {digits[:100]} is too large a number.")
    return number


def _bad_value(key: str, what: str) -> BadBody:
    name = key.replace("\0", "").encode("utf-8", "replace").decode()[:100]
    message = f"{name} {what}"
    return BadBody(message, errors={name: message})


class JSONRenderer(BaseRenderer):
    """Compact JSON in UTF-8."""

    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8 by definition

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else to_json(data)


def to_json(data: Any) -> bytes:
    """`data` as this service writes it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_plain).encode("utf-8", "replace")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return milliseconds_z(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


class AlwaysJSON(BaseContentNegotiation):
    """Takes any body for JSON and answers JSON to any Accept, or none: no 406, no 415."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
