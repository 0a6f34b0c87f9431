"""Teams over HTTP."""

import pytest

from leads.models import LeadSource
from teams.models import Team, TeamMember

BLIZZARD = {
    "name": "Blizzard",
    "is_contact_resource_sharing_enabled": True,
    "order_method": "Rank",
    "mins_until_next_alert": 5,
    "distribution_zipcodes": "91109,92618,32899",
}


def test_what_is_posted_comes_back(alice, api):
    team = api(alice).made("/teams", BLIZZARD)

    assert BLIZZARD.items() <= team.items()
    assert api(alice).get(f"/teams/{team['id']}").json() == team
    assert api(alice).get("/teams").json()["data"] == [team]


def test_only_the_name_is_required(alice, api):
    assert api(alice).post("/teams", {}).json()["errors"].keys() == {"name"}
    assert api(alice).post("/teams", {"name": ""}).status_code == 400

    team = api(alice).made("/teams", {"name": "Plain"})

    assert team["order_method"] == "Rank"
    assert team["mins_until_next_alert"] is None
    assert team["distribution_zipcodes"] == ""
    assert team["is_contact_resource_sharing_enabled"] is False


def test_values_may_come_as_text(alice, api):
    team = api(alice).made(
        "/teams",
        {
            "name": "Loose",
            "order_method": "rank",
            "mins_until_next_alert": "7",
            "is_contact_resource_sharing_enabled": "true",
            "distribution_zipcodes": 91109,
        },
    )

    assert (team["order_method"], team["mins_until_next_alert"]) == ("Rank", 7)
    assert team["is_contact_resource_sharing_enabled"] is True
    assert team["distribution_zipcodes"] == "91109"


def test_the_creator_of_a_team_is_its_first_accepted_member(alice, api):
    team = api(alice).made("/teams", BLIZZARD)

    (row,) = api(alice).get("/team-members").json()["data"]
    assert (row["team"]["id"], row["user"]["id"], row["request_status"]) == (team["id"], alice.pk, "Accepted")


@pytest.mark.contract("Teams", "Members see a team, and only its creator changes it", "documented")
def test_members_see_a_team_and_only_its_creator_changes_it(alice, bob, charlie, team, api):
    assert api(bob).get("/teams").json()["total"] == 1

    refused = api(bob).patch(f"/teams/{team.pk}", {"name": "Ours"})
    assert (refused.status_code, refused.json()["name"]) == (403, "Forbidden")
    assert api(bob).delete(f"/teams/{team.pk}").status_code == 403
    assert api(charlie).patch(f"/teams/{team.pk}", {"name": "Mine"}).status_code == 404
    assert api(alice).patch(f"/teams/{team.pk}", {"name": "Renamed"}).json()["name"] == "Renamed"


def test_an_invitation_shows_the_team_only_once_accepted(alice, bob, team, api):
    TeamMember.objects.filter(user=bob).update(request_status="Pending")

    assert api(bob).get(f"/teams/{team.pk}").status_code == 404


@pytest.fixture
def timed(alice, bob, team, api):
    """Bob is offered leads of a team by time, five minutes late."""
    client = api(alice)
    client.patch(f"/teams/{team.pk}", {"order_method": "Time"})
    return client.made(
        "/team-member-distribution-options",
        {"team_id": team.pk, "user_id": bob.pk, "rank": 1, "mins_until_lead_offer": 5, "assign_automatically": False},
    )


@pytest.mark.contract("Teams", "`Rank` zeroes the minutes of every option", "documented")
def test_order_by_rank_zeroes_the_minutes_of_every_option(alice, team, timed, api):
    api(alice).patch(f"/teams/{team.pk}", {"order_method": "Rank"})

    (option,) = api(alice).get("/team-member-distribution-options").json()["data"]
    assert option == timed | {"mins_until_lead_offer": 0}


def test_another_change_leaves_the_options_alone(alice, team, timed, api):
    api(alice).patch(f"/teams/{team.pk}", {"name": "Renamed", "order_method": "Time"})

    assert api(alice).get("/team-member-distribution-options").json()["data"] == [timed]


@pytest.mark.contract("Teams", "`Time` zeroes the team's minutes", "documented")
def test_order_by_time_zeroes_the_teams_minutes(alice, api):
    team = api(alice).made("/teams", BLIZZARD)

    for body in ({"order_method": "Time"}, {"mins_until_next_alert": 9}):
        assert api(alice).patch(f"/teams/{team['id']}", body).json()["mins_until_next_alert"] == 0
    assert api(alice).made("/teams", {"name": "New", "order_method": "Time"})["mins_until_next_alert"] == 0


@pytest.mark.contract("Teams", "In a `Time` team null stays null, as in the documented example", "documented")
def test_a_team_by_time_keeps_no_minutes_that_were_sent_as_null(alice, api):
    null = {"mins_until_next_alert": None}
    team = api(alice).made("/teams", {"name": "Rockstar", "order_method": "Time"} | null)
    assert team["mins_until_next_alert"] is None
    for body, minutes in (
        ({"name": "Rock"}, None),
        ({"mins_until_next_alert": 9}, 0),
        ({"name": "Star"}, 0),
        (null, None),
    ):
        assert api(alice).patch(f"/teams/{team['id']}", body).json()["mins_until_next_alert"] == minutes


@pytest.mark.contract("Teams", "From `Time` back to `Rank` without minutes: null, which is 5", "inferred")
def test_back_by_rank_a_teams_minutes_are_the_default_again(alice, api):
    team = api(alice).made("/teams", {"name": "New", "order_method": "Time"})

    changed = api(alice).patch(f"/teams/{team['id']}", {"order_method": "Rank"}).json()

    assert changed["mins_until_next_alert"] is None  # five, as in a team that never said


@pytest.mark.parametrize("minutes", [0, 9, None])
def test_minutes_given_with_the_order_count(alice, api, minutes):
    team = api(alice).made("/teams", {"name": "New", "order_method": "Time"})

    changed = api(alice).patch(f"/teams/{team['id']}", {"order_method": "Rank", "mins_until_next_alert": minutes})

    assert changed.json()["mins_until_next_alert"] == minutes


def test_by_rank_as_before_a_team_keeps_its_minutes(alice, api):
    team = api(alice).made("/teams", BLIZZARD | {"mins_until_next_alert": 0})

    changed = api(alice).patch(f"/teams/{team['id']}", {"order_method": "Rank"}).json()

    assert changed["mins_until_next_alert"] == 0


# ZIP codes


@pytest.mark.contract(
    "Teams", 'Two teams of one creator cannot have one ZIP code: 400, where LionDesk said "should not"', "ours"
)
def test_a_zip_code_serves_one_team_of_its_creator(alice, api):
    api(alice).made("/teams", BLIZZARD)
    other = api(alice).made("/teams", {"name": "Rockstar", "distribution_zipcodes": "98112"})

    for refused in (
        api(alice).post("/teams", {"name": "Third", "distribution_zipcodes": "10001, 92618-1234,91109"}),
        api(alice).patch(f"/teams/{other['id']}", {"distribution_zipcodes": "92618,91109"}),
    ):
        assert refused.status_code == 400
        assert "Blizzard" in refused.json()["errors"]["distribution_zipcodes"]
        assert "91109, 92618" in refused.json()["message"]
    assert api(alice).get(f"/teams/{other['id']}").json() == other
    assert Team.objects.count() == 2


def test_a_lost_leading_zero_is_the_same_zip_code(alice, api):
    api(alice).made("/teams", {"name": "Boston", "distribution_zipcodes": "02108"})

    assert api(alice).post("/teams", {"name": "Again", "distribution_zipcodes": "2108"}).status_code == 400


def test_teams_of_different_creators_may_serve_the_same_zip_code(alice, bob, api):
    api(alice).made("/teams", BLIZZARD)
    api(bob).made("/teams", BLIZZARD)


def test_a_team_may_repeat_and_clear_its_own_zip_codes(alice, api):
    team = api(alice).made("/teams", BLIZZARD)

    assert api(alice).patch(f"/teams/{team['id']}", BLIZZARD).status_code == 200
    for nothing in (None, ""):
        cleared = api(alice).patch(f"/teams/{team['id']}", {"distribution_zipcodes": nothing})
        assert cleared.json()["distribution_zipcodes"] == ""


def test_what_is_no_zip_code_is_named(alice, api):
    refused = api(alice).post("/teams", {"name": "North", "distribution_zipcodes": "91109, V6X9, 12"})

    assert refused.status_code == 400
    assert "V6X9, 12" in refused.json()["errors"]["distribution_zipcodes"]
    assert not Team.objects.exists()


# Refusals


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mins_until_next_alert", -1),
        ("mins_until_next_alert", 10**9),
        ("mins_until_next_alert", "soon"),
        ("order_method", "Random"),
        ("order_method", 3),
        ("name", "x" * 256),
        ("name", None),
        ("name", "a\0b"),
        ("is_contact_resource_sharing_enabled", "perhaps"),
        ("distribution_zipcodes", {"0": "91109"}),
    ],
)
def test_what_does_not_fit_is_refused_by_name(alice, api, field, value):
    team = api(alice).made("/teams", BLIZZARD)

    for answer in (
        api(alice).post("/teams", {"name": "Other"} | {field: value}),
        api(alice).patch(f"/teams/{team['id']}", {field: value}),
    ):
        assert answer.status_code == 400
        assert field in answer.json()["errors"]
    assert api(alice).get("/teams").json()["data"] == [team]


@pytest.mark.parametrize("id_", ["999999", "pride", "99999999999999999999"])
def test_an_unknown_team_is_not_found(alice, api, id_):
    assert api(alice).get(f"/teams/{id_}").json()["name"] == "NotFound"


@pytest.mark.contract("Teams", "`DELETE`, with its members and options", "inferred")
def test_a_removed_team_is_answered_and_takes_its_members_and_options_along(alice, bob, team, timed, api):
    shown = api(alice).get(f"/teams/{team.pk}").json()

    removed = api(alice).delete(f"/teams/{team.pk}")

    assert (removed.status_code, removed.json()) == (200, shown)
    for path in ("/teams", "/team-members", "/team-member-distribution-options"):
        assert api(alice).get(path).json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("name=blizzard", True),
        ("name[$like]=%liz%", True),
        ("order_method=rank", True),
        ("mins_until_next_alert[$gt]=5", False),
        ("is_contact_resource_sharing_enabled=1", True),
    ],
)
def test_teams_are_found(alice, api, query, matches):
    api(alice).made("/teams", BLIZZARD)

    assert api(alice).get(f"/teams?{query}").json()["total"] == matches


def test_a_list_of_twenty_costs_what_a_list_of_two_does(alice, api, django_assert_num_queries):
    client = api(alice)
    for size in (2, 20):
        while Team.objects.count() < size:
            client.made("/teams", {"name": "One more"})
        with django_assert_num_queries(2):  # the token, the page, which tells the total
            assert len(client.get("/teams?$limit=50").json()["data"]) == size


# What others need


@pytest.fixture
def route(alice, team, api):
    """Alice's leads of the first source go to her team."""
    campaign = api(alice).made("/campaigns", {"name": "Buyers"})
    return api(alice).made(
        "/lead-routes",
        {
            "lead_source_id": LeadSource.objects.get_or_create(name="Zillow")[0].pk,
            "distribution_target": "Team Rollout",
            "team_selection_method": "Specific Team",
            "team_id": team.pk,
            "campaign_id": campaign["id"],
        },
    )


@pytest.mark.contract("Teams", "`DELETE` is 409 while a route names it", "inferred")
def test_a_team_that_a_route_names_is_not_removed(alice, team, route, api):
    refused = api(alice).delete(f"/teams/{team.pk}")

    assert (refused.status_code, refused.json()["name"]) == (409, "Conflict")
    assert refused.json()["data"] == {"lead_routes": [route["id"]]}
    assert f"lead routes {route['id']}" in refused.json()["message"]
    assert TeamMember.objects.filter(team=team).count() == 3

    api(alice).delete(f"/lead-routes/{route['id']}")
    assert api(alice).delete(f"/teams/{team.pk}").status_code == 200


def test_a_team_that_was_given_leads_is_not_removed(alice, team, route, api):
    contact = api(alice).made("/contacts")
    lead = api(alice).made("/leads", {"contact_id": contact["id"], "source_id": route["lead_source"]["id"]})
    api(alice).delete(f"/lead-routes/{route['id']}")

    refused = api(alice).delete(f"/teams/{team.pk}")

    assert refused.status_code == 409
    assert refused.json()["data"] == {"leads": [lead["id"]]}


@pytest.mark.contract("Teams", "`distribution_zipcodes` takes Canadian postal codes and areas, and ZIP+4", "ours")
def test_canadian_codes_belong_to_one_team(alice, api):
    client = api(alice)
    team = client.made("/teams", {"name": "North", "distribution_zipcodes": ["K1A", "v6b 1a1", "92618-1234"]})
    assert team["distribution_zipcodes"] == "K1A,v6b 1a1,92618-1234"
    for taken in ("K1A 0B1", "V6B1A1", "V6B", "92618"):
        answer = client.post("/teams", {"name": "South", "distribution_zipcodes": taken})
        assert list(answer.json()["errors"]) == ["distribution_zipcodes"], taken
    client.made("/teams", {"name": "South", "distribution_zipcodes": "V6B 1A2, K1B"})
