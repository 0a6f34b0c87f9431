"""How moments are read from PostgreSQL. Psycopg's own way takes as long as all the rest of a row."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.psycopg_any import get_adapters_template
from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzLoader


class IsoTimestamptzLoader(TimestamptzLoader):
    """Read PostgreSQL's spelling, which is ISO 8601.

    Values outside the range of datetime are left to psycopg's error.
    """

    timezone = UTC  # Django asks whether it is the connection's

    def load(self, data: Buffer) -> datetime:
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            return super().load(data)


def register() -> None:
    """Let all connections of this process read so."""
    get_adapters_template(settings.USE_TZ, connection.timezone).register_loader("timestamptz", IsoTimestamptzLoader)
