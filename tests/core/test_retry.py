"""Whoever loses a race to another request does what was asked once more, and the client hears nothing of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db(transaction=True)

# A sequence counts tries, for it forgets none that was undone.
LOSE = """
CREATE SEQUENCE tries;
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'lost' USING ERRCODE = '{code}'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lose BEFORE INSERT ON crm_contact FOR EACH ROW EXECUTE FUNCTION lose()
"""
END = "DROP TRIGGER lose ON crm_contact; DROP FUNCTION lose; DROP SEQUENCE tries"


@contextmanager
def losing(times: int, code: str) -> Iterator[None]:
    """So many times PostgreSQL answers that contact with this error."""
    with connection.cursor() as cursor:
        cursor.execute(LOSE.format(times=times, code=code))
        try:
            yield
        finally:
            cursor.execute(END)


@pytest.mark.parametrize("code", ["40P01", "40001", "23503"])
def test_a_request_that_loses_is_done_again(api, alice, code):
    with losing(2, code):
        answer = api(alice).post("/contacts", {"first_name": "Mary"})

    assert answer.status_code == 201
    assert api(alice).get("/contacts").json()["total"] == 1


@pytest.mark.parametrize(("code", "status"), [("40P01", 503), ("23505", 409)])
def test_a_request_that_loses_again_and_again_says_so(api, alice, code, status):
    with losing(3, code):
        answer = api(alice).post("/contacts", {"first_name": "Mary"})

    assert answer.status_code == status
    assert api(alice).get("/contacts").json()["total"] == 0


def test_an_error_that_is_no_race_is_not_tried_again(api, alice):
    with losing(1, "22001"):  # a value too long
        answer = api(alice).post("/contacts", {"first_name": "Mary"})

    assert answer.status_code == 400
