"""gunicorn's thread worker, with a deadline for every request's headers."""

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from server.deadlines import HEADER_SECONDS, enforce_deadlines, lift_deadline, set_deadline


class DeadlineWorker(ThreadWorker):  # type: ignore[misc]
    """Named by `--worker-class`. What comes after the headers sets its own deadline (server.request_body)."""

    def handle(self, conn: Any) -> Any:
        client = conn.sock
        set_deadline(client, HEADER_SECONDS)
        try:
            return super().handle(conn)
        finally:
            lift_deadline(client)

    def notify(self) -> None:
        """Called at least once a second by the worker's main loop."""
        super().notify()
        enforce_deadlines(time.monotonic())
