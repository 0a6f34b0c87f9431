"""Somebody else at work at the same time, on a connection of their own."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from django.db import connection, connections


class Rival(Thread):
    """Does one thing in a thread."""

    error: BaseException | None = None

    def begin(self, act: Callable[[], Any]) -> None:
        self.act, self.connected = act, Event()
        self.start()

    def run(self) -> None:
        try:
            connection.ensure_connection()
            self.pid = connection.connection.info.backend_pid
            self.connected.set()
            self.act()
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()

    def wait_until_it_waits(self) -> None:
        """Return once PostgreSQL says that it waits for a lock."""
        assert self.connected.wait(10)
        for _ in range(200):
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_locks WHERE pid = %s AND NOT granted", [self.pid])
                if cursor.fetchone() is not None:
                    return
            self.join(0.05)
        raise AssertionError("It never waited.") from self.error

    def finish(self) -> None:
        """Return once it is done; raise what it died of."""
        self.join()
        if self.error is not None:
            raise self.error
