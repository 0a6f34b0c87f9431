"""Whatever moment is taken in can be shown, in any zone; and what means "no date" is none."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api import coercion
from core import clock
from teams.models import User
from teams.timezones import to_local, to_utc

ZONES = sorted(available_timezones())
NO_DATES = [
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00.0000000+02:00",
    "0001-01-01T08:00:00Z",
    "0001-01-01",
    " 0001-01-01 00:00:00 ",
    "00010101T000000Z",
]
CALL = {"description": "Call", "action_type": "Call Contact"}
SEEN = {"source": "Crm", "type": "Website Visit"}


@pytest.mark.contract(
    "Slashes, verbs and bodies", "A date-time before the year 1000 or in the last two days of 9999 is 400", "ours"
)
@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(ZONES))
@example(coercion.EARLIEST, "America/Adak")
@example(coercion.END - timedelta(microseconds=1), "Pacific/Kiritimati")
@example(datetime(1, 1, 1, tzinfo=UTC), "America/Los_Angeles")
@example(datetime(9999, 12, 31, 23, tzinfo=UTC), "Asia/Tokyo")
def test_any_moment_that_is_taken_in_can_be_shown_in_any_zone(at, name):
    try:
        taken = coercion.parse_datetime(at.isoformat())
    except ValueError as refusal:
        assert str(refusal) == "must lie between 1000-01-01 and 9999-12-30."  # noqa: PT017
    else:
        local = to_local(taken, ZoneInfo(name))
        assert abs(to_utc(local + timedelta(days=1), ZoneInfo(name)) - taken) < timedelta(days=3)
        assert coercion.format_datetime(taken - timedelta(days=1))


@given(st.datetimes(timezones=st.timezones()))
@example(datetime(1, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")))
@example(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=ZoneInfo("America/Los_Angeles")))
def test_any_moment_can_be_compared_with(at):
    start, end = coercion.date_range(at.isoformat())
    assert start <= end


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    "The first day of the year 1, which .NET and Go send for no date, is null, or now where the server would set it",
    "ours",
)
@pytest.mark.parametrize("no_date", NO_DATES)
def test_no_date_is_now_where_the_server_sets_it_and_null_where_there_may_be_none(api, alice, no_date):
    contact = api(alice).made("/contacts", {"first_name": "Mary", "created_at": no_date, "modified_at": no_date})
    event = api(alice).made("/events", {"contact_id": contact["id"], **SEEN, "created_at": no_date})
    path = f"/contacts/{contact['id']}/activities"
    activity = api(alice).made(path, {"body": "Called.", "happened_at": no_date})
    task = api(alice).made("/tasks", {"contact_id": contact["id"], **CALL, "due_at": no_date})

    now = clock.now()
    for at in (contact["created_at"], contact["modified_at"], event["created_at"], activity["happened_at"]):
        assert now - datetime.fromisoformat(at) < timedelta(minutes=5)
    assert task["due_at"] is None


def test_no_date_in_a_change_clears_what_may_be_empty_and_leaves_the_rest(api, alice):
    given_at = "2018-01-16T09:09:09.000Z"
    contact = api(alice).made("/contacts", {"first_name": "Mary", "created_at": given_at})
    task = api(alice).made("/tasks", {"contact_id": contact["id"], **CALL, "due_at": given_at})

    no_date = "0001-01-01T00:00:00Z"
    assert api(alice).patch(f"/contacts/{contact['id']}", {"created_at": no_date}).json()["created_at"] == given_at
    assert api(alice).patch(f"/tasks/{task['id']}", {"due_at": no_date}).json()["due_at"] is None
    assert api(alice).get(f"/tasks?due_at={no_date}").json()["total"] == 1
    assert api(alice).get(f"/tasks?due_at[$ne]={no_date}").json()["total"] == 0


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "America/Adak"])
@pytest.mark.parametrize("at", ["1000-01-01T00:00:00Z", "9999-12-29T23:59:59.999Z"])
def test_the_outermost_moments_are_shown_in_the_admin_and_worked_with(api, client, alice, at, timezone):
    User.objects.filter(pk=alice.pk).update(timezone=timezone)
    alice.refresh_from_db()
    contact = api(alice).made("/contacts", {"first_name": "Mary", "created_at": at, "modified_at": at})
    task = {"contact_id": contact["id"], **CALL, "due_at": at}
    api(alice).made("/tasks", task)
    recurring = api(alice).made("/api/v1/tasks", task | {"assigned_user_id": alice.pk, "recurrence_rule": "FREQ=DAILY"})

    assert api(alice).patch(f"/api/v1/tasks/{recurring['id']}", {"status": "complete"}).status_code == 200
    client.force_login(alice)
    for page in ("/admin/crm/contact/", f"/admin/crm/contact/{contact['id']}/change/", "/admin/campaigns/task/"):
        assert client.get(page).status_code == 200
