"""What a team lead sets about distribution: fallbacks, windows, weights, caps, pauses; and what is refused by name."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from messaging import consent
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User

OPTIONS = "/team-member-distribution-options"
OURS = {
    "timezone": "America/New_York",
    "holidays": ["2027-07-04", "2027-12-25"],
    "is_exclusive_window": True,
    "claim_preview": "Area",
    "mins_until_alarm": 30,
    "mins_until_contact": 60,
    "mins_until_fallback": 15,
    "fallback_target": "Pond",
}


def refused(answer, field, status=400):
    """What the API said about this field."""
    assert answer.status_code == status, answer.content
    assert field in answer.json()["errors"], answer.content
    return answer.json()["errors"][field]


@pytest.fixture
def teams(alice, api):
    """Three of alice's, by name."""
    names = ("First", "Second", "Third")
    return {name: api(alice).made("/teams", {"name": name})["id"] for name in names}


def option(team: Team, user: User, **given):
    return {"team_id": team.pk, "user_id": user.pk, "assign_automatically": False} | given


# Teams


def test_what_is_ours_comes_back(alice, api):
    made = api(alice).made("/teams", {"name": "Pride"} | OURS)
    assert {name: made[name] for name in OURS} == OURS
    changed = api(alice).patch(f"/teams/{made['id']}", {"claim_preview": "message", "mins_until_alarm": "0"}).json()
    assert (changed["claim_preview"], changed["mins_until_alarm"]) == ("Message", 0)


def test_until_it_is_set_all_of_it_is_off(alice, api):
    made = api(alice).made("/teams", {"name": "Plain"})
    assert {name: made[name] for name in (*OURS, "fallback_team_id", "fallback_user_id")} == dict.fromkeys(OURS) | {
        "timezone": "",
        "holidays": [],
        "is_exclusive_window": False,
        "claim_preview": "Summary",
        "fallback_team_id": None,
        "fallback_user_id": None,
    }


def test_holidays_come_as_a_list_or_parted_by_commas_and_are_kept_once_in_order(alice, team, api):
    change = api(alice).patch
    path = f"/teams/{team.pk}"
    assert change(path, {"holidays": "2027-12-25, 2027-07-04,2027-12-25"}).json()["holidays"] == OURS["holidays"]
    assert change(path, {"name": "Renamed"}).json()["holidays"] == OURS["holidays"]
    for nothing in ("", None, []):
        change(path, {"holidays": OURS["holidays"]})
        assert change(path, {"holidays": nothing}).json()["holidays"] == []
    assert "must be a date" in refused(change(path, {"holidays": ["Easter"]}), "holidays")
    assert "at most 1000" in refused(change(path, {"holidays": ["2027-01-01"] * 1001}), "holidays")


@pytest.mark.parametrize("field", ["mins_until_alarm", "mins_until_contact", "mins_until_fallback"])
def test_minutes_are_not_negative_and_none_is_without(alice, team, api, field):
    refused(api(alice).patch(f"/teams/{team.pk}", {field: -1}), field)
    assert api(alice).patch(f"/teams/{team.pk}", {field: 5}).json()[field] == 5
    assert api(alice).patch(f"/teams/{team.pk}", {field: ""}).json()[field] is None


@pytest.mark.parametrize("field", ["mins_until_alarm", "mins_until_fallback"])
def test_zero_minutes_are_at_once(alice, team, api, field):
    assert api(alice).patch(f"/teams/{team.pk}", {field: 0}).json()[field] == 0


def test_a_zone_is_named_in_any_case_or_is_the_creators(alice, team, api):
    change = api(alice).patch
    assert change(f"/teams/{team.pk}", {"timezone": "america/denver"}).json()["timezone"] == "America/Denver"
    assert "IANA" in refused(change(f"/teams/{team.pk}", {"timezone": "Denver"}), "timezone")
    assert change(f"/teams/{team.pk}", {"timezone": None}).json()["timezone"] == ""


def test_the_last_window_may_not_close_as_it_opens(alice, team, api):
    both = {"is_exclusive_window": True, "mins_until_fallback": 0}
    refused(api(alice).patch(f"/teams/{team.pk}", both), "mins_until_fallback")
    refused(api(alice).post("/teams", {"name": "New"} | both), "mins_until_fallback")


# Fallbacks


@pytest.mark.parametrize(("target", "field"), [("Team", "fallback_team_id"), ("User", "fallback_user_id")])
def test_a_fallback_needs_its_id_and_an_id_its_target(alice, team, teams, api, target, field):
    path, given = f"/teams/{teams['First']}", teams["Second"] if target == "Team" else alice.pk
    assert "is required" in refused(api(alice).patch(path, {"fallback_target": target}), field)
    assert target in refused(api(alice).patch(path, {field: given}), "fallback_target")
    kept = api(alice).patch(path, {"fallback_target": target, field: given}).json()
    assert (kept["fallback_target"], kept[field]) == (target, given)
    assert "is required" in refused(api(alice).patch(path, {field: 0}), field)
    assert api(alice).patch(path, {"fallback_target": "Pond"}).json()[field] is None
    assert api(alice).patch(path, {"fallback_target": None}).json()["fallback_target"] is None


def test_leads_fall_back_to_ones_own_teams_and_to_those_who_work_here(alice, bob, charlie, team, teams, api):
    path = f"/teams/{teams['First']}"
    others = Team.objects.create(creator=bob, name="Bob's")
    TeamMember.objects.create(team=others, user=alice, request_status="Accepted")
    refused(api(alice).patch(path, {"fallback_target": "Team", "fallback_team_id": others.pk}), "fallback_team_id")
    refused(api(alice).patch(path, {"fallback_target": "User", "fallback_user_id": charlie.pk}), "fallback_user_id")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    refused(api(alice).patch(path, {"fallback_target": "User", "fallback_user_id": bob.pk}), "fallback_user_id")


def test_a_loop_of_fallbacks_is_refused_with_its_teams_in_order(alice, teams, api):
    def falls_back(name, to):
        return api(alice).patch(f"/teams/{teams[name]}", {"fallback_target": "Team", "fallback_team_id": teams[to]})

    assert falls_back("First", "Second").status_code == 200
    assert falls_back("Second", "Third").status_code == 200
    words = refused(falls_back("Third", "First"), "fallback_team_id")
    assert words.index("Third") < words.index("First") < words.index("Second") < words.rindex("Third")
    assert "First" in refused(falls_back("First", "First"), "fallback_team_id")
    assert falls_back("First", "Third").status_code == 200


def test_a_team_that_another_falls_back_to_stays(alice, teams, api):
    api(alice).patch(f"/teams/{teams['First']}", {"fallback_target": "Team", "fallback_team_id": teams["Second"]})
    answer = api(alice).delete(f"/teams/{teams['Second']}")
    assert answer.status_code == 409
    assert answer.json()["data"] == {"teams": [teams["First"]]}


# Weights


def test_somebody_must_have_a_weight_in_a_round_robin(alice, bob, dana, team, api):
    client = api(alice)
    client.patch(f"/teams/{team.pk}", {"order_method": "round robin"})
    refused(client.post(OPTIONS, option(team, bob, weight=0)), "weight")
    bobs = client.made(OPTIONS, option(team, bob))
    danas = client.made(OPTIONS, option(team, dana, weight=0))
    refused(client.patch(f"{OPTIONS}/{bobs['id']}", {"weight": 0}), "weight")
    assert client.patch(f"{OPTIONS}/{danas['id']}", {"weight": 3}).json()["weight"] == 3
    assert client.patch(f"{OPTIONS}/{bobs['id']}", {"weight": 0}).json()["warnings"][-1]["code"] == "zero_weight"


def test_who_alone_takes_turns_in_a_round_robin_is_not_taken_out_of_them_but_may_leave(alice, bob, dana, team, api):
    client = api(alice)
    client.patch(f"/teams/{team.pk}", {"order_method": "Round Robin"})
    bobs, danas = client.made(OPTIONS, option(team, bob)), client.made(OPTIONS, option(team, dana, weight=0))

    answer = client.delete(f"{OPTIONS}/{bobs['id']}")

    assert answer.status_code == 409
    assert answer.json()["message"].startswith(f"{bob} alone takes turns")
    assert client.get(f"{OPTIONS}/{bobs['id']}").status_code == 200
    place = TeamMember.objects.get(team=team, user=bob)
    assert api(bob).delete(f"/team-members/{place.pk}").status_code == 200
    assert client.delete(f"{OPTIONS}/{danas['id']}").status_code == 200


def test_the_last_one_in_a_round_robin_may_be_taken_out_of_it(alice, bob, team, api):
    api(alice).patch(f"/teams/{team.pk}", {"order_method": "Round Robin"})
    made = api(alice).made(OPTIONS, option(team, bob))
    assert api(alice).delete(f"{OPTIONS}/{made['id']}").status_code == 200


def test_a_team_without_weights_does_not_become_a_round_robin(alice, bob, team, api):
    made = api(alice).made(OPTIONS, option(team, bob, weight=0))
    refused(api(alice).patch(f"/teams/{team.pk}", {"order_method": "Round Robin"}), "weight")
    assert Team.objects.get(pk=team.pk).order_method == "Rank"
    api(alice).patch(f"{OPTIONS}/{made['id']}", {"weight": 1})
    assert api(alice).patch(f"/teams/{team.pk}", {"order_method": "Round Robin"}).status_code == 200


def test_a_round_robin_keeps_its_minutes(alice, team, api):
    both = {"order_method": "Round Robin", "mins_until_next_alert": 9}
    assert api(alice).patch(f"/teams/{team.pk}", both).json()["mins_until_next_alert"] == 9


@pytest.mark.parametrize(("field", "value"), [("weight", -1), ("weight", 1001), ("cap_open", -1), ("cap_day", "few")])
def test_weights_and_caps_are_whole_numbers_of_ordinary_size(alice, bob, team, api, field, value):
    refused(api(alice).post(OPTIONS, option(team, bob, **{field: value})), field)


def test_caps_are_none_until_set_and_zero_is_nothing_at_all(alice, bob, team, api):
    made = api(alice).made(OPTIONS, option(team, bob))
    assert (made["weight"], made["cap_open"], made["cap_day"], made["paused_until"]) == (1, None, None, None)
    changed = api(alice).patch(f"{OPTIONS}/{made['id']}", {"cap_open": "0", "cap_day": 5}).json()
    assert (changed["cap_open"], changed["cap_day"]) == (0, 5)


# Warnings


def test_who_can_be_told_has_no_warning(alice, bob, team, api):
    assert api(alice).made(OPTIONS, option(team, bob, has_text_alert=True))["warnings"] == []


def test_a_team_lead_is_warned_of_members_who_would_not_be_told(alice, bob, team, api):
    made = api(alice).made(OPTIONS, option(team, bob))
    assert [warning["code"] for warning in made["warnings"]] == ["alerts_off"]

    def warnings(**changes):
        found = api(alice).patch(f"{OPTIONS}/{made['id']}", changes).json()["warnings"]
        return [warning["code"] for warning in found]

    later = clock.now() + timedelta(days=3650)
    assert warnings(has_call_alert=True) == []
    assert warnings(paused_until=later.isoformat()) == ["paused"]
    assert warnings(paused_until="2001-01-01") == []
    consent.opt_out(bob.phone_e164, source="a test", now=clock.now())
    assert warnings() == ["phone_opted_out"]
    assert warnings(has_call_alert=False, has_email_alert=True) == []
    TeamMember.objects.filter(team=team, user=bob).update(request_status="Pending")
    bob.is_active, bob.phone = False, ""
    bob.save()
    assert warnings(has_text_alert=True) == [
        "user_inactive",
        "invitation_not_accepted",
        "no_phone",
    ]


def test_the_warnings_of_a_whole_page_cost_two_queries(alice, bob, dana, team, api):
    client = api(alice)

    def cost():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(OPTIONS).status_code == 200
        return len(queries)

    client.made(OPTIONS, option(team, bob, has_text_alert=True))
    one = cost()
    client.made(OPTIONS, option(team, dana, has_text_alert=True))
    client.made(OPTIONS, option(team, alice, has_text_alert=True))
    assert cost() == one
    assert TeamMemberDistributionOption.objects.count() == 3


# Oneself


def test_everybody_says_when_they_take_no_leads(bob, api):
    away = {
        "paused_until": "2027-03-01T17:00:00.000Z",
        "working_hours": "Mon-Fri 9:00-17:00; Sat 10am-2pm",
        "days_off": ["2027-07-05"],
    }
    answer = api(bob).patch("/me", away).json()
    assert {name: answer[name] for name in away} == away
    assert {name: api(bob).get("/me").json()[name] for name in away} == away
    back = api(bob).patch("/me", {"paused_until": None, "working_hours": "", "days_off": None}).json()
    assert (back["paused_until"], back["working_hours"], back["days_off"]) == (None, "", [])


def test_hours_that_cannot_be_read_are_named(bob, api):
    assert "Funday" in refused(api(bob).patch("/me", {"working_hours": "Funday 9-17"}), "working_hours").title()
    assert refused(api(bob).patch("/me", {"working_hours": "Mon 9-25"}), "working_hours").startswith("working_hours ")


def test_nobody_can_contact_somebody_within_no_time(alice, team, api):
    """Every claim would be undone as it is made."""
    refused(api(alice).patch(f"/teams/{team.pk}", {"mins_until_contact": 0}), "mins_until_contact")
    refused(api(alice).post("/teams", {"name": "New", "mins_until_contact": "0"}), "mins_until_contact")
