"""Single records: what clients really send is taken, and what cannot be is refused by field."""

from datetime import date, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api import coercion
from teams.models import Team, TeamMember

pytestmark = pytest.mark.usefixtures("shelf")


@pytest.fixture
def shelf_of_alice(alice):
    return Team.objects.create(creator=alice, name="Pride", mins_until_next_alert=5)


@pytest.mark.contract(
    "Slashes, verbs and bodies", "POST creates: 201 with the whole record, its `id` at the top", "inferred", client=[10]
)
def test_a_created_record_answers_201_with_the_whole_record(api, alice):
    answer = api(alice).post("/shelves", {"name": "Pride", "created_at": "2018-01-16T01:09:09.5-08:00"})

    assert answer.status_code == 201
    assert answer["Content-Type"] == "application/json"
    record = answer.json()
    assert record | {"id": 0, "modified_at": ""} == {
        "id": 0,
        "creator_id": alice.pk,
        "name": "Pride",
        "is_contact_resource_sharing_enabled": False,
        "order_method": "Rank",
        "mins_until_next_alert": None,
        "distribution_zipcodes": "",
        "created_at": "2018-01-16T09:09:09.500Z",
        "modified_at": "",
    }
    assert api(alice).get(f"/shelves/{record['id']}").json() == record


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    'Numbers and booleans may come as text, enums in any case, `""` anywhere; unknown keys are ignored',
    "inferred",
    client=[12],
)
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"mins_until_next_alert": "7"}, {"mins_until_next_alert": 7}),
        ({"mins_until_next_alert": 7.0}, {"mins_until_next_alert": 7}),
        ({"mins_until_next_alert": ""}, {"mins_until_next_alert": None}),
        ({"mins_until_next_alert": None}, {"mins_until_next_alert": None}),
        ({"is_contact_resource_sharing_enabled": "true"}, {"is_contact_resource_sharing_enabled": True}),
        ({"is_contact_resource_sharing_enabled": 1}, {"is_contact_resource_sharing_enabled": True}),
        ({"is_contact_resource_sharing_enabled": ""}, {"is_contact_resource_sharing_enabled": False}),
        ({"is_contact_resource_sharing_enabled": None}, {"is_contact_resource_sharing_enabled": False}),
        ({"order_method": "TIME"}, {"order_method": "Time"}),
        ({"order_method": ""}, {"order_method": "Rank"}),
        ({"distribution_zipcodes": None}, {"distribution_zipcodes": ""}),
        ({"distribution_zipcodes": 2108}, {"distribution_zipcodes": "2108"}),
        ({"distribution_zipcodes": " as given "}, {"distribution_zipcodes": " as given "}),
        ({"name": "😀 é"}, {"name": "😀 é"}),
        ({"spouce_name": "ignored", "id": 7, "creator_id": 7}, {"name": "Pride"}),
        ({"created_at": "2018-01-16"}, {"created_at": "2018-01-16T00:00:00.000Z"}),
        ({"created_at": "2018-01-16T09:09:09Z"}, {"created_at": "2018-01-16T09:09:09.000Z"}),
    ],
)
def test_values_are_read_loosely(api, alice, sent, kept):
    record = api(alice).made("/shelves", {"name": "Pride"} | sent)
    assert {key: record[key] for key in kept} == kept
    assert record["creator_id"] == alice.pk


@pytest.mark.parametrize(
    ("read", "sent", "kept"),
    [
        (coercion.parse_time, "09:00", time(9)),
        (coercion.parse_time, " 20:30:00.5 ", time(20, 30, 0, 500_000)),
        (coercion.parse_time, "1970-01-01T20:30:00", time(20, 30)),
        (coercion.parse_time, "0001-01-01T20:30:00", time(20, 30)),
        (coercion.parse_date, "1955-10-28", date(1955, 10, 28)),
        (coercion.parse_date, "1955-10-28T00:00:00.000Z", date(1955, 10, 28)),
        (coercion.parse_date, "1955-10-28T00:00:00+02:00", date(1955, 10, 28)),
    ],
)
def test_times_and_dates_are_read_whole(read, sent, kept):
    assert read(sent) == kept


@pytest.mark.parametrize(
    ("read", "sent"),
    [
        (coercion.parse_time, "09:00+02:00"),
        (coercion.parse_time, "09:00Z"),
        (coercion.parse_time, "09:00 0200"),
        (coercion.parse_time, "2027-03-01T09:00:00"),
        (coercion.parse_time, "1970-01-01T09:00:00Z"),
        (coercion.parse_time, "2027-03-01"),
        (coercion.parse_date, "1955-10-27T22:00:00.000Z"),
        (coercion.parse_date, "1955-10-28T09:30"),
        (coercion.parse_integer, "1.5"),
        (coercion.parse_integer, 1.5),
        (coercion.parse_integer, "1,000"),
        (coercion.parse_integer, "1e3"),
        (coercion.parse_integer, "9" * 100_000),
        (coercion.parse_decimal, "1e999999"),
        (coercion.parse_decimal, "9" * 100_000),
        (coercion.parse_decimal, "12 34"),
        (coercion.parse_bool, "2"),
        (coercion.parse_bool, 1.5),
        (coercion.parse_bool, "yes please"),
        (coercion.parse_datetime, "9" * 100_000),
        (coercion.parse_date, "9" * 100_000),
        (coercion.parse_time, "9" * 100_000),
    ],
)
def test_what_would_be_read_in_part_is_refused(read, sent):
    with pytest.raises(ValueError, match=r"must be|is too large"):
        read(sent)


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"name": ""}, "name", "name may not be empty."),
        ({"name": None}, "name", "name may not be null."),
        ({"name": ["a"]}, "name", "name must be text."),
        ({"name": True}, "name", "name must be text."),
        ({"name": "x" * 256}, "name", "name may have at most 255 characters."),
        ({"name": "a\0b"}, "name", "name may not contain a NUL character."),
        ({"mins_until_next_alert": "soon"}, "mins_until_next_alert", "mins_until_next_alert must be a whole number."),
        ({"mins_until_next_alert": 1.5}, "mins_until_next_alert", "mins_until_next_alert must be a whole number."),
        ({"mins_until_next_alert": True}, "mins_until_next_alert", "mins_until_next_alert must be a whole number."),
        ({"mins_until_next_alert": {}}, "mins_until_next_alert", "mins_until_next_alert must be a whole number."),
        ({"mins_until_next_alert": -1}, "mins_until_next_alert", "mins_until_next_alert must lie between 0 and"),
        ({"mins_until_next_alert": 2**31}, "mins_until_next_alert", "mins_until_next_alert must lie between 0 and"),
        ({"mins_until_next_alert": 2**63}, "mins_until_next_alert", "mins_until_next_alert is too large a number."),
        ({"order_method": "Chaos"}, "order_method", "order_method must be one of Rank, Time"),
        ({"order_method": []}, "order_method", "order_method must be one of Rank, Time"),
        (
            {"is_contact_resource_sharing_enabled": "perhaps"},
            "is_contact_resource_sharing_enabled",
            "is_contact_resource_sharing_enabled must be true or false.",
        ),
        ({"created_at": "yesterday"}, "created_at", "created_at must be a date-time"),
        ({"created_at": "99999-01-01"}, "created_at", "created_at must be a date-time"),
        ({"created_at": "0001-01-02"}, "created_at", "created_at must lie between 1000-01-01 and 9999-12-30."),
        ({"created_at": "0999-12-31T23:59:59Z"}, "created_at", "created_at must lie between 1000-01-01"),
        ({"created_at": "9999-12-30T00:00:00Z"}, "created_at", "created_at must lie between 1000-01-01"),
        ({"created_at": "9999-12-31T23:59:59-12:00"}, "created_at", "created_at must be a date-time"),
        ({"created_at": 1516093749}, "created_at", "created_at must be a date-time"),
    ],
)
def test_what_cannot_be_read_is_refused_by_field(api, alice, sent, field, message):
    answer = api(alice).post("/shelves", {"name": "Pride"} | sent)
    assert answer.status_code == 400, answer.content
    problem = answer.json()
    assert (problem["name"], list(problem["errors"])) == ("BadRequest", [field])
    assert problem["message"].startswith(message)
    assert problem["errors"][field] == problem["message"]
    assert not Team.objects.exists()


def test_what_is_required_is_named(api, alice):
    assert api(alice).post("/shelves", {}).json()["message"] == "name is required."


@pytest.mark.contract("Errors", "400 names the fields at fault in `errors`", "inferred")
def test_every_field_at_fault_is_named(api, alice):
    problem = api(alice).post("/shelves", {"name": "", "order_method": "Chaos"}).json()
    assert set(problem["errors"]) == {"name", "order_method"}


@pytest.mark.contract(
    "Slashes, verbs and bodies", "PATCH changes what it names: 200 with the whole record", "documented", client=[10]
)
def test_a_patch_changes_what_it_names_and_answers_the_whole_record(api, alice, shelf_of_alice):
    before = api(alice).get(f"/shelves/{shelf_of_alice.pk}").json()

    answer = api(alice).patch(f"/shelves/{shelf_of_alice.pk}", {"order_method": "time", "nonsense": 1})

    assert answer.status_code == 200
    after = answer.json()
    assert after["modified_at"] > before["modified_at"]
    assert after | {"modified_at": ""} == before | {"order_method": "Time", "modified_at": ""}


def test_a_patch_writes_no_other_column(api, alice, shelf_of_alice):
    """Two people who change two fields at the same time do not undo each other."""
    client = api(alice)
    with CaptureQueriesContext(connection) as queries:
        client.patch(f"/shelves/{shelf_of_alice.pk}", {"order_method": "Time"})
    [written] = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
    assert '"name" =' not in written
    assert '"order_method" =' in written


@pytest.mark.contract("Slashes, verbs and bodies", "A PATCH may be empty", "inferred", client=[12])
def test_an_empty_patch_is_taken(api, alice, shelf_of_alice):
    client = api(alice)
    answer = client.http.generic(
        "PATCH", f"/shelves/{shelf_of_alice.pk}", b"", "application/json", headers=client.headers
    )
    assert answer.status_code == 200
    assert answer.json()["id"] == shelf_of_alice.pk


@pytest.mark.contract("Slashes, verbs and bodies", "DELETE answers with the removed record", "documented")
def test_a_removed_record_is_the_answer(api, alice, shelf_of_alice):
    before = api(alice).get(f"/shelves/{shelf_of_alice.pk}").json()
    answer = api(alice).delete(f"/shelves/{shelf_of_alice.pk}")
    assert (answer.status_code, answer.json()) == (200, before)
    assert api(alice).get(f"/shelves/{shelf_of_alice.pk}").status_code == 404


@pytest.mark.contract("Errors", "404 is `No record found for id '1'`", "inferred")
@pytest.mark.parametrize(
    "given_id", ["999999", "abc", "0", "-1", "1.5", "9" * 30, "9" * 5000, "%00", "null", "1e3", "%F0%9F%98%80"]
)
def test_an_unknown_id_is_a_feathers_404(api, alice, shelf_of_alice, given_id):
    for answer in (
        api(alice).get(f"/shelves/{given_id}"),
        api(alice).patch(f"/shelves/{given_id}", {"name": "x"}),
        api(alice).delete(f"/shelves/{given_id}"),
        api(alice).get(f"/shelves/{given_id}/members"),
        api(alice).post(f"/shelves/{given_id}/members", {}),
    ):
        assert answer.status_code == 404
        assert answer.json()["className"] == "not-found"
    if given_id == "abc":
        assert answer.json()["message"] == "No record found for id 'abc'"
    shelf_of_alice.refresh_from_db()
    assert shelf_of_alice.name == "Pride"


@pytest.mark.contract("Errors", "A stranger's record is 404; one you see but may not change is 403", "inferred")
def test_a_strangers_record_is_404_and_one_you_may_only_see_is_403(api, charlie, bob, team):
    path = f"/shelves/{team.pk}"
    for verb in (api(charlie).get(path), api(charlie).patch(path, {"name": "x"}), api(charlie).delete(path)):
        assert verb.json()["message"] == f"No record found for id '{team.pk}'"
    assert api(bob).get(path).status_code == 200
    for verb in (api(bob).patch(path, {"order_method": "bad"}), api(bob).delete(path)):
        assert verb.status_code == 403
        assert verb.json()["name"] == "Forbidden"
    team.refresh_from_db()
    assert team.name == "Pride"


@pytest.mark.contract("Slashes, verbs and bodies", "There is no PUT; a verb that is not offered is 405", "documented")
def test_a_verb_that_does_not_exist_is_405(api, alice, team):
    for answer in (
        api(alice)._send("PUT", f"/shelves/{team.pk}", {"name": "x"}),
        api(alice).patch("/shelves", {}),
        api(alice).post(f"/shelves/{team.pk}", {}),
        api(alice).delete(f"/shelves/{team.pk}/members/1"),
        api(alice)._send("TRACE", "/shelves", None),
    ):
        assert answer.status_code == 405
        assert answer.json()["name"] == "MethodNotAllowed"
    assert "GET" in answer["Allow"]


def test_what_hangs_under_a_record_follows_it(api, alice, bob, charlie, team):
    listed = api(bob).get(f"/shelves/{team.pk}/members?$select=user_id&$select=team_name").json()
    assert listed["total"] == 3
    assert listed["data"][0] == {"id": listed["data"][0]["id"], "user_id": alice.pk, "team_name": "Pride"}
    one = listed["data"][0]["id"]
    other = Team.objects.create(creator=alice, name="Other")
    assert api(alice).get(f"/shelves/{team.pk}/members/{one}").status_code == 200
    assert api(alice).get(f"/shelves/{other.pk}/members/{one}").status_code == 404
    assert api(charlie).get(f"/shelves/{team.pk}/members").status_code == 404
    made = api(alice).made(f"/shelves/{other.pk}/members", {"user_id": str(bob.pk), "request_status": "accepted"})
    assert TeamMember.objects.get(pk=made["id"]).team == other


@pytest.mark.parametrize("given_id", ["abc", True, 1.5, 999999, 2**63, -1, {}, []])
def test_a_reference_to_nothing_is_refused(api, alice, team, given_id):
    answer = api(alice).post("/options", {"team_id": team.pk, "user_id": given_id})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["user_id"])


def test_a_reference_is_looked_up_among_what_the_caller_may_use(api, alice, bob, charlie, team):
    assert api(alice).made("/options", {"team_id": f"{team.pk}", "user_id": bob.pk})["user_id"] == bob.pk
    stranger = api(alice).post("/options", {"team_id": team.pk, "user_id": charlie.pk})
    assert stranger.json()["message"] == f"user_id names no record: there is no {charlie.pk} that you may use."
    hidden = api(charlie).post("/options", {"team_id": team.pk, "user_id": charlie.pk})
    assert list(hidden.json()["errors"]) == ["team_id"]


@pytest.mark.parametrize("nothing", [0, "0", None, "", " "])
def test_a_required_reference_cannot_be_cleared(api, alice, team, nothing):
    answer = api(alice).post("/options", {"team_id": nothing, "user_id": alice.pk})
    assert answer.json()["message"] == "team_id may not be null."


def test_a_constraint_that_holds_alone_is_409(api, alice, bob, team):
    body = {"team_id": team.pk, "user_id": bob.pk}
    api(alice).made("/options", body)
    answer = api(alice).post("/options", body)
    assert (answer.status_code, answer.json()["name"]) == (409, "Conflict")
    assert "option" not in answer.json()["message"]  # no names of tables or constraints


def test_two_hundred_rows_read_no_relation(api, alice, team, django_assert_num_queries):
    client = api(alice)
    api(alice).made("/options", {"team_id": team.pk, "user_id": alice.pk})
    with django_assert_num_queries(2):
        assert client.get("/options").json()["data"][0]["team_id"] == team.pk
