"""Clients that send half a request, or drip it, hold up no other: over real connections to the server as it starts."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import httpx
import pytest

from launcher.process import die_with_us
from launcher.services import web
from server import deadlines

HEADERS = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
BODY = b"POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: 100\r\n\r\nabc"
CHUNK = b"POST /contacts HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc"
TOKEN = b"Authorization: Bearer %s\r\n" % (b"a" * 40)
HALVES = {
    "headers": HEADERS,
    "nothing": b"",
    "anonymous body": BODY % (b"/oauth2/token", b""),
    "body without a token": BODY % (b"/contacts", b""),
    "body with a token": BODY % (b"/contacts", TOKEN),
    "chunk": CHUNK,
}
SHORT = "; ".join(
    [
        "import server.deadlines as d",
        "d.HEADER_SECONDS = d.BODY_SECONDS = 2",
        "from gunicorn.app.wsgiapp import run",
        "run()",
    ]
)


@pytest.fixture(scope="module")
def port():
    yield from served(web)


@pytest.fixture(scope="module")
def hasty_port():
    """Of the same server with deadlines of two seconds."""
    yield from served(lambda listener: ["-c", SHORT, *web(listener)[2:]])


def served(command):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = subprocess.Popen(
            [sys.executable, *command(listener.fileno())],
            pass_fds=[listener.fileno()],
            env=os.environ,
            preexec_fn=die_with_us(signal.SIGTERM),
        )
        yield listener.getsockname()[1]
        server.terminate()
        server.wait(30)


def is_well(port):
    return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=4).status_code == 200


@pytest.mark.parametrize("half", HALVES)
def test_half_requests_hold_up_no_other(port, half):
    httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=60)  # it has started
    with ExitStack() as held:
        for _ in range(24):
            client = held.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(HALVES[half])
        assert all(is_well(port) for _ in range(10))


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    "A body that does not arrive within 30 seconds is answered 408, and the connection closed",
    "ours",
)
@pytest.mark.parametrize("half", ["headers", "body with a token", "chunk"])
def test_who_drips_meets_the_deadline_all_the_same(hasty_port, half):
    with socket.create_connection(("127.0.0.1", hasty_port), timeout=60) as client:
        client.sendall(HALVES[half] + (b"X-Drip: " if half == "headers" else b""))
        client.settimeout(0.2)
        received = drip_until_closed(client)
    if half == "headers":
        assert received == b""
    else:
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"Connection: close" in head
        assert json.loads(body)["code"] == 408


def drip_until_closed(client):
    """Send a byte each time nothing comes; return all that came until the server closed."""
    received = b""
    for _ in range(300):
        try:
            part = client.recv(4096)
            if not part:
                return received
            received += part
        except TimeoutError:
            try:
                client.sendall(b"x")
            except OSError:
                return received
        except ConnectionError:
            return received
    raise AssertionError("The server never closed the connection.")


def test_a_body_that_ends_early_is_refused(port):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(HALVES["anonymous body"])
        client.shutdown(socket.SHUT_WR)
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_who_does_not_read_the_answer_is_cut_off():
    server, client = socket.socketpair()
    with server, client:
        deadlines.set_deadline(server, -1, socket.SHUT_RDWR)
        deadlines.enforce_deadlines(float("inf"))
        assert client.recv(1) == b""
        assert not deadlines.lift_deadline(server)


def test_a_connection_that_met_its_deadline_stays():
    server, client = socket.socketpair()
    with server, client:
        deadlines.set_deadline(server, -1)
        assert deadlines.lift_deadline(server)
        deadlines.enforce_deadlines(float("inf"))
        client.sendall(b"x")
        assert server.recv(1) == b"x"
