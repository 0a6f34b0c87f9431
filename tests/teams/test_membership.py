"""Invitations, answers, leaving, and the options of members."""

import pytest
from django.test import Client

from crm.models import Contact
from leads.models import Lead
from messaging.models import Message
from teams.models import TeamMember, TeamMemberDistributionOption, User
from teams.signals import member_left

OPTIONS = "/team-member-distribution-options"


@pytest.fixture
def left():
    """Who left which team, as told to the apps that follow."""
    told = []

    def receiver(team, user, now, **more):
        told.append((team, user))

    member_left.connect(receiver)
    yield told
    member_left.disconnect(receiver)


def seat(team, user):
    return TeamMember.objects.get(team=team, user=user)


# Seeing


@pytest.mark.contract("Team members", "A row names the team and the user", "documented")
def test_a_row_names_team_and_user(alice, bob, team, api):
    row = api(bob).get(f"/team-members/{seat(team, bob).pk}").json()

    assert row == {
        "id": seat(team, bob).pk,
        "request_status": "Accepted",
        "team": {"id": team.pk, "name": "Pride"},
        "user": {
            "id": bob.pk,
            "first_name": "Bob",
            "last_name": "Example",
            "email": "bob@example.com",
            "username": "bob@example.com",
            "phone": "+1 949 555 0112",
        },
    }


@pytest.mark.contract("Team members", "Members see all rows, the invited only their own", "documented")
def test_members_see_all_rows_and_the_invited_only_their_own(alice, bob, dana, charlie, team, api):
    TeamMember.objects.filter(user=dana).update(request_status="Pending")

    assert api(bob).get("/team-members").json()["total"] == 3
    assert api(bob).get("/team-members?request_status=accepted").json()["total"] == 2
    assert api(bob).get(f"/team-members?user_id={dana.pk}").json()["total"] == 1
    assert api(bob).get(f"/team-members?team_id={team.pk}").json()["total"] == 3
    assert [row["user"]["id"] for row in api(dana).get("/team-members").json()["data"]] == [dana.pk]
    assert api(charlie).get("/team-members").json()["total"] == 0
    assert api(charlie).get(f"/team-members/{seat(team, bob).pk}").status_code == 404


@pytest.mark.contract(
    "Team members",
    "Lists are asked for `team.name`, `user.email` and the other nested fields by these names",
    "inferred",
)
def test_rows_are_asked_for_by_what_is_nested_in_them(alice, bob, team, api):
    row = api(alice).get(f"/team-members/{seat(team, bob).pk}").json()
    for kind in ("team", "user"):
        for name, value in row[kind].items():
            found = api(alice).get("/team-members", {f"{kind}.{name}": value, "$sort[user.email]": -1}).json()["data"]
            assert row in found
            assert len(found) == (3 if kind == "team" else 1) or name == "last_name"
    order = api(alice).get("/team-members?$sort[user.first_name]=-1").json()["data"]
    assert [row["user"]["first_name"] for row in order] == ["Dana", "Bob", "Alice"]
    page = api(alice).get("/team-members?$sort[user.first_name]=-1&$limit=1&$cursor=").json()
    following = api(alice).get(f"/team-members?$sort[user.first_name]=-1&$cursor={page['cursor']}").json()["data"]
    assert page["data"] + following == order
    assert api(alice).get("/team-members?user.password=x").status_code == 400


# Inviting


def test_an_invitation_waits_to_be_accepted(alice, charlie, team, api):
    answer = api(alice).post("/team-members", {"team_id": team.pk, "email": "Charlie@Example.com"})

    assert answer.status_code == 201
    row = answer.json()
    assert (row["request_status"], row["user"]["id"], row["team"]["id"]) == ("Pending", charlie.pk, team.pk)
    assert api(charlie).get("/teams").json()["total"] == 0

    accepted = api(charlie).patch(f"/team-members/{row['id']}", {"request_status": "accepted"})
    assert accepted.json() == row | {"request_status": "Accepted"}
    assert api(charlie).get("/teams").json()["total"] == 1


@pytest.mark.contract(
    "Team members", '`POST /team-members {"team_id","email"}` invites; again it answers the same row', "ours"
)
def test_a_second_invitation_answers_with_the_same_row(alice, charlie, team, api):
    body = {"team_id": str(team.pk), "email": "charlie@example.com"}
    first = api(alice).post("/team-members", body)
    second = api(alice).post("/team-members", body)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert first.json()["request_status"] == "Pending"
    assert TeamMember.objects.filter(team=team, user=charlie).count() == 1


@pytest.mark.contract("Team members", "Whoever is invited is told by email, once, by whom and where to accept", "ours")
def test_the_invited_are_mailed_once_who_asks_them_and_where_to_accept(alice, charlie, team, api, settings):
    team.name = "Pride {of} Irvine"
    team.save()
    for _ in range(2):
        api(alice).post("/team-members", {"team_id": team.pk, "email": "charlie@example.com"})

    (email,) = Message.objects.all()
    assert (email.channel, email.recipient, email.user) == ("email", "charlie@example.com", charlie)
    assert email.subject == "Alice Example invites you to the team Pride {of} Irvine"
    assert "Alice Example (alice@example.com) invites you to the team Pride {of} Irvine." in email.body
    page = email.body.splitlines()[-1].removeprefix(settings.PUBLIC_URL)
    browser = Client()
    browser.force_login(charlie)
    assert 'name="request_status"' in browser.get(page).content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody@example.com"}, "email"),
        ({"email": ""}, "email"),
        ({"email": None}, "email"),
        ({"email": ["charlie@example.com"]}, "email"),
        ({"email": "x" * 300}, "email"),
        ({"team_id": 999_999}, "team_id"),
        ({"team_id": "pride"}, "team_id"),
        ({"team_id": 0}, "team_id"),
        ({"team_id": None}, "team_id"),
    ],
)
def test_an_invitation_that_cannot_be_sent_is_refused_by_name(alice, charlie, team, api, change, field):
    answer = api(alice).post("/team-members", {"team_id": team.pk, "email": "charlie@example.com"} | change)

    assert answer.status_code == 400
    assert field in answer.json()["errors"], answer.json()
    assert TeamMember.objects.count() == 3


def test_whoever_left_the_business_cannot_be_invited(alice, charlie, team, api):
    User.objects.filter(pk=charlie.pk).update(is_active=False)

    assert api(alice).post("/team-members", {"team_id": team.pk, "email": charlie.email}).status_code == 400


def test_only_the_creator_invites(alice, bob, charlie, team, api):
    body = {"team_id": team.pk, "email": "charlie@example.com"}

    assert api(bob).post("/team-members", body).status_code == 403
    assert "team_id" in api(charlie).post("/team-members", body).json()["errors"]
    assert TeamMember.objects.count() == 3


# Answering


@pytest.mark.contract("Team members", "Only your own `request_status` may be changed", "documented")
def test_only_the_invited_user_answers(alice, bob, dana, team, api):
    for user in (alice, dana):
        refused = api(user).patch(f"/team-members/{seat(team, bob).pk}", {"request_status": "Declined"})
        assert (refused.status_code, refused.json()["name"]) == (403, "Forbidden")
    assert seat(team, bob).is_accepted


def test_an_answer_that_is_none_is_refused(alice, bob, team, api):
    path = f"/team-members/{seat(team, bob).pk}"

    assert "request_status" in api(bob).patch(path, {"request_status": "Perhaps"}).json()["errors"]
    assert api(bob).patch(path, {"team_id": 5, "user_id": alice.pk}).json() == api(bob).get(path).json()


# Leaving


@pytest.fixture
def option(alice, bob, team, api):
    return api(alice).made(OPTIONS, {"team_id": team.pk, "user_id": bob.pk, "assign_automatically": False})


@pytest.mark.contract("Team members", "`DELETE`, by the member or the creator", "ours")
@pytest.mark.parametrize("leaver", ["bob", "alice"])
def test_the_member_or_the_creator_ends_a_membership(alice, bob, team, option, api, left, leaver):
    by = {"bob": bob, "alice": alice}[leaver]
    row = api(bob).get(f"/team-members/{seat(team, bob).pk}").json()

    removed = api(by).delete(f"/team-members/{row['id']}")

    assert (removed.status_code, removed.json()) == (200, row)
    assert left == [(team, bob)]
    assert api(alice).get(OPTIONS).json()["total"] == 0
    assert api(bob).get("/teams").json()["total"] == 0


def test_a_fellow_member_ends_no_membership(bob, dana, team, api, left):
    assert api(dana).delete(f"/team-members/{seat(team, bob).pk}").status_code == 403
    assert left == []


def test_to_decline_after_accepting_is_to_leave(alice, bob, team, option, api, left):
    api(bob).patch(f"/team-members/{seat(team, bob).pk}", {"request_status": "Declined"})

    assert left == [(team, bob)]
    assert api(alice).get(OPTIONS).json()["total"] == 0


def test_to_accept_twice_is_not_to_leave(bob, team, option, api, left):
    api(bob).patch(f"/team-members/{seat(team, bob).pk}", {"request_status": "Accepted"})

    assert left == []
    assert TeamMemberDistributionOption.objects.count() == 1


# Options


def test_options_come_back_as_posted(alice, bob, team, api):
    body = {
        "team_id": team.pk, "user_id": bob.pk, "rank": 1, "mins_until_lead_offer": 5, "assign_automatically": True,
        "has_call_alert": False, "has_text_alert": True, "has_email_alert": False,
    }  # fmt: skip

    option = api(alice).made(OPTIONS, body)

    assert body.items() <= option.items()
    assert api(alice).get(f"{OPTIONS}?team_id={team.pk}").json()["data"] == [option]
    changed = api(alice).patch(f"{OPTIONS}/{option['id']}", {"rank": "2", "mins_until_lead_offer": "0"})
    assert changed.json() == option | {"rank": 2, "mins_until_lead_offer": 0}
    assert api(alice).delete(f"{OPTIONS}/{option['id']}").json() == changed.json()
    assert api(alice).get(OPTIONS).json()["total"] == 0


@pytest.mark.contract(
    "Team member distribution options", "Only the creator of the team sees and sets them", "documented"
)
def test_only_the_creator_of_the_team_sees_and_sets_options(alice, bob, charlie, team, option, api):
    body = {"team_id": team.pk, "user_id": bob.pk, "assign_automatically": True}

    assert api(bob).get(OPTIONS).json()["total"] == 0
    assert api(bob).get(f"{OPTIONS}/{option['id']}").status_code == 404
    assert api(bob).patch(f"{OPTIONS}/{option['id']}", {"rank": 1}).status_code == 404
    assert api(bob).post(OPTIONS, body).status_code == 403
    assert api(charlie).post(OPTIONS, body).status_code == 400
    assert api(alice).get(OPTIONS).json()["data"] == [option]


@pytest.mark.contract("Team member distribution options", "One for each member", "ours")
def test_a_member_has_options_once(alice, bob, dana, team, option, api):
    again = api(alice).post(OPTIONS, {"team_id": team.pk, "user_id": bob.pk, "assign_automatically": True})

    assert (again.status_code, again.json()["name"]) == (409, "Conflict")
    assert again.json()["data"] == {"id": option["id"]}

    danas = api(alice).made(OPTIONS, {"team_id": team.pk, "user_id": dana.pk, "assign_automatically": False})
    assert api(alice).patch(f"{OPTIONS}/{danas['id']}", {"user_id": bob.pk}).status_code == 409
    assert api(alice).patch(f"{OPTIONS}/{danas['id']}", danas).json() == danas


@pytest.mark.contract("Team member distribution options", "For members who have accepted", "ours")
def test_options_are_for_accepted_members(alice, bob, charlie, team, api):
    TeamMember.objects.filter(user=bob).update(request_status="Pending")

    for user in (bob, charlie):
        refused = api(alice).post(OPTIONS, {"team_id": team.pk, "user_id": user.pk, "assign_automatically": False})
        assert refused.status_code == 400
        assert "user_id" in refused.json()["errors"]


def test_options_do_not_move_to_a_team_the_member_is_not_in(alice, team, option, api):
    other = api(alice).made("/teams", {"name": "Other"})

    refused = api(alice).patch(f"{OPTIONS}/{option['id']}", {"team_id": other["id"]})

    assert "user_id" in refused.json()["errors"]
    assert api(alice).get(OPTIONS).json()["data"] == [option]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mins_until_lead_offer", -1),
        ("mins_until_lead_offer", 10**9),
        ("rank", "first"),
        ("rank", 2**31),
        ("assign_automatically", "perhaps"),
        ("assign_automatically", None),
        ("has_text_alert", "sometimes"),
        ("team_id", 999_999),
        ("team_id", None),
        ("user_id", 999_999),
        ("user_id", 0),
        ("user_id", "bob"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(alice, dana, team, option, api, field, value):
    body = {"team_id": team.pk, "user_id": dana.pk, "assign_automatically": False}

    for answer in (
        api(alice).post(OPTIONS, body | {field: value}),
        api(alice).patch(f"{OPTIONS}/{option['id']}", {field: value}),
    ):
        assert answer.status_code == 400
        assert field in answer.json()["errors"]
    assert api(alice).get(OPTIONS).json()["data"] == [option]


def test_whether_to_assign_automatically_must_be_said(alice, bob, team, api):
    answer = api(alice).post(OPTIONS, {"team_id": team.pk, "user_id": bob.pk})

    assert answer.json()["errors"] == {"assign_automatically": "assign_automatically is required."}


@pytest.mark.parametrize(("path", "statements"), [("/team-members", 2), (OPTIONS, 4)])
def test_a_list_of_twenty_costs_what_a_list_of_two_does(alice, team, api, path, statements, django_assert_num_queries):
    client = api(alice)
    TeamMember.objects.exclude(user=alice).delete()

    def add(number):
        user = User.objects.create_user(f"agent{number}@example.com")
        TeamMember.objects.create(team=team, user=user, request_status="Accepted")
        TeamMemberDistributionOption.objects.create(team=team, user=user)

    for size in (2, 20):
        while (total := client.get(f"{path}?$limit=0").json()["total"]) < size:
            add(total)
        with django_assert_num_queries(statements):  # the token, the page with the total; the clock, who accepted
            assert len(client.get(f"{path}?$limit=50").json()["data"]) == size


def test_whoever_leaves_is_not_offered_what_they_were_to_be(alice, bob, team, api):
    api(alice).made(
        OPTIONS, {"team_id": team.pk, "user_id": bob.pk, "assign_automatically": False, "has_email_alert": 1}
    )
    contact = Contact.objects.create(owner_user=alice)
    lead = Lead.objects.create(owner_user=alice, contact=contact, distribution_target="Team Rollout", team=team)
    assert api(alice).post(f"/leads/{lead.pk}/offers").json()[0]["status"] == "Pending"

    api(bob).delete(f"/team-members/{seat(team, bob).pk}")

    assert lead.offers.get().status == "Cancelled"
