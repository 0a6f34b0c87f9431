"""Reads request bodies before the application runs: completely, within a deadline, in threads that hold nothing else.

- A client that sends half a body costs a waiting thread, but no database connection and no slot of the application.
- Django reads Content-Length octets, and treats a chunked body without one as empty: here it gets a length.
- Octets that a response left unread would be taken for the next request on the same connection.
"""

import socket
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore
from typing import IO, TYPE_CHECKING, Any, cast

from django.conf import settings
from gunicorn.http.errors import ParseException

from api.bodies.renderers import to_json
from api.exceptions import error_json
from server.deadlines import ANSWER_SECONDS, BODY_SECONDS, lift_deadline, set_deadline

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CHUNK_BYTES = 2**16
MAX_BODY_BYTES = 3 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # beyond it the connection is closed after the answer
MAX_MEMORY_BYTES = 2**20  # of one body; the rest waits in a temporary file
MAX_DRAINED_BYTES, DRAIN_SECONDS = 2**30, 5  # read after an answer that ends the connection, so that it arrives


class ReadBodyMiddleware:
    """WSGI around everything: gives the application a body that has arrived."""

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[Any]:
        client = environ.get("gunicorn.socket")
        if client is None:  # another server, with deadlines of its own
            return self.application(environ, start_response)
        body = environ["wsgi.input"]
        set_deadline(client, BODY_SECONDS)
        kept, size, is_whole = read_body(body)
        is_in_time = lift_deadline(client)
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            environ["CONTENT_LENGTH"] = str(size)
        is_short = is_whole and size < int(environ.get("CONTENT_LENGTH") or 0)  # the connection ended
        if is_short or not (is_whole or size > MAX_BODY_BYTES):
            announce_close(start_response)
            return error_response(400 if is_in_time else 408, start_response)
        environ["wsgi.input"] = kept
        if not is_whole:
            announce_close(start_response)
        answer = self.application(environ, start_response)
        set_deadline(client, ANSWER_SECONDS, socket.SHUT_RDWR)
        return answer if is_whole else DrainingResponse(answer, body, client)


def read_body(body: Any) -> tuple[IO[bytes], int, bool]:
    """Return the body, its size so far, and whether that is all of it."""
    kept: IO[bytes] = SpooledTemporaryFile(MAX_MEMORY_BYTES)  # noqa: SIM115  # closed with the request
    size = 0
    is_whole = False
    try:
        while size <= MAX_BODY_BYTES and not is_whole:
            part = body.read(CHUNK_BYTES)
            size += kept.write(part)
            is_whole = not part
    except (OSError, ParseException):  # too slow, gone, or not a body
        pass
    kept.seek(0)
    return kept, size, is_whole


def error_response(status: int, start_response: "StartResponse") -> list[bytes]:
    """Answer a request whose body is incomplete."""
    message = f"The body did not arrive within {BODY_SECONDS} seconds." if status == 408 else "The body is incomplete."
    body = to_json(error_json(status, message))
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, ("Access-Control-Allow-Origin", "*")])
    return [body]


class DrainingResponse:
    """An answer after which the client may first finish its body, and so receives the answer."""

    def __init__(self, answer: Iterable[Any], body: Any, client: socket.socket) -> None:
        self.answer, self.body, self.client = answer, body, client

    def __iter__(self) -> Iterator[Any]:
        return iter(self.answer)

    def close(self) -> None:
        if close := getattr(self.answer, "close", None):
            close()
        left = MAX_DRAINED_BYTES
        set_deadline(self.client, DRAIN_SECONDS)
        try:
            while left > 0 and (part := self.body.read(CHUNK_BYTES)):
                left -= len(part)
        except (OSError, ParseException):
            pass


def announce_close(start_response: "StartResponse") -> None:
    """Make gunicorn send `Connection: close`, by its own method: it ignores that header of applications."""
    start_response.__self__.force_close()  # type: ignore[attr-defined]


class ConcurrencyLimitMiddleware:
    """WSGI middleware: limits concurrent requests in Django, while many more are received or read by their clients."""

    def __init__(self, application: "WSGIApplication", most: int) -> None:
        self.application, self.turns = application, BoundedSemaphore(most)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[Any]:
        with self.turns:
            answer: Any = self.application(environ, start_response)
            if isinstance(answer, environ.get("wsgi.file_wrapper", ())):  # a static file, sent by the server
                return cast("Iterable[bytes]", answer)
            try:
                return [b"".join(answer)]
            finally:  # before the client has read it: closing gives the database connection back
                if close := getattr(answer, "close", None):
                    close()
