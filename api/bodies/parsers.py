"""Request bodies: parsed as JSON or as a form, for any content type."""

import json
from collections.abc import Iterable, Mapping
from io import BytesIO
from itertools import chain
from math import inf, isinf
from typing import IO, Any, NoReturn
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.utils.http import parse_header_parameters
from rest_framework.parsers import BaseParser, MultiPartParser

from api.bodies.charset import WIDE_CODECS, BodyTooLarge, codec_of, decode
from api.bodies.form_decoding import MixedUse, build_object, nest_pairs
from api.lists.query_parser import decode_octets, parameters
from core.errors import DomainError
from core.text import to_nfc

MAX_DEPTH = 50  # levels of lists and objects in a body
MAX_DIGITS = 4300  # of a number in a body; Python reads no more
MAX_FIELDS = 1000  # of a form
MAX_PARTS = 100_000  # lists and objects in a body: read, each takes a hundred times what it takes in JSON


class BadBody(DomainError):
    """The body is not a JSON object."""


class JSONParser(BaseParser):
    """A JSON object, or an empty body, which is an empty one. The content type counts only where it names a form.

    A form counts as an object of texts, lists and objects; PHP's cURL sends it in parts by default.
    """

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        return unwrap_data(self.read(read_all(stream), media_type or "", parser_context))

    def read(self, body: bytes, media_type: str, parser_context: Mapping[str, Any] | None) -> dict[str, Any]:
        """The body as its content type has it."""
        kind, options = parse_header_parameters(media_type)
        codec = codec_of(str(options.get("charset", "")))
        if kind == "multipart/form-data":
            context = {**(parser_context or {}), "encoding": "latin-1"}  # each octet unchanged, for `decode_octets`
            return read_multipart(MultiPartParser().parse(BytesIO(body), media_type, context), codec)
        if codec in WIDE_CODECS:
            body, codec = decode(body, codec).encode(), "utf-8"
        is_form = kind == "application/x-www-form-urlencoded" and not body.lstrip().startswith((b"{", b"["))
        return read_form(body, codec) if is_form else read_object(body, codec)


def unwrap_data(read: dict[str, Any]) -> dict[str, Any]:
    """A body without the `data: {...}` that examples of the documentation put around it."""
    inner = read.get("data")
    return inner if len(read) == 1 and isinstance(inner, dict) else read


def read_all(stream: IO[Any]) -> bytes:
    """The whole body, which must keep to the limit."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise BodyTooLarge
    return body


def read_object(body: bytes, codec: str = "") -> dict[str, Any]:
    """The JSON object in `body`, free of what a database cannot store, or BadBody."""
    if not body.strip():
        return {}
    parts = body.count(b"[") + body.count(b"{")
    if parts > MAX_PARTS:
        raise BadBody(f"The body holds more than {MAX_PARTS} lists and objects.")
    numbers = NumberReader()
    try:
        read = json.loads(
            decode(body, codec),
            parse_constant=_refuse_constant,
            parse_int=numbers.whole,
            parse_float=numbers.fraction,
            object_pairs_hook=build_object,
        )
    except MixedUse as error:
        raise _bad_value(error.name, "is sent more than once.") from None
    except RecursionError:
        raise BadBody("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise BadBody(f"The body is not valid JSON: {error}.") from None
    if isinstance(read, list):
        raise BadBody("The body is a list, but bulk create is not supported: send one object.")
    if not isinstance(read, dict):
        raise BadBody("The body must be a JSON object.")
    if b"\\u" in body or parts > MAX_DEPTH or numbers.are_too_large:  # otherwise there is nothing to find
        check_storable(read)
    return normalize_body(read) if b"\\u" in body or not body.isascii() else read


class NumberReader:
    """Reads the numbers of one body. One that is too large becomes infinite, so that its field can be named."""

    are_too_large = False

    def whole(self, digits: str) -> int | float:
        return int(digits) if len(digits) <= MAX_DIGITS else self.too_large()

    def fraction(self, digits: str) -> float:
        number = float(digits) if len(digits) <= MAX_DIGITS else inf
        return self.too_large() if isinf(number) else number

    def too_large(self) -> float:
        self.are_too_large = True
        return inf


def read_form(body: bytes, codec: str = "") -> dict[str, Any]:
    """The fields of a plain form, as text and what its names' brackets describe."""
    if body.count(b"&") >= MAX_FIELDS:
        raise BadBody(f"The form has more than {MAX_FIELDS} fields.")
    if codec in ("", "utf-8"):
        return read_pairs(parameters(body.strip().decode("latin-1")))
    parts = (part.replace(b"+", b" ").partition(b"=") for part in body.strip().split(b"&") if part)
    return read_pairs((decode_part(name, codec), decode_part(value, codec)) for name, _, value in parts)


def decode_part(octets: bytes, codec: str) -> str:
    """Decode a name or value of a form part that has its own charset."""
    return decode(unquote_to_bytes(octets), codec)


def read_multipart(form: Any, codec: str) -> dict[str, Any]:
    """The fields of a form that came in parts, likewise. A file is a value that no field takes."""
    texts = ((name, decode_text(value, codec)) for name, values in form.data.lists() for value in values)
    files = ((name, file) for name, values in form.files.lists() for file in values)
    return read_pairs(chain(texts, files))


def decode_text(value: str, codec: str) -> str:
    """The text of a part, whose octets are given as Latin-1."""
    return decode(value.encode("latin-1"), codec) if codec else decode_octets(value)


def read_pairs(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """What names and values describe, free of what a database cannot store, or BadBody."""
    try:
        read = nest_pairs(pairs, MAX_DEPTH)
    except MixedUse as error:
        raise _bad_value(error.name, "is sent both with and without brackets.") from None
    check_storable(read)
    return normalize_body(read)


def normalize_body(body: dict[str, Any]) -> dict[str, Any]:
    """A body with every text in NFC, as text is stored and compared."""
    return {to_nfc(key): normalize_value(value) for key, value in body.items()}


def normalize_value(value: Any) -> Any:
    if isinstance(value, str):
        return to_nfc(value)
    if isinstance(value, dict):
        return normalize_body(value)
    return [normalize_value(part) for part in value] if isinstance(value, list) else value


def check_storable(read: dict[str, Any]) -> None:
    """Raise BadBody naming the first key whose name or value a database could not keep."""
    for key, value in read.items():
        if fault := find_unstorable(key, MAX_DEPTH) or find_unstorable(value, MAX_DEPTH):
            raise _bad_value(key, fault)


def find_unstorable(value: object, levels: int) -> str | None:
    """Why a database could not keep `value`, as a predicate; in JSON only escapes and numbers can be such."""
    if isinstance(value, str):
        if "\0" in value:
            return "may not contain a NUL character."
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            return "contains half of a surrogate pair, which is not a character."
        return None
    if isinstance(value, float) and isinf(value):
        return "holds a number that is too large."
    if not isinstance(value, dict | list):
        return None
    if not levels:
        return "is nested too deeply."
    parts = value if isinstance(value, list) else [*value.keys(), *value.values()]
    return next((fault for part in parts if (fault := find_unstorable(part, levels - 1))), None)


def _refuse_constant(name: str) -> NoReturn:
    raise BadBody(f"The body is not valid JSON: it holds {name}.")


def _bad_value(key: str, what: str) -> BadBody:
    name = key.replace("\0", "").encode("utf-8", "replace").decode()[:100]
    message = f"{name} {what}"
    return BadBody(message, errors={name: message})
