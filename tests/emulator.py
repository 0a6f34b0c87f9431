"""The emulated Twilio, served on a thread, for tests of whatever speaks to Twilio.

A `conftest.py` that wants it says `from tests.emulator import carrier, mailbox, receiver  # noqa: F401`. The test must
commit (`transactional_db`, which `carrier` asks for): the emulator answers from another thread and sees what is
committed.

Callbacks are not delivered by themselves: `sandbox.clock.advance(...)` or `callbacks.run_due(now)` does it, in
the test's own thread, so nothing happens behind a test's back.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator

from sandbox.twilio.server import Emulator


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """Serve on a thread; yields the base URL."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def carrier(transactional_db, settings):
    """The emulated Twilio, where TWILIO_API_BASE_URL points; yields that address."""
    with serving(Emulator(0)) as url:
        settings.TWILIO_API_BASE_URL = url
        yield url


@pytest.fixture
def mailbox(settings):
    """The sandbox's mailbox, in place of the one that pytest-django puts before every test."""
    settings.EMAIL_BACKEND = "sandbox.mailbox.SandboxMailBackend"


@dataclass
class Received:
    """A webhook that arrived."""

    path: str
    headers: dict[str, str]
    form: dict[str, str]
    is_signed: bool


@dataclass
class Receiver:
    """What stands in for the service's webhooks; `answers` holds the statuses of the next answers, else 200.

    `documents` holds what is answered next where a call asks what to say.
    """

    url: str = ""
    auth_token: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)

    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, number: int, seconds: float = 20) -> None:
        """Return when that many webhooks have arrived; fail when they do not come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= number, seconds), self.received

    def statuses(self) -> list[str]:
        """The message statuses told so far, in order."""
        return [one.form["MessageStatus"] for one in self.received]


@pytest.fixture
def receiver(settings):
    """A listener for webhooks, with PUBLIC_URL pointing at it."""
    box = Receiver(auth_token=settings.TWILIO_AUTH_TOKEN)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body, keep_blank_values=True))
            signed = RequestValidator(box.auth_token).validate(
                box.url + self.path, form, self.headers.get("X-Twilio-Signature", "")
            )
            with box.arrived:
                box.received.append(Received(self.path, dict(self.headers), form, signed))
                box.arrived.notify_all()
            self.send_response(box.answers.pop(0) if box.answers else 200)
            self.end_headers()
            if box.documents and self.path != "/status" and "CallSid" in form:
                self.wfile.write(box.documents.pop(0).encode())

        def log_message(self, *arguments):
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        box.url = settings.PUBLIC_URL = url
        yield box
