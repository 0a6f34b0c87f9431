"""Compressed request bodies, by their `Content-Encoding`."""

import zlib
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api.bodies.charset import BadEncoding, BodyTooLarge, UnsupportedBody
from api.exceptions import error_response
from core.errors import DomainError

GZIP: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS}
ZLIB_HEADER: Final = 0x78  # deflate with a window of 32 kB, the only one that is in use


class DecompressionMiddleware:
    """Gives Django the body that a Content-Encoding packs, for every address, before any view reads it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        content_encoding = request.META.get("HTTP_CONTENT_ENCODING", "")
        if content_encoding and request.META.get("CONTENT_LENGTH") not in (None, "", "0"):
            try:
                replace_body(request, content_encoding)
            except DomainError as error:
                return error_response(error.status, error.message)
        return self.get_response(request)


def replace_body(request: HttpRequest, content_encoding: str) -> None:
    """Let the request have come without a Content-Encoding."""
    packed = request.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    if len(packed) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise BodyTooLarge
    request._body = decompress(packed, content_encoding)
    request.META["CONTENT_LENGTH"] = str(len(request._body))


def decompress(body: bytes, content_encoding: str) -> bytes:
    """Return the decompressed body. Only one Content-Encoding is supported.

    Reads no more than the size limit of a body, for any compression ratio.
    Raises UnsupportedBody, BodyTooLarge, BadEncoding.
    """
    name = content_encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in GZIP and name != "deflate":
        raise UnsupportedBody(f"Content-Encoding {name[:50]} is not supported: send gzip, deflate or none.")
    # Many programs send deflate without the header that RFC 9110 asks for.
    is_raw = name == "deflate" and body[:1] != bytes([ZLIB_HEADER])
    window = GZIP.get(name, -zlib.MAX_WBITS if is_raw else zlib.MAX_WBITS)
    reader, limit = zlib.decompressobj(window), settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        plain = reader.decompress(body, limit + 1)
    except zlib.error:
        raise BadEncoding(f"The body is not {name}, contrary to its Content-Encoding.") from None
    if len(plain) > limit:
        raise BodyTooLarge
    if not reader.eof or reader.unused_data:
        raise BadEncoding(f"The body is not one complete {name} stream, contrary to its Content-Encoding.")
    return plain
