"""The page "My availability and alerts" of an agent in the admin."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from leads.notifications.pause_presets import pause_presets
from tests.leads.conftest import NOON, make_option

PAGE = "/admin/leads/leadoffer/test-alert/"
LOS_ANGELES = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def desk(bob):
    client = Client()
    client.force_login(bob)
    return client


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def shown(desk):
    return " ".join(desk.get(PAGE).content.decode().split())


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2027-03-01T20:00", ["2027-03-01T21:00", "2027-03-02T16:00", "2027-03-08T16:00"]),  # Monday noon
        ("2027-03-06T07:30", ["2027-03-06T08:30", "2027-03-06T16:00", "2027-03-08T16:00"]),  # Friday, near midnight
        ("2027-03-13T20:00", ["2027-03-13T21:00", "2027-03-14T15:00", "2027-03-15T15:00"]),  # the clocks change
        ("2027-03-07T20:00", ["2027-03-07T21:00", "2027-03-08T16:00"]),  # Sunday: tomorrow is Monday
    ],
)
def test_pauses_end_in_the_morning_of_the_users_time_zone(now, ends):
    moments = [pause.until for pause in pause_presets(datetime.fromisoformat(now).replace(tzinfo=UTC), LOS_ANGELES)]

    assert [f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}" for moment in moments] == ends


def test_one_tap_pauses_until_monday(desk, api, alice, bob, dana, lead, run):
    answer = desk.post(PAGE, {"pause": "monday"}, follow=True)

    bob.refresh_from_db()
    assert bob.paused_until == datetime(2027, 3, 8, 16, tzinfo=UTC)
    assert said(answer) == ["You get no leads until Monday, March 8, 08:00."]
    assert "You get no leads now: paused until Mar 8, 08:00." in shown(desk)
    api(alice).post(f"/leads/{lead.pk}/offers")
    assert [offer.user for offer in lead.offers.all()] == [dana]


def test_one_tap_ends_the_pause(desk, bob):
    assert "Resume now" not in shown(desk)
    desk.post(PAGE, {"pause": "hour"})
    assert "Resume now" in shown(desk)

    answer = desk.post(PAGE, {"pause": ""}, follow=True)

    bob.refresh_from_db()
    assert bob.paused_until is None
    assert said(answer) == ["The pause has ended. You get leads again."]


def test_hours_and_days_off_are_saved(desk, bob):
    typed = {"paused_until": "2027-03-02T09:30", "working_hours": "Mon-Fri 9-17", "days_off": "2027-07-04, 2027-12-25"}

    answer = desk.post(PAGE, typed | {"phone": bob.phone, "timezone": bob.timezone, "_save": ""}, follow=True)

    bob.refresh_from_db()
    assert said(answer) == ["Saved."]
    assert bob.paused_until == datetime(2027, 3, 2, 17, 30, tzinfo=UTC)
    assert (bob.working_hours, [str(day) for day in bob.days_off]) == ("Mon-Fri 9-17", ["2027-07-04", "2027-12-25"])
    page = shown(desk)
    assert 'value="2027-03-02T09:30"' in page
    assert 'value="2027-07-04, 2027-12-25"' in page


def test_an_invalid_value_shows_an_error_at_its_field(desk, bob):
    typed = {"timezone": bob.timezone, "paused_until": "", "working_hours": "Mon-Fun 9-17", "days_off": "soon"}

    answer = desk.post(PAGE, typed | {"_save": ""})

    errors = answer.context["form"].errors
    assert list(errors) == ["working_hours", "days_off"]
    assert "fun" in errors["working_hours"][0]
    assert 'value="Mon-Fun 9-17"' in answer.content.decode()
    bob.refresh_from_db()
    assert bob.working_hours == ""


def test_the_page_shows_turn_limits_and_warnings_in_each_team(desk, alice, bob, team):
    make_option(team, bob, rank=2, cap_open=3, cap_day=0, paused_until=NOON.replace(hour=23))
    alice.created_teams.create(name="Lions").memberships.create(user=bob, request_status="Accepted")

    page = shown(desk)

    assert "<b>Lions</b>" in page
    assert "You get no leads from this team." in page
    assert "Rank 2, alerts by text" in page
    assert "At most 3 open leads, 0 now; at most 0 a day, 0 today" in page
    assert '<span class="warning">Paused until Mar 1, 15:00</span>' in page


def test_the_page_shows_why_alerts_are_not_delivered(desk, bob, team):
    make_option(team, bob, has_text_alert=True)
    bob.phone, bob.working_hours = "", "Sun 3-4"
    bob.save()

    page = shown(desk)

    assert "No valid phone number" in page
    assert "You get no leads now: outside working hours." in page


def test_phone_and_time_zone_are_saved(desk, bob, team):
    make_option(team, bob)
    bob.phone = ""
    bob.save()
    wrong = desk.post(PAGE, {"phone": "none", "timezone": "Mars", "_save": ""}).context["form"].errors
    assert list(wrong) == ["phone", "timezone"]

    desk.post(PAGE, {"phone": "949 555 0177", "timezone": "America/Denver", "_save": ""})

    bob.refresh_from_db()
    assert (bob.phone_e164, bob.timezone) == ("+19495550177", "America/Denver")
    assert "You have no valid phone" not in shown(desk)


def test_unchanged_fields_are_not_saved(desk, bob):
    """A stored phone that cannot be parsed does not prevent saving the working hours."""
    bob.phone = "ask at the desk"
    bob.save()

    desk.post(PAGE, {"phone": "ask at the desk", "timezone": bob.timezone, "working_hours": "Mon 9-17", "_save": ""})

    bob.refresh_from_db()
    assert bob.working_hours == "Mon 9-17"


def test_the_page_shows_an_invitation(desk, bob, team):
    member = team.memberships.get(user=bob)
    assert "You are invited." not in shown(desk)
    team.memberships.update(request_status="Pending")

    assert f'You are invited. <a href="/admin/teams/teammember/{member.pk}/change/">Answer</a>' in shown(desk)


def test_a_user_without_a_team_has_the_page(charlie):
    client = Client()
    client.force_login(charlie)

    assert "You are not a member of a team" in client.get(PAGE).content.decode()


def test_the_page_requires_a_csrf_token(bob):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)

    assert client.post(PAGE, {"pause": "monday"}).status_code == 403
