"""Who is taken on as a sub-account, by whom, and what the record says."""

import pytest
from django.db import transaction

from teams.models import SubAccount, TeamMember
from tests.concurrency import Rival

PATH = "/sub-accounts"
SHARED = [
    "user_can_see_broker_hotnesses",
    "is_lead_sources_enabled",
    "is_contact_activity_settings_enabled",
    "is_lead_status_enabled",
    "is_contact_types_enabled",
    "is_custom_fields_enabled",
    "is_contact_ownership_enabled",
]
RIGHTS = [
    "user_can_create_own_hotnesses",
    "is_lead_sources_new_enabled",
    "is_contact_activity_settings_new_enabled",
    "is_lead_status_new_enabled",
    "is_custom_fields_new_enabled",
    "is_contact_ownership_new_enabled",
    "is_contact_types_new_enabled",
]


@pytest.fixture
def bobs(alice, bob, team, api):
    """Bob's place under alice, whose team he has joined."""
    return api(alice).made(PATH, {"user_id": bob.pk})


def total(client, path=PATH):
    return client.get(path).json()["total"]


# The record


@pytest.mark.contract("Sub-accounts", "Added, read and removed", "documented")
def test_it_is_added_read_listed_and_removed(alice, bob, team, api):
    client = api(alice)
    made = client.made(PATH, {"user_id": bob.pk})
    assert client.get(f"{PATH}/{made['id']}").json() == made
    assert client.get(PATH).json() == {"total": 1, "limit": 10, "skip": 0, "data": [made]}

    removed = client.delete(f"{PATH}/{made['id']}")

    assert (removed.status_code, removed.json()) == (200, made)
    assert total(client) == 0
    assert client.made(PATH, {"user_id": bob.pk})["user_id"] == bob.pk


def test_it_names_both_and_shows_the_users_details(alice, bob, bobs, api):
    assert (bobs["user_id"], bobs["broker_user_id"]) == (bob.pk, alice.pk)
    assert bobs["user"] == api(bob).get("/me").json()


@pytest.mark.contract("Sub-accounts", "Without flags nothing is shared and nothing forbidden", "inferred")
def test_nothing_is_shared_and_nothing_forbidden_until_it_is_said(bobs):
    assert [name for name in SHARED if bobs[name] is not False] == []
    assert [name for name in RIGHTS if bobs[name] is not True] == []
    assert len(SHARED + RIGHTS) == 14


@pytest.mark.contract("Sub-accounts", "`PATCH` changes flags", "ours")
def test_flags_may_come_as_text_and_are_changed_one_by_one(alice, bob, team, api):
    made = api(alice).made(PATH, {"user_id": str(bob.pk), "is_custom_fields_enabled": "true", RIGHTS[0]: "0"})
    assert (made["is_custom_fields_enabled"], made[RIGHTS[0]]) == (True, False)

    changed = api(alice).patch(f"{PATH}/{made['id']}", {"is_custom_fields_enabled": "false", "user_id": bob.pk})

    assert changed.json() == made | {"is_custom_fields_enabled": False}
    assert api(alice).get(PATH).json()["data"] == [changed.json()]


@pytest.mark.contract(
    "Sub-accounts", "`access_token` is null: users grant programs access themselves, by OAuth", "ours"
)
def test_no_token_to_act_for_somebody_else_is_given_out(alice, bobs, api):
    assert bobs["access_token"] is None
    assert api(alice).get(f"{PATH}/{bobs['id']}").json()["access_token"] is None


def test_they_are_found_by_user_and_by_flag(alice, bob, dana, bobs, api):
    client = api(alice)
    danas = client.made(PATH, {"user_id": dana.pk, "is_custom_fields_enabled": True})

    for query, found in (
        (f"user_id={bob.pk}", [bobs]),
        (f"user_id[$ne]={bob.pk}", [danas]),
        ("is_custom_fields_enabled=true", [danas]),
        (f"$sort[user_id]=-1&broker_user_id={alice.pk}", [danas, bobs]),
    ):
        assert client.get(f"{PATH}?{query}").json()["data"] == found, query


def test_a_list_of_two_costs_what_a_list_of_one_does(alice, dana, bobs, api, django_assert_num_queries):
    client = api(alice)
    for _ in range(2):
        with django_assert_num_queries(4):  # the token, whether there are teams, the page, the clock for time zones
            assert client.get(PATH).status_code == 200
        if total(client) == 1:
            client.made(PATH, {"user_id": dana.pk})


# Who takes on whom


@pytest.mark.contract("Sub-accounts", "For brokers, else 403; a broker is who has created a team", "inferred")
def test_only_brokers_are_let_in(bob, charlie, team, api):
    """Bob is in a team but has created none; charlie knows nobody."""
    for user in (bob, charlie):
        for answer in (api(user).get(PATH), api(user).get(f"{PATH}/1"), api(user).post(PATH, {"user_id": user.pk})):
            assert (answer.status_code, answer.json()["name"]) == (403, "Forbidden")


@pytest.mark.contract("Sub-accounts", "A user must have accepted an invitation of the broker's", "ours")
@pytest.mark.parametrize("status", ["Pending", "Declined"])
def test_nobody_is_taken_on_who_has_not_accepted_the_brokers_invitation(alice, bob, team, api, status):
    TeamMember.objects.filter(user=bob).update(request_status=status)

    refused = api(alice).post(PATH, {"user_id": bob.pk})

    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["user_id"])
    assert not SubAccount.objects.exists()


def test_being_in_the_same_team_of_another_is_not_enough(bob, dana, team, api):
    api(bob).made("/teams", {"name": "Bob's own"})

    assert api(bob).post(PATH, {"user_id": dana.pk}).status_code == 400


@pytest.mark.parametrize("user_id", [None, "", 0, "x", 999999999, True, [1], 2**70, "1.5"])
def test_what_names_no_user_is_refused_by_name(alice, team, api, user_id):
    refused = api(alice).post(PATH, {"user_id": user_id})

    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["user_id"])


@pytest.mark.parametrize("flag", [*SHARED, *RIGHTS])
def test_a_flag_that_is_neither_true_nor_false_is_refused_by_name(alice, bob, team, api, flag):
    refused = api(alice).post(PATH, {"user_id": bob.pk, flag: "perhaps"})

    assert (refused.status_code, list(refused.json()["errors"])) == (400, [flag])


def test_a_user_is_required_and_neither_a_stranger_nor_one_who_left_will_do(alice, bob, charlie, team, api):
    assert list(api(alice).post(PATH).json()["errors"]) == ["user_id"]
    assert api(alice).post(PATH, {"user_id": charlie.pk}).status_code == 400
    bob.is_active = False
    bob.save()
    assert api(alice).post(PATH, {"user_id": bob.pk}).status_code == 400


def test_nobody_is_their_own_sub_account(alice, team, api):
    refused = api(alice).post(PATH, {"user_id": alice.pk})

    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["user_id"])


def test_twice_is_once(alice, bob, bobs, api):
    again = api(alice).post(PATH, {"user_id": bob.pk, "is_custom_fields_enabled": True})

    assert (again.status_code, again.json()["data"]) == (409, {"id": bobs["id"]})
    assert api(alice).get(PATH).json()["data"] == [bobs]


@pytest.mark.contract("Sub-accounts", "One broker each", "ours")
def test_a_user_has_one_broker(bob, dana, bobs, api):
    """Dana, too, has a team that bob has accepted."""
    join(dana, bob, api)

    refused = api(dana).post(PATH, {"user_id": bob.pk})

    assert (refused.status_code, refused.json().get("data")) == (409, None)


@pytest.mark.contract("Sub-accounts", "No sub-accounts of sub-accounts", "ours")
def test_there_is_one_level(alice, bob, dana, bobs, api):
    """Neither has a sub-account sub-accounts of their own, nor becomes a broker one."""
    join(bob, dana, api)
    assert api(bob).post(PATH, {"user_id": dana.pk}).status_code == 403
    join(dana, alice, api)

    refused = api(dana).post(PATH, {"user_id": alice.pk})

    assert (refused.status_code, refused.json()["message"]) == (
        409,
        "This user is a broker and has sub-accounts.",
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_each_other_on_at_once_one_does(alice, bob, team, api):
    join(bob, alice, api)
    clients, answers, rival = [api(alice), api(bob)], [], Rival()
    with transaction.atomic():
        answers.append(clients[0].post(PATH, {"user_id": bob.pk}).status_code)
        rival.begin(lambda: answers.append(clients[1].post(PATH, {"user_id": alice.pk}).status_code))
        rival.wait_until_it_waits()
    rival.finish()

    assert answers == [201, 403]
    assert SubAccount.objects.count() == 1


def join(creator, member, api):
    """Let `member` accept a new team of `creator`'s, which shares nothing."""
    team = api(creator).made("/teams", {"name": f"For {member.first_name}"})
    seat = api(creator).made("/team-members", {"team_id": team["id"], "email": member.email})
    assert api(member).patch(f"/team-members/{seat['id']}", {"request_status": "Accepted"}).status_code == 200


# Who may do what with it


def test_the_person_is_not_exchanged(alice, bob, dana, bobs, api):
    refused = api(alice).patch(f"{PATH}/{bobs['id']}", {"user_id": dana.pk})

    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["user_id"])
    assert api(alice).get(f"{PATH}/{bobs['id']}").json() == bobs


@pytest.mark.contract("Sub-accounts", "The user reads their own", "ours")
def test_the_user_reads_their_own_and_changes_nothing(bob, bobs, api):
    assert api(bob).get(PATH).json()["data"] == [bobs]
    assert api(bob).patch(f"{PATH}/{bobs['id']}", {"is_contact_ownership_enabled": True}).status_code == 403


@pytest.mark.contract("Sub-accounts", "and may leave", "ours")
def test_the_user_may_leave(alice, bob, bobs, api):
    assert api(bob).delete(f"{PATH}/{bobs['id']}").status_code == 200

    assert total(api(alice)) == 0
    assert api(bob).get(PATH).status_code == 403


def test_another_brokers_sub_account_does_not_exist(dana, bobs, api):
    api(dana).made("/teams", {"name": "Dana's"})

    assert total(api(dana)) == 0
    for answer in (
        api(dana).get(f"{PATH}/{bobs['id']}"),
        api(dana).patch(f"{PATH}/{bobs['id']}", {}),
        api(dana).delete(f"{PATH}/{bobs['id']}"),
    ):
        assert answer.status_code == 404


def test_a_broker_without_a_team_keeps_their_sub_accounts(alice, team, bobs, api):
    assert api(alice).delete(f"/teams/{team.pk}").status_code == 200

    assert total(api(alice)) == 1


# In the admin


def test_a_broker_takes_somebody_on_in_the_admin(alice, bob, team, api, client):
    client.force_login(alice)
    page = client.get("/admin/teams/subaccount/add/").content.decode()
    assert "Bob Example" in page
    assert "Charlie" not in page

    client.post("/admin/teams/subaccount/add/", {"user": bob.pk, "user_can_see_broker_hotnesses": "on"})

    (made,) = api(alice).get(PATH).json()["data"]
    assert (made["user_id"], made["user_can_see_broker_hotnesses"]) == (bob.pk, True)
    assert made["user_can_create_own_hotnesses"] is False  # its box was not ticked


def test_a_broker_changes_and_ends_it_in_the_admin(alice, bobs, api, client):
    client.force_login(alice)
    address = f"/admin/teams/subaccount/{bobs['id']}/"
    rights = dict.fromkeys(RIGHTS, "on")

    client.post(f"{address}change/", rights | {"is_custom_fields_enabled": "on"})
    assert api(alice).get(f"{PATH}/{bobs['id']}").json() == bobs | {"is_custom_fields_enabled": True}

    client.post(f"{address}delete/", {"post": "yes"})
    assert not SubAccount.objects.exists()


def test_the_admin_shows_it_to_both_and_lets_brokers_alone_add(alice, bob, charlie, bobs, client):
    for user, is_shown, answer in ((alice, True, 200), (bob, True, 403), (charlie, False, 403)):
        client.force_login(user)
        page = client.get("/admin/teams/subaccount/").content.decode()
        assert (f"/admin/teams/subaccount/{bobs['id']}/change/" in page) is is_shown
        assert client.get("/admin/teams/subaccount/add/").status_code == answer
