"""Client-side limits on how long requests and workers wait for PostgreSQL.

A frozen or overloaded server keeps its connections open and sends nothing, which no network time-out detects. Requests
would occupy all threads of the web part, and even `/readyz` could not answer.
"""

from typing import Any

from psycopg import Connection, OperationalError
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus


class TimeoutConnection(Connection[Any]):
    """Gives a statement up, and itself with it. Made by the pools of web and workers (config.wsgi, .celery)."""

    timeout_seconds = 30.0  # seconds, for one statement: more than any of a request's takes, and less than proxies have

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.timeout_seconds if timeout is None else timeout)
        except OperationalError:
            # the answer may still arrive, and is ignored
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


class WorkerConnection(TimeoutConnection):
    """Batches take longer than requests, but no statement as long as a worker may go without moving on."""

    timeout_seconds = 70.0


# Ends the statement on the server, too, before WorkerConnection gives it up.
WORKER_OPTIONS = "-c statement_timeout=60s"
