"""HTTP for the emulated Twilio: one thread a connection, and one that delivers the callbacks."""

import json
import logging
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from core import clock, scheduler
from sandbox.twilio import callbacks, rest
from sandbox.twilio.error_codes import Refused
from sandbox.twilio.messages import AnswerLost, NoAnswer

logger = logging.getLogger(__name__)

LONGEST_FORM = 1_000_000
HANG_SECONDS = 30
TOGETHER_SECONDS = 0.05  # requests come in bursts: one look for all of them
LOOK_SECONDS = 1.0  # between looks for callbacks that fell due without a request, such as after a restart


class Emulator(ThreadingHTTPServer):
    """The server. A request wakes the thread that delivers callbacks."""

    daemon_threads = True  # an idle connection of a client's pool must not hold up the end
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.something_happened = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: Emulator
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120  # of an idle connection

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep no log of requests: they name numbers."""

    def _serve(self) -> None:
        if self.path == "/healthz":
            self._answer(rest.Answer(200, {"status": "ok"}))
            return
        try:
            answer = rest.answer(self._request())
        except AnswerLost:
            self.close_connection = True
        except NoAnswer:
            connection.close()  # a hanging client must not keep one from the pool
            self._hang()
        except Exception:
            logger.exception("The emulator failed at %s", self.path)
            self._answer(rest.Answer(500, Refused(20500).body))
        else:
            self._answer(answer)
        finally:
            connection.close()
            self.server.something_happened.set()

    def _request(self) -> rest.Request:
        address = urlsplit(self.path)
        length = min(rest.whole_number(self.headers.get("Content-Length", "")) or 0, LONGEST_FORM)
        return rest.Request(
            method=self.command,
            path=address.path,
            query=parse_qs(address.query, keep_blank_values=True),
            form=parse_qs(self.rfile.read(length).decode(), keep_blank_values=True),
            authorization=self.headers.get("Authorization", ""),
        )

    def _answer(self, answer: rest.Answer) -> None:
        content = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _hang(self) -> None:
        """Send nothing until the client disconnects."""
        self.close_connection = True
        self.connection.settimeout(None)
        select.select([self.connection], [], [], HANG_SECONDS)

    def handle(self) -> None:
        """Serve the connection. A client that disconnects is not an error."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True


def deliver_for_ever(emulator: Emulator) -> None:
    """Deliver callbacks as they fall due, unless the clock is being moved: then its mover does."""
    pause, trouble = 0.0, ""
    while not is_migrated():
        time.sleep(LOOK_SECONDS)
    while True:
        if emulator.something_happened.wait(pause):
            time.sleep(TOGETHER_SECONDS)
        emulator.something_happened.clear()
        try:
            pause, trouble = _deliver(), ""
        except Exception as error:  # such as a database that is being started; what is due stays due
            pause, before, trouble = LOOK_SECONDS, trouble, f"{error!r:.200}"
            if trouble != before:
                logger.warning("Callbacks have to wait: %s", trouble, exc_info=not isinstance(error, DatabaseError))
        finally:
            connection.close()


def is_migrated() -> bool:
    """Return whether our tables exist: `up` starts us before it migrates, because the demo user buys a number here."""
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes("sandbox"))
    except DatabaseError:
        return False
    finally:
        connection.close()


def _deliver() -> float:
    """Deliver what is due and return how many seconds to wait before looking again."""
    with scheduler.shared_clock() as held:
        if not held:
            return LOOK_SECONDS
        callbacks.run_due(clock.now())
        following = callbacks.next_due_at()
        return LOOK_SECONDS if following is None else _within_look((following - clock.now()).total_seconds())


def _within_look(seconds: float) -> float:
    return min(max(seconds, 0.0), LOOK_SECONDS)


def run(port: int) -> None:
    """Serve on 127.0.0.1 until a signal."""
    emulator = Emulator(port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=deliver_for_ever, args=[emulator], daemon=True).start()
    logger.info("The emulated Twilio answers on 127.0.0.1:%s", port)
    with suppress(KeyboardInterrupt):
        emulator.serve_forever()
