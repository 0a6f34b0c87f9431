"""Taking no leads for a while: the agent's own page in the admin."""

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
def test_pauses_end_in_the_morning_of_ones_own_clock(now, ends):
    moments = [pause.until for pause in pause_presets(datetime.fromisoformat(now).replace(tzinfo=UTC), LOS_ANGELES)]

    assert [f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}" for moment in moments] == ends


def test_no_leads_until_monday_at_one_tap(desk, api, alice, bob, dana, lead, run):
    answer = desk.post(PAGE, {"pause": "monday"}, follow=True)

    bob.refresh_from_db()
    assert bob.paused_until == datetime(2027, 3, 8, 16, tzinfo=UTC)
    assert said(answer) == ["You get no leads until Monday, March 8, 08:00."]
    assert "You get no leads now: paused until Mar 8, 08:00." in shown(desk)
    api(alice).post(f"/leads/{lead.pk}/offers")
    assert [offer.user for offer in lead.offers.all()] == [dana]


def test_the_pause_is_ended_at_one_tap(desk, bob):
    assert "Resume now" not in shown(desk)
    desk.post(PAGE, {"pause": "hour"})
    assert "Resume now" in shown(desk)

    answer = desk.post(PAGE, {"pause": ""}, follow=True)

    bob.refresh_from_db()
    assert bob.paused_until is None
    assert said(answer) == ["The pause has ended. You get leads again."]


def test_hours_and_days_off_are_set_as_they_are_typed(desk, bob):
    typed = {"paused_until": "2027-03-02T09:30", "working_hours": "Mon-Fri 9-17", "days_off": "2027-07-04, 2027-12-25"}

    answer = desk.post(PAGE, typed | {"phone": bob.phone, "timezone": bob.timezone, "_save": ""}, follow=True)

    bob.refresh_from_db()
    assert said(answer) == ["Saved."]
    assert bob.paused_until == datetime(2027, 3, 2, 17, 30, tzinfo=UTC)
    assert (bob.working_hours, [str(day) for day in bob.days_off]) == ("Mon-Fri 9-17", ["2027-07-04", "2027-12-25"])
    page = shown(desk)
    assert 'value="2027-03-02T09:30"' in page
    assert 'value="2027-07-04, 2027-12-25"' in page


def test_what_cannot_be_read_is_said_beside_its_field(desk, bob):
    typed = {"timezone": bob.timezone, "paused_until": "", "working_hours": "Mon-Fun 9-17", "days_off": "soon"}

    answer = desk.post(PAGE, typed | {"_save": ""})

    errors = answer.context["form"].errors
    assert list(errors) == ["working_hours", "days_off"]
    assert "fun" in errors["working_hours"][0]
    assert 'value="Mon-Fun 9-17"' in answer.content.decode()
    bob.refresh_from_db()
    assert bob.working_hours == ""


def test_it_shows_ones_turn_in_each_team_how_much_one_takes_and_what_is_the_matter(desk, alice, bob, team):
    make_option(team, bob, rank=2, cap_open=3, cap_day=0, paused_until=NOON.replace(hour=23))
    alice.created_teams.create(name="Lions").memberships.create(user=bob, request_status="Accepted")

    page = shown(desk)

    assert "<b>Lions</b>" in page
    assert "You get no leads from this team." in page
    assert "Rank 2, alerts by text" in page
    assert "At most 3 open leads, 0 now; at most 0 a day, 0 today" in page
    assert '<span class="matter">Paused until Mar 1, 15:00</span>' in page


def test_it_shows_what_keeps_alerts_from_oneself(desk, bob, team):
    make_option(team, bob, has_text_alert=True)
    bob.phone, bob.working_hours = "", "Sun 3-4"
    bob.save()

    page = shown(desk)

    assert "No valid phone number" in page
    assert "You get no leads now: outside working hours." in page


def test_ones_own_phone_and_zone_are_set_there(desk, bob, team):
    make_option(team, bob)
    bob.phone = ""
    bob.save()
    wrong = desk.post(PAGE, {"phone": "none", "timezone": "Mars", "_save": ""}).context["form"].errors
    assert list(wrong) == ["phone", "timezone"]

    desk.post(PAGE, {"phone": "949 555 0177", "timezone": "America/Denver", "_save": ""})

    bob.refresh_from_db()
    assert (bob.phone_e164, bob.timezone) == ("+19495550177", "America/Denver")
    assert "You have no valid phone" not in shown(desk)


def test_what_was_not_changed_is_not_written(desk, bob):
    """A phone from elsewhere that we cannot read does not keep anybody from saying when they work."""
    bob.phone = "ask at the desk"
    bob.save()

    desk.post(PAGE, {"phone": "ask at the desk", "timezone": bob.timezone, "working_hours": "Mon 9-17", "_save": ""})

    bob.refresh_from_db()
    assert bob.working_hours == "Mon 9-17"


def test_an_invitation_is_found_there(desk, bob, team):
    member = team.memberships.get(user=bob)
    assert "You are invited." not in shown(desk)
    team.memberships.update(request_status="Pending")

    assert f'You are invited. <a href="/admin/teams/teammember/{member.pk}/change/">Answer</a>' in shown(desk)


def test_a_stranger_to_all_teams_has_a_page_too(charlie):
    client = Client()
    client.force_login(charlie)

    assert "You are not a member of a team" in client.get(PAGE).content.decode()


def test_it_needs_a_token_against_forgery(bob):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)

    assert client.post(PAGE, {"pause": "monday"}).status_code == 403
