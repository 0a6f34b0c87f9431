"""Going through a list: by cursors, far into it, and without its total."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.lists import pagination
from teams.models import Team

pytestmark = pytest.mark.usefixtures("shelf")

DAWN = datetime(2018, 1, 16, 9, 9, 9, 123456, UTC)
SORTS = [
    "",
    "$sort[id]=-1",
    "$sort[name]=1",
    "$sort[name]=-1",
    "$sort[created_at]=-1",
    "$sort[mins_until_next_alert]=1",
    "$sort[mins_until_next_alert]=-1",
    "$sort[order_method]=1&$sort[mins_until_next_alert]=-1&$sort[name]=1",
]


@pytest.fixture
def ask(api, alice):
    """`ask("$limit=2")` is the body of Alice's list of shelves."""
    client = api(alice)

    def get(query=""):
        answer = client.http.get("/shelves", QUERY_STRING=query, headers=client.headers)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return get


@pytest.fixture
def refused(api, alice):
    """`refused("$cursor=x")` is the body of a 400."""
    client = api(alice)

    def get(query):
        answer = client.http.get("/shelves", QUERY_STRING=query, headers=client.headers)
        assert answer.status_code == 400, answer.content
        return answer.json()

    return get


def fill(alice, rows):
    """Teams of these (name, minutes or none, seconds after dawn)."""
    Team.objects.bulk_create(
        Team(creator=alice, name=name, mins_until_next_alert=minutes, created_at=DAWN + timedelta(seconds=seconds))
        for name, minutes, seconds in rows
    )


@pytest.fixture
def shelves(alice):
    fill(alice, [("b", 5, 0), ("A", None, 1), ("a", 5, 1), ("ü", None, 1), ("", 0, -1), ("B", 7, 0), ("a", 0, 9)])


def walk(ask, query, limit):
    """All rows, page by page, each from the cursor of the one before."""
    rows, cursor = [], ""
    while cursor is not None:
        body = ask(f"{query}&$limit={limit}&$cursor={cursor}")
        assert len(body["data"]) <= limit
        rows += body["data"]
        cursor = body["cursor"]
    return rows


@pytest.mark.contract("Lists", "`$cursor` leads through a list at the same cost everywhere", "ours")
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_cursors_lead_through_the_whole_list_in_its_order(ask, shelves, sort, limit):
    assert walk(ask, sort, limit) == ask(f"{sort}&$limit=50")["data"]


names = st.text(st.sampled_from("aAbü%\\ "), max_size=3)
rows = st.lists(st.tuples(names, st.none() | st.integers(0, 2), st.integers(0, 2)), max_size=8)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, sort=st.sampled_from(SORTS), limit=st.integers(1, 4))
def test_cursors_miss_no_row_and_show_none_twice(ask, alice, rows, sort, limit):
    Team.objects.all().delete()
    fill(alice, rows)
    assert walk(ask, sort, limit) == ask(f"{sort}&$limit=50")["data"]


def test_a_row_that_goes_meanwhile_disturbs_no_cursor(ask, shelves):
    first = ask("$limit=3&$cursor=")
    Team.objects.filter(pk=first["data"][-1]["id"]).delete()
    assert len(ask(f"$limit=10&$cursor={first['cursor']}")["data"]) == 4


def test_a_cursor_comes_only_when_asked_for_and_ends_in_null(ask, shelves):
    assert "cursor" not in ask("$limit=3")
    assert ask("$limit=3&$cursor=")["cursor"]
    assert ask("$limit=7&$cursor=") | {"data": None} == {
        "total": 7,
        "limit": 7,
        "skip": 0,
        "cursor": None,
        "data": None,
    }


def test_a_cursor_goes_on_under_the_same_filters(ask, shelves):
    assert [row["name"] for row in walk(ask, "name[$like]=a&$sort[created_at]=-1", 1)] == ["a", "a", "A"]


@pytest.mark.parametrize("forged", ["x", "eyJ9:1:2", "%00", "W10:1vX:abc", "1" * 5000])
def test_what_is_no_cursor_is_refused_by_name(refused, forged):
    assert "$cursor" in refused(f"$cursor={forged}")["errors"]


def test_a_cursor_belongs_to_its_order(ask, refused, shelves):
    cursor = ask("$limit=1&$sort[name]=1&$cursor=")["cursor"]
    assert refused(f"$sort[name]=-1&$cursor={cursor}")["message"] == "$cursor belongs to another $sort."


def test_skip_and_cursor_exclude_each_other(refused):
    assert "$skip" in refused("$skip=2&$cursor=")["errors"]


@pytest.mark.contract("Lists", "`$total=false` leaves the total out", "ours")
def test_the_total_is_left_out_when_asked(ask, refused, shelves):
    body = ask("$limit=2&$total=false")
    assert "total" not in body
    assert len(body["data"]) == 2
    assert ask("$limit=2&$total=true")["total"] == 7
    assert "$total" in refused("$total=perhaps")["errors"]


@pytest.mark.parametrize("sort", SORTS)
def test_a_page_found_from_the_end_is_the_page_found_from_the_front(ask, shelves, sort, monkeypatch):
    plain = [ask(f"{sort}&$limit=3&$skip={skip}") for skip in range(10)]
    monkeypatch.setattr(pagination, "MAX_NEAR_SKIP", 0)
    assert [ask(f"{sort}&$limit=3&$skip={skip}") for skip in range(10)] == plain


def add_a_team(alice):
    fill(alice, [("late", None, 0)])
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_row_that_comes_while_a_page_is_found_from_the_end_shifts_nothing(ask, alice, shelves, monkeypatch):
    monkeypatch.setattr(pagination, "MAX_NEAR_SKIP", 0)
    count = pagination.FeathersPagination.count

    def count_then_somebody_adds(self):
        total = count(self)
        rival = Thread(target=add_a_team, args=[alice])
        rival.start()
        rival.join()
        return total

    monkeypatch.setattr(pagination.FeathersPagination, "count", count_then_somebody_adds)
    body = ask("$limit=2&$skip=5")
    assert (body["total"], [row["name"] for row in body["data"]]) == (7, ["B", "a"])
