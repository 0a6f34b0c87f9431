"""Users see and change themselves."""

from datetime import UTC, datetime

import pytest

from teams.models import User


@pytest.mark.contract("Users", "`GET /me`, with `username`, `phone`, `system_phone`", "documented", client=[11])
def test_me_shows_the_tokens_owner(alice, api):
    me = api(alice).get("/me").json()

    assert me["id"] == alice.pk
    assert me["email"] == me["username"] == "alice@example.com"
    assert (me["first_name"], me["last_name"]) == ("Alice", "Example")
    assert (me["phone"], me["system_phone"]) == ("+1 949 555 0111", "")
    assert me["timezone"] == "America/Los_Angeles"
    assert me["timezone_offset"] in (-8, -7)
    assert me["created_at"].endswith("Z")
    assert me.keys() == {
        "id", "first_name", "last_name", "email", "username", "phone", "phone_confirmed_at", "system_phone",
        "timezone_offset", "timezone", "profile_picture", "paused_until", "working_hours", "days_off",
        "created_at", "modified_at",
    }  # fmt: skip


@pytest.mark.contract(
    "Users",
    "`GET /users` is an envelope with the token's owner, as are `/me` and `/users/me` without it",
    "documented",
    client=[11],
)
def test_every_way_of_asking_who_one_is_agrees(alice, bob, team, api):
    client = api(alice)
    me = client.get("/me").json()

    assert client.get("/users").json() == {"total": 1, "limit": 10, "skip": 0, "data": [me]}
    assert client.get("/users/me").json() == me
    assert client.get(f"/users/{alice.pk}").json() == me
    assert client.get(f"/users/{bob.pk}").status_code == 404


@pytest.mark.contract("Users", "`timezone_offset` is a number, with halves where zones have them", "inferred")
@pytest.mark.parametrize(
    ("zone", "month", "hours"),
    [("America/Los_Angeles", 1, -8), ("America/Los_Angeles", 7, -7), ("Asia/Kolkata", 1, 5.5), ("UTC", 1, 0)],
)
def test_the_offset_is_that_of_the_moment(alice, zone, month, hours):
    alice.timezone = zone

    assert alice.timezone_offset(datetime(2026, month, 1, tzinfo=UTC)) == hours


def test_users_are_asked_for_by_their_offset(alice, api):
    User.objects.filter(pk=alice.pk).update(timezone="Asia/Kolkata")
    for query, found in [
        ("=5.5", 1), ("[$ne]=5.5", 0), ("[$in][]=-8&timezone_offset[$in][]=5.5", 1), ("[$gt]=5.5", 0),
        ("[$gte]=5.5", 1), ("[$lt]=6", 1), ("[$lte]=5", 0), ("=-8", 0), ("=null", 0), ("[$nin][]=null", 1),
    ]:  # fmt: skip
        assert api(alice).get(f"/users?timezone_offset{query}&$sort[timezone_offset]=-1").json()["total"] == found, (
            query
        )
    assert api(alice).get("/users?$sort[timezone_offset]=1&$cursor=").json()["data"][0]["timezone_offset"] == 5.5
    assert api(alice).get("/users?timezone_offset=west").json()["errors"].keys() == {"timezone_offset"}


@pytest.mark.contract("Users", "`PATCH /me`: names, phone, timezone, picture", "ours")
def test_one_changes_oneself(alice, api):
    before = api(alice).get("/me").json()

    answer = api(alice).patch(
        "/me",
        {
            "first_name": "Alicia",
            "last_name": "Sample",
            "phone": "(949) 555-0123",
            "timezone": "america/denver",
            "profile_picture": "www.example.com/alice.jpeg",
        },
    )

    assert answer.status_code == 200
    me = answer.json()
    assert me["first_name"] == "Alicia"
    assert me["timezone"] == "America/Denver"
    assert me["profile_picture"] == "www.example.com/alice.jpeg"
    assert me["modified_at"] > before["modified_at"]
    alice.refresh_from_db()
    assert (alice.phone, alice.phone_e164) == ("(949) 555-0123", "+19495550123")
    assert alice.zone.key == "America/Denver"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "eve@example.com"),
        ("username", "eve"),
        ("system_phone", "+19495550199"),
        ("is_staff", True),
        ("id", 1),
    ],
)
def test_what_only_operators_change_is_refused_by_name(alice, api, field, value):
    answer = api(alice).patch("/me", {field: value})

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert alice.system_phone == ""
    assert not alice.is_staff


def test_an_empty_timezone_leaves_it_alone(alice, api):
    assert api(alice).patch("/me", {"timezone": "", "phone": ""}).json()["timezone"] == "America/Los_Angeles"
    alice.refresh_from_db()
    assert alice.phone_e164 == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", -8),
        ("timezone", ["UTC"]),
        ("phone", "5" * 256),
        ("phone", "12"),
        ("phone", 12),
        ("phone", "555-0123"),
        ("phone", "call me"),
        ("first_name", {"x": 1}),
        ("first_name", "a\0b"),
        ("profile_picture", "x" * 201),
    ],
)
def test_what_does_not_fit_is_refused_by_name(alice, api, field, value):
    before = api(alice).get("/me").json()

    answer = api(alice).patch("/me", {"last_name": "Changed", field: value})

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert api(alice).get("/me").json() == before


@pytest.mark.parametrize("path", ["/users/999999", "/users/alice", "/users/-1", "/users/99999999999999999999"])
def test_a_user_who_is_not_oneself_is_not_found(alice, api, path):
    assert api(alice).get(path).json()["name"] == "NotFound"


def test_users_are_not_made_or_removed_by_the_api(alice, api):
    for answer in (api(alice).post("/users"), api(alice).delete(f"/users/{alice.pk}"), api(alice).delete("/me")):
        assert (answer.status_code, answer.json()["className"]) == (405, "method-not-allowed")


def test_an_unknown_filter_is_named(alice, api):
    answer = api(alice).get("/users?password=x")

    assert answer.status_code == 400
    assert "password" in answer.json()["errors"]


def test_whoever_left_the_business_has_no_token(alice, api):
    client = api(alice)
    alice.is_active = False
    alice.save()

    assert client.get("/me").status_code == 401
