"""What an answer leaves unread of a body would be taken for the next request on the same connection.

A refusal does not wait for the body. gunicorn reads 64 kB more of it and then hangs up, having announced that it would
not: the client's next request fails, or this one, when the client still sends as the answer comes.
"""

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.conf import settings
from gunicorn.http.errors import ParseException

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STEP = 2**16
ROOM, SECONDS = 3 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE, 20  # read for nothing, so that the connection can stay
LINGERING_ROOM, LINGERING_SECONDS = 2**30, 5  # read after an answer that ends the connection, so that it arrives


class ReadLeftovers:
    """WSGI around everything: reads what is left of a body before the answer, or closes the connection and says so."""

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[Any]:
        client = environ.get("gunicorn.socket")
        if client is None:  # another server, where reading on might wait for ever
            return self.application(environ, start_response)
        body, is_read = environ["wsgi.input"], True

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal is_read
            is_read = ends_within(ROOM, SECONDS, body, client)
            if not is_read:
                announce_close(start_response)
            return start_response(status, headers, exc_info)

        answer = self.application(environ, start)
        return answer if is_read else Lingering(answer, body, client)


class Lingering:
    """An answer after which the client may first finish what it says, and so hears the answer."""

    def __init__(self, answer: Iterable[Any], body: Any, client: Any) -> None:
        self.answer, self.body, self.client = answer, body, client

    def __iter__(self) -> Iterator[Any]:
        return iter(self.answer)

    def close(self) -> None:
        if close := getattr(self.answer, "close", None):
            close()
        ends_within(LINGERING_ROOM, LINGERING_SECONDS, self.body, self.client)


def ends_within(most: int, seconds: float, body: Any, client: Any) -> bool:
    """Read on. Whether the body ends within so many bytes and seconds."""
    until = time.monotonic() + seconds
    try:
        while most > 0 and (left := until - time.monotonic()) > 0:
            client.settimeout(left)
            read = len(body.read(STEP))
            if not read:
                return True
            most -= read
    except (OSError, ParseException):  # too slow, gone, or no body as it should be
        return False
    finally:
        client.settimeout(None)
    return False


def announce_close(start_response: "StartResponse") -> None:
    """Have gunicorn say `Connection: close`: it takes that header from no application, but this is its own method."""
    start_response.__self__.force_close()  # type: ignore[attr-defined]
