"""Deadlines of connections: a client that sends or reads too slowly is cut off, however steadily it drips.

A socket's own time-out begins again with each byte; these do not.
"""

import socket
import time
from contextlib import suppress
from threading import Lock

HEADER_SECONDS = 10  # from the first byte of a request to the end of its headers
BODY_SECONDS = 30
ANSWER_SECONDS = 60  # for the client to read the whole answer

_lock = Lock()  # a connection that has just met its deadline must not be cut off in its next request
_deadlines: dict[socket.socket, tuple[float, int]] = {}


def set_deadline(client: socket.socket, seconds: float, how: int = socket.SHUT_RD) -> None:
    """Shut down reading (or `how`) unless the deadline is lifted or replaced within `seconds`."""
    with _lock:
        _deadlines[client] = (time.monotonic() + seconds, how)


def lift_deadline(client: socket.socket) -> bool:
    """Return whether the connection was still within its deadline."""
    with _lock:
        return _deadlines.pop(client, None) is not None


def enforce_deadlines(now: float) -> None:
    """Shut down what is late at `now` (monotonic). A thread that waits for the client sees the end of its data."""
    with _lock:
        for client, (deadline, how) in list(_deadlines.items()):
            if deadline <= now:
                del _deadlines[client]
                with suppress(OSError):  # the client has left
                    client.shutdown(how)
