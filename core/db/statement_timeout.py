"""How long requests and workers wait for an answer of PostgreSQL.

A server that is frozen, or busy beyond measure, keeps its connections open and says nothing: no time-out of the network
notices. Requests would hold all threads of the web part, and not even `/readyz` could be answered.
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
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # the answer may still come, to nobody
                self.pgconn.finish()
            raise


class WorkerConnection(TimeoutConnection):
    """Batches take longer than requests, but no statement as long as a worker may go without moving on."""

    timeout_seconds = 70.0


# Ends the statement on the server, too, before WorkerConnection gives it up.
WORKER_OPTIONS = "-c statement_timeout=60s"
