"""A request gives up on a database that does not answer."""

import pytest
from django.db import connection
from psycopg import OperationalError
from psycopg.errors import DivisionByZero, QueryCanceled

from core.db.statement_timeout import TimeoutConnection


@pytest.fixture
def timeout_connection(db, monkeypatch):
    monkeypatch.setattr(TimeoutConnection, "timeout_seconds", 0.2)
    with TimeoutConnection.connect(**connection.get_connection_params()) as own:
        yield own


def test_a_statement_without_an_answer_is_given_up_and_its_connection_with_it(timeout_connection):
    with pytest.raises(OperationalError):
        timeout_connection.execute("SELECT pg_sleep(1)")
    assert timeout_connection.closed


def test_a_connection_whose_statement_failed_goes_on(timeout_connection):
    timeout_connection.autocommit = True
    timeout_connection.execute("SET statement_timeout = 50")
    for statement, error in (("SELECT 1 / 0", DivisionByZero), ("SELECT pg_sleep(60)", QueryCanceled)):
        with pytest.raises(error):
            timeout_connection.execute(statement)
    assert timeout_connection.execute("SELECT 1").fetchone() == (1,)
