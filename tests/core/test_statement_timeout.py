"""A request gives up a database that says nothing."""

import pytest
from django.db import connection
from psycopg import OperationalError
from psycopg.errors import DivisionByZero, QueryCanceled

from core.db.statement_timeout import ImpatientConnection


@pytest.fixture
def impatient(db, monkeypatch):
    monkeypatch.setattr(ImpatientConnection, "patience", 0.2)
    with ImpatientConnection.connect(**connection.get_connection_params()) as own:
        yield own


def test_a_statement_without_an_answer_is_given_up_and_its_connection_with_it(impatient):
    with pytest.raises(OperationalError):
        impatient.execute("SELECT pg_sleep(1)")
    assert impatient.closed


def test_a_connection_whose_statement_failed_goes_on(impatient):
    impatient.autocommit = True
    impatient.execute("SET statement_timeout = 50")
    for statement, error in (("SELECT 1 / 0", DivisionByZero), ("SELECT pg_sleep(60)", QueryCanceled)):
        with pytest.raises(error):
            impatient.execute(statement)
    assert impatient.execute("SELECT 1").fetchone() == (1,)
