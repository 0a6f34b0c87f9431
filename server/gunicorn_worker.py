"""gunicorn's thread worker, with a deadline for the headers of each request, and the API's errors."""

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from server.deadlines import HEADER_SECONDS, enforce_deadlines, lift_deadline, set_deadline
from server.gunicorn_errors import ErrorSocket


class DeadlineWorker(ThreadWorker):  # type: ignore[misc]
    """Set by `--worker-class`. The body has a separate deadline (server.request_body)."""

    def handle(self, conn: Any) -> Any:
        client = conn.sock
        set_deadline(client, HEADER_SECONDS)
        try:
            return super().handle(conn)
        finally:
            lift_deadline(client)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that gunicorn cannot read, or an application that failed."""
        super().handle_error(req, ErrorSocket(client), addr, exc)

    def notify(self) -> None:
        """Called at least once a second by the worker's main loop."""
        super().notify()
        enforce_deadlines(time.monotonic())
