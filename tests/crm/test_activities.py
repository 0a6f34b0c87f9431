"""What agents note down about a contact."""

import re

import pytest
from django.db import connection

from crm.models import Activity, Contact

CALL = {"kind": "Call", "body": "Talked about the kitchen", "happened_at": "2026-03-01T18:00:00.000Z"}


@pytest.fixture
def contact(alice):
    return Contact.objects.create(owner_user=alice, first_name="Mary")


@pytest.fixture
def path(contact):
    return f"/contacts/{contact.pk}/activities"


@pytest.mark.contract("Contact activities", "`/contacts/:id/activities`, all verbs: notes and logged calls", "ours")
def test_a_call_is_logged_read_and_listed(alice, api, contact, path):
    activity = api(alice).made(path, CALL)

    assert activity == CALL | {
        "id": activity["id"],
        "contact_id": contact.pk,
        "user_id": alice.pk,
        "created_at": activity["created_at"],
        "modified_at": activity["created_at"],
    }
    assert api(alice).get(f"{path}/{activity['id']}").json() == activity
    assert api(alice).get(path).json() == {"total": 1, "limit": 10, "skip": 0, "data": [activity]}


@pytest.mark.contract("Contact activities", "Without `kind` and `happened_at` it is a note of this moment", "ours")
def test_words_alone_are_a_note_of_this_moment(alice, api, path):
    activity = api(alice).made(path, {"body": "Shy"})

    assert (activity["kind"], activity["body"], activity["user_id"]) == ("Note", "Shy", alice.pk)
    assert activity["happened_at"] == activity["created_at"] > "2020"


def test_its_author_and_contact_are_not_for_clients_to_set(alice, bob, api, contact, path):
    set_by_us = {"user_id": bob.pk, "contact_id": contact.pk + 1, "created_at": "2016-07-01", "id": 7}

    refused = api(alice).post(path, {"body": "Shy"} | set_by_us)

    assert (refused.status_code, refused.json()["errors"].keys()) == (400, set_by_us.keys())
    assert api(alice).post(path, {"body": "Shy", "contact_id": contact.pk}).status_code == 201


@pytest.mark.contract("Contact activities", "A note needs words (400); of another kind `kind` is enough", "ours")
@pytest.mark.parametrize("empty", [{}, {"kynd": "Call", "text": "Hello"}, {"kind": "Note"}, {"kind": "", "body": "  "}])
def test_a_note_without_words_is_refused(alice, api, path, empty):
    """It counts as contact with whoever asks for a house, so a misspelt body must not pass for one."""
    refused = api(alice).post(path, empty)

    assert refused.status_code == 400
    misspelt = empty.keys() & {"kynd", "text"}
    assert refused.json()["errors"].keys() == misspelt | {"body"}
    assert not Activity.objects.exists()


def test_nor_does_it_become_one(alice, api, path):
    call = api(alice).made(path, {"kind": "Call"})
    note = api(alice).made(path, {"body": "Shy"})

    assert api(alice).patch(f"{path}/{call['id']}", {"kind": "Note"}).status_code == 400
    assert api(alice).patch(f"{path}/{note['id']}", {"body": ""}).status_code == 400
    assert api(alice).patch(f"{path}/{note['id']}", {"body": "", "kind": "Meeting"}).json()["kind"] == "Meeting"
    assert api(alice).patch(f"{path}/{call['id']}", {}).status_code == 200


@pytest.mark.parametrize("kind", ["Note", "Call", "Text", "Email", "Meeting", "Other"])
def test_the_kind_is_one_of_six_in_whatever_case(alice, api, path, kind):
    assert api(alice).made(path, {"kind": kind.upper(), "body": "Shy"})["kind"] == kind


@pytest.mark.parametrize("kind", ["Call", "Text", "Email", "Meeting", "Other"])
def test_that_there_was_one_is_enough(alice, api, path, kind):
    assert api(alice).made(path, {"kind": kind})["body"] == ""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "Fax"}, "kind must be one of Note, Call, Text, Email, Meeting, Other."),
        ({"happened_at": "soon"}, "happened_at must be a date-time such as 2018-01-16T09:09:09.000Z."),
        ({"happened_at": "99999-01-01"}, "happened_at must be a date-time such as 2018-01-16T09:09:09.000Z."),
        ({"body": "x" * 10_001}, "body may have at most 10000 characters."),
        ({"body": {"text": "x"}}, "body must be text."),
        ({"body": "a\0b"}, "body may not contain a NUL character."),
    ],
)
def test_what_does_not_fit_is_refused_by_name(alice, api, path, body, said):
    refused = api(alice).post(path, body)

    assert refused.status_code == 400
    assert refused.json()["message"] == said
    assert not Activity.objects.exists()


@pytest.mark.contract("Contact activities", "The latest comes first", "ours")
def test_the_latest_comes_first(alice, api, path):
    for day in ("02", "03", "01"):
        api(alice).made(path, {"happened_at": f"2026-03-{day}T18:00:00Z", "body": day})

    assert [row["body"] for row in api(alice).get(path).json()["data"]] == ["03", "02", "01"]
    assert [row["body"] for row in api(alice).get(f"{path}?$sort[happened_at]=1").json()["data"]] == ["01", "02", "03"]


def test_an_index_finds_the_latest_of_a_contact(contact):
    latest = Activity.objects.filter(contact=contact).order_by("-happened_at", "-id")[:10]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    assert re.search("^ *->  Index Scan Backward using activity_of_contact", latest.explain(), re.M)


@pytest.mark.contract(
    "Contact activities", "Whoever sees the contact adds to them; the author alone changes or removes one", "ours"
)
def test_everybody_who_sees_a_contact_adds_to_it_and_the_author_alone_rewrites(alice, bob, charlie, team, api, path):
    activity = api(bob).made(path, CALL)
    at = f"{path}/{activity['id']}"

    assert activity["user_id"] == bob.pk
    assert api(alice).get(at).json() == activity
    assert (api(alice).patch(at, {"body": ""}).status_code, api(alice).delete(at).status_code) == (403, 403)
    changed = api(bob).patch(at, {"body": "Talked", "happened_at": ""}).json()
    assert changed == activity | {"body": "Talked", "modified_at": changed["modified_at"]}
    for answer in (api(charlie).get(path), api(charlie).post(path, CALL), api(charlie).get(at)):
        assert answer.status_code == 404
    assert api(bob).delete(at).json() == changed
    assert not Activity.objects.exists()


def test_what_was_said_is_seen_with_the_contact(alice, bob, charlie, team, api, path):
    api(bob).made(path, CALL)

    assert [list(Activity.objects.visible_to(user).values_list("kind", flat=True)) for user in (alice, charlie)] == [
        ["Call"], [],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "bodies"),
    [
        ("kind=call", ["Talked about the kitchen"]),
        ("kind[$ne]=Call", ["A dog"]),
        ("body[$like]=%dog%", ["A dog"]),
        ("user_id={user}", ["A dog", "Talked about the kitchen"]),
        ("happened_at[$lt]=2026-03-02", ["Talked about the kitchen"]),
        ("created_at[$gt]=2020-01-01&id[$gt]=0", ["A dog", "Talked about the kitchen"]),
        ("modified_at[$lt]=2020-01-01", []),
    ],
)
def test_activities_are_found_by_every_field(alice, api, path, query, bodies):
    api(alice).made(path, CALL)
    api(alice).made(path, {"body": "A dog"})

    answer = api(alice).get(f"{path}?{query.format(user=alice.pk)}")

    assert [row["body"] for row in answer.json()["data"]] == bodies


def test_they_go_with_their_contact(alice, api, contact, path):
    api(alice).made(path, CALL)

    assert api(alice).delete(f"/contacts/{contact.pk}").status_code == 200
    assert not Activity.objects.exists()


def test_the_admin_shows_the_latest_with_the_contact_and_logs_a_call(alice, api, contact, path, client):
    client.force_login(alice)
    page = f"/admin/crm/contact/{contact.pk}/change/"
    (log,) = re.findall(r'href="(/admin/crm/activity/add/[^"]*)"', client.get(page).content.decode())
    assert f'value="{contact.pk}" selected' in client.get(log).content.decode()

    typed = {"contact": contact.pk, "kind": "Call", "body": "Left word", "happened_at_0": "2026-03-01"}
    client.post(log, typed | {"happened_at_1": "10:00:00"})
    activity = Activity.objects.get()
    assert (activity.user, activity.kind, activity.body) == (alice, "Call", "Left word")

    for day in range(1, 21):
        Activity.objects.create(contact=contact, user=alice, body=f"Word {day}.")
    shown = client.get(page).content.decode()
    assert "Word 1." in shown
    assert "Left word" not in shown
    assert "Left word" in client.get(f"/admin/crm/activity/?contact={contact.pk}").content.decode()


def test_nobody_edits_anothers_words_in_the_admin(alice, bob, team, api, contact, path, client):
    activity = api(bob).made(path, CALL)
    client.force_login(alice)

    client.post(f"/admin/crm/activity/{activity['id']}/change/", {"kind": "Call", "body": "Nothing"})

    assert Activity.objects.get().body == CALL["body"]
