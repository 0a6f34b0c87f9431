"""Refused bodies and odd addresses, over a kept connection to the web server as it is really started."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from launcher.process import die_with_us
from launcher.services import web

LARGE = 3 * 2**20  # within the limit, and more than the kernel holds for a server that does not read
REFUSED = [("/contacts", 401), ("/no-such-thing", 404)]


@pytest.fixture(scope="module")
def port():
    """Of gunicorn with the whole service; what is refused here needs no database."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = subprocess.Popen(
            [sys.executable, *web(listener.fileno())],
            pass_fds=[listener.fileno()],
            env=os.environ,
            preexec_fn=die_with_us(signal.SIGTERM),
        )
        yield listener.getsockname()[1]
        server.terminate()
        server.wait(30)


@pytest.fixture
def connection(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    yield connection
    connection.close()


def post(connection, path, body, **options):
    connection.request("POST", path, body, **options)
    answer = connection.getresponse()
    return answer, json.loads(answer.read())


def is_alive(connection):
    """Whether the same connection takes another request: no new one is made in silence."""
    connection.auto_open = 0
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    "A refusal leaves the connection open, whatever it refuses; beyond 15 MB it closes it and says so",
    "ours",
)
@pytest.mark.parametrize("size", [200_000, LARGE, 6 * 2**20])
@pytest.mark.parametrize(("path", "status"), REFUSED)
def test_a_connection_outlives_a_refusal_that_did_not_read_the_body(connection, path, status, size):
    answer, said = post(connection, path, b"x" * size)
    assert (answer.status, said["code"]) == (status, status)
    assert is_alive(connection)


def test_a_connection_outlives_a_body_beyond_the_limit(connection):
    answer, said = post(connection, "/oauth2/token", b"x" * 6 * 2**20)
    assert (answer.status, said["error"]) == (413, "invalid_request")
    assert is_alive(connection)


@pytest.mark.parametrize("size", [200_000, LARGE, 9 * 2**20])
def test_a_connection_outlives_a_refusal_of_chunks(connection, size):
    chunks = (b"x" * 100_000 for _ in range(size // 100_000))
    assert post(connection, "/no-such-thing", chunks, encode_chunked=True)[0].status == 404
    assert is_alive(connection)


def test_what_is_much_too_large_is_answered_and_the_connection_closed_as_announced(connection):
    answer, _ = post(connection, "/contacts", b"x" * 40 * 2**20)
    assert (answer.status, answer.getheader("Connection")) == (401, "close")
    with pytest.raises(http.client.NotConnected):
        is_alive(connection)


def test_a_client_that_leaves_amid_its_body_harms_nobody(port, connection):
    with socket.create_connection(("127.0.0.1", port)) as leaving:
        leaving.sendall(b"POST /contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\nx")
    connection.connect()
    assert is_alive(connection)


@pytest.mark.parametrize(("name", "status"), [("José", 401), ("a\0b", 400), ("a\x7f", 400), ("a\tb", 400)])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_an_address_may_hold_other_letters_than_asciis_but_no_controls(port, name, status, encoding):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(f"GET /contacts?first_name={name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(encoding))
        assert client.recv(1000).startswith(f"HTTP/1.1 {status} ".encode())
