"""Custom fields over HTTP, and their values on contacts."""

import pytest

from crm.models import Contact, CustomFieldValue
from crm.signals import contact_changed

KIDS = {"data_type": "Text", "name": "Kids Names", "rank": 1}


@pytest.fixture
def kids(alice, api):
    return api(alice).made("/custom-fields", KIDS)


@pytest.fixture
def budget(alice, api):
    return api(alice).made("/custom-fields", {"data_type": "Dollar Amt", "name": "Budget"})


def valued(field, value):
    """How a contact shows a field."""
    return {
        "id": field["id"],
        "value": value,
        "name": field["name"],
        "data_type": field["data_type"],
        "user_id": field["user_id"],
        "rank": field["rank"],
    }


# The fields


def test_a_field_is_made_read_changed_and_removed(alice, api):
    client = api(alice)
    made = client.made("/custom-fields", KIDS | {"rank": "1"})
    assert made == KIDS | {"id": made["id"], "user_id": alice.pk}
    assert client.get(f"/custom-fields/{made['id']}").json() == made

    changed = client.patch(f"/custom-fields/{made['id']}", {"name": "Kids", "user_id": 5}).json()
    assert changed == made | {"name": "Kids"}

    removed = client.delete(f"/custom-fields/{made['id']}")
    assert (removed.status_code, removed.json()) == (200, changed)
    assert client.get("/custom-fields").json() == {"total": 0, "limit": 10, "skip": 0, "data": []}


@pytest.mark.contract("Custom fields", "`Data`, a misprint, is read as `Date`", "documented")
@pytest.mark.parametrize(
    ("given", "kept"),
    [("text", "Text"), ("NUMBER", "Number"), ("Date", "Date"), ("Data", "Date"), ("dollar amt", "Dollar Amt")],
)
def test_types_are_read_ignoring_case_and_one_misprint(alice, api, given, kept):
    assert api(alice).made("/custom-fields", {"data_type": given, "name": "x"})["data_type"] == kept


@pytest.mark.contract("Custom fields", "Without a `rank` it is 99999; they come by `rank`, then `id`", "documented")
def test_a_field_without_a_rank_comes_last(alice, api, budget, kids):
    assert budget["rank"] == 99999
    assert api(alice).get("/custom-fields").json()["data"] == [kids, budget]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x"}, "data_type"),
        ({"data_type": "Text"}, "name"),
        ({"data_type": "Text", "name": ""}, "name"),
        ({"data_type": "Colour", "name": "x"}, "data_type"),
        ({"data_type": "", "name": "x"}, "data_type"),
        ({"data_type": "Text", "name": "x" * 256}, "name"),
        ({"data_type": "Text", "name": "x", "rank": "first"}, "rank"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(alice, api, body, field):
    answer = api(alice).post("/custom-fields", body)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert api(alice).get("/custom-fields").json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=kids names", ["Kids Names"]),
        ("data_type=dollar amt", ["Budget"]),
        ("data_type[$ne]=Text", ["Budget"]),
        ("rank[$lt]=5", ["Kids Names"]),
        ("$sort[name]=1", ["Budget", "Kids Names"]),
    ],
)
def test_fields_are_found(alice, api, kids, budget, query, names):
    assert [row["name"] for row in api(alice).get(f"/custom-fields?{query}").json()["data"]] == names


def test_a_list_of_twenty_costs_what_a_list_of_two_does(alice, api, django_assert_num_queries):
    client = api(alice)
    for size in (2, 20):
        while client.get("/custom-fields?$limit=0").json()["total"] < size:
            client.made("/custom-fields", KIDS)
        with django_assert_num_queries(2):  # the token, the page, which tells the total
            assert len(client.get("/custom-fields?$limit=50").json()["data"]) == size


# Their values


@pytest.mark.contract(
    "Custom fields", "A contact shows every field of yours, valued or not, in lists too", "documented"
)
def test_a_contact_shows_every_field_valued_or_not(alice, api, budget, kids):
    contact = api(alice).made("/contacts", {"custom_fields": [{"id": kids["id"], "value": "Ann, Bob"}]})

    assert contact["custom_fields"] == [valued(kids, "Ann, Bob"), valued(budget, None)]
    assert api(alice).get(f"/contacts/{contact['id']}").json() == contact
    assert api(alice).get("/contacts").json()["data"] == [contact]
    assert api(alice).patch(f"/contacts/{contact['id']}").json() == contact
    assert api(alice).delete(f"/contacts/{contact['id']}").json() == contact


def test_who_has_no_fields_sees_an_empty_list(alice, api):
    assert api(alice).made("/contacts")["custom_fields"] == []


@pytest.mark.contract(
    "Custom fields",
    '`custom_fields:[{"id","value"}]` in POST and PATCH of a contact; those not named stay',
    "inferred",
    client=[12],
)
def test_a_patch_changes_the_values_it_names(alice, api, kids, budget):
    both = [{"id": kids["id"], "value": "Ann"}, {"id": budget["id"], "value": "500000"}]
    contact = api(alice).made("/contacts", {"custom_fields": both})

    changed = api(alice).patch(f"/contacts/{contact['id']}", {"custom_fields": [{"id": kids["id"], "value": "Bob"}]})

    assert changed.json()["custom_fields"] == [valued(kids, "Bob"), valued(budget, "500000")]
    assert changed.json()["modified_at"] > contact["modified_at"]


@pytest.mark.contract("Custom fields", '`null` or `""` removes a value', "inferred")
@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_removes_a_value(alice, api, kids, nothing):
    contact = api(alice).made("/contacts", {"custom_fields": [{"id": kids["id"], "value": "Ann"}]})

    cleared = api(alice).patch(f"/contacts/{contact['id']}", {"custom_fields": [{"id": kids["id"], "value": nothing}]})

    assert cleared.json()["custom_fields"] == [valued(kids, None)]
    assert not CustomFieldValue.objects.exists()


@pytest.mark.contract("Custom fields", "A value is kept as it was typed, whatever its type", "inferred")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ann, Bob", "Ann, Bob"),
        (" two  spaces ", " two  spaces "),
        (5, "5"),
        (1.5, "1.5"),
        (True, "true"),
        (0, "0"),
        ("x" * 5000, "x" * 5000),
    ],
)
def test_a_value_is_kept_as_it_was_typed_whatever_the_type(alice, api, budget, given, kept):
    contact = api(alice).made("/contacts", {"custom_fields": [{"id": str(budget["id"]), "value": given}]})

    assert contact["custom_fields"][0]["value"] == kept


def test_the_last_of_two_values_counts(alice, api, kids):
    twice = [{"id": kids["id"], "value": "Ann"}, {"id": str(kids["id"]), "value": "Bob"}]

    assert api(alice).made("/contacts", {"custom_fields": twice})["custom_fields"] == [valued(kids, "Bob")]


def test_what_was_read_may_be_sent_back(alice, api, kids, budget):
    contact = api(alice).made("/contacts", {"custom_fields": [{"id": kids["id"], "value": "Ann"}]})

    answer = api(alice).patch(f"/contacts/{contact['id']}", contact)

    assert answer.json() == contact


@pytest.mark.parametrize("nothing", [[], None, "", {}])
def test_no_values_change_nothing(alice, api, kids, nothing):
    contact = api(alice).made("/contacts", {"custom_fields": [{"id": kids["id"], "value": "Ann"}]})

    assert api(alice).patch(f"/contacts/{contact['id']}", {"custom_fields": nothing}).json() == contact


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"id": 999_999, "value": "x"}, "custom_fields[1].id"),
        ({"id": 10**30, "value": "x"}, "custom_fields[1].id"),
        ({"id": "kids", "value": "x"}, "custom_fields[1].id"),
        ({"id": None, "value": "x"}, "custom_fields[1].id"),
        ({"id": True, "value": "x"}, "custom_fields[1].id"),
        ({"value": "x"}, "custom_fields[1].id"),
        ({"id": "{kids}"}, "custom_fields[1].value"),
        ({"id": "{kids}", "value": ["x"]}, "custom_fields[1].value"),
        ({"id": "{kids}", "value": {"a": 1}}, "custom_fields[1].value"),
        ("x", "custom_fields[1]"),
        (None, "custom_fields[1]"),
    ],
)
def test_a_row_that_cannot_be_kept_is_refused_by_name(alice, api, kids, row, fault):
    if isinstance(row, dict) and row.get("id") == "{kids}":
        row = row | {"id": kids["id"]}
    contact = api(alice).made("/contacts")
    body = {"first_name": "Ann", "custom_fields": [{"id": kids["id"], "value": "Ann"}, row]}

    for refused in (api(alice).post("/contacts", body), api(alice).patch(f"/contacts/{contact['id']}", body)):
        assert refused.status_code == 400
        assert list(refused.json()["errors"]) == [fault]
        assert refused.json()["message"].startswith(fault)
    assert api(alice).get("/contacts").json()["data"] == [contact]


@pytest.mark.parametrize("given", ["x", 5, {"147": "Ann"}])
def test_values_come_as_a_list(alice, api, kids, given):
    refused = api(alice).post("/contacts", {"custom_fields": given})

    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == ["custom_fields"]


def test_a_change_of_a_value_is_told(alice, api, kids, heard):
    contact = api(alice).made("/contacts")
    told = heard(contact_changed)

    api(alice).patch(f"/contacts/{contact['id']}", {"custom_fields": [{"id": kids["id"], "value": "Ann"}]})

    assert [news["changes"] for news in told] == [{"custom_fields"}]


@pytest.mark.contract("Custom fields", "`DELETE` takes the values along", "inferred")
def test_values_go_with_their_field_and_with_their_contact(alice, api, kids, budget):
    both = [{"id": kids["id"], "value": "Ann"}, {"id": budget["id"], "value": "1"}]
    contact = api(alice).made("/contacts", {"custom_fields": both})

    api(alice).delete(f"/custom-fields/{kids['id']}")
    assert api(alice).get(f"/contacts/{contact['id']}").json()["custom_fields"] == [valued(budget, "1")]

    api(alice).delete(f"/contacts/{contact['id']}")
    assert not CustomFieldValue.objects.exists()


# Who sees them


@pytest.mark.contract("Custom fields", "Not shared with teammates or assigned users", "documented")
def test_neither_teammates_nor_the_assigned_user_see_a_field_or_its_values(alice, bob, dana, team, api, kids):
    mine = {"assigned_user_id": bob.pk, "custom_fields": [{"id": kids["id"], "value": "Ann"}]}
    contact = api(alice).made("/contacts", mine)

    for user in (bob, dana):
        assert api(user).get("/custom-fields").json()["total"] == 0
        for answer in (
            api(user).get(f"/custom-fields/{kids['id']}"),
            api(user).patch(f"/custom-fields/{kids['id']}", {"name": "x"}),
            api(user).delete(f"/custom-fields/{kids['id']}"),
        ):
            assert answer.status_code == 404
        assert api(user).get(f"/contacts/{contact['id']}").json()["custom_fields"] == []
        refused = api(user).patch(f"/contacts/{contact['id']}", {"custom_fields": [{"id": kids["id"], "value": "x"}]})
        assert list(refused.json()["errors"]) == ["custom_fields[0].id"]


def test_everybody_keeps_values_of_their_own_on_a_contact_they_see(alice, bob, team, api, kids):
    contact = api(alice).made("/contacts", {"custom_fields": [{"id": kids["id"], "value": "Ann"}]})
    pets = api(bob).made("/custom-fields", {"data_type": "Text", "name": "Pets"})

    bobs = api(bob).patch(f"/contacts/{contact['id']}", {"custom_fields": [{"id": pets["id"], "value": "A cat"}]})

    assert bobs.json()["custom_fields"] == [valued(pets, "A cat")]
    assert api(alice).get(f"/contacts/{contact['id']}").json()["custom_fields"] == [valued(kids, "Ann")]


# What they cost


def test_contacts_cost_one_query_more_without_fields_and_two_with(alice, api, django_assert_num_queries):
    client = api(alice)
    Contact.objects.bulk_create(Contact(owner_user=alice) for _ in range(20))
    with django_assert_num_queries(4):  # the token, whose contacts, the page, my fields
        client.get("/contacts?$limit=50")
    with django_assert_num_queries(3):
        client.get("/contacts?$limit=50&$select=first_name")

    fields = [client.made("/custom-fields", KIDS)["id"] for _ in range(5)]
    for contact in Contact.objects.all():
        CustomFieldValue.objects.bulk_create(
            CustomFieldValue(contact=contact, field_id=field, value="x") for field in fields
        )
    with django_assert_num_queries(5):  # and the values
        rows = client.get("/contacts?$limit=50").json()["data"]
    assert all([field["value"] for field in row["custom_fields"]] == ["x"] * 5 for row in rows)


def test_taking_in_a_contact_costs_one_query_more(alice, api, django_assert_num_queries):
    client = api(alice)
    with django_assert_num_queries(6):  # the token, the clock, a transaction's ends, the contact, my fields
        client.made("/contacts", {"first_name": "Ann"})


def test_values_are_what_the_admin_shows_of_the_contacts_and_fields_one_sees(alice, bob, team, api, kids, client):
    api(alice).made("/contacts", {"custom_fields": [{"id": kids["id"], "value": "Ann, Bob"}]})

    for user, shown in ((alice, True), (bob, False)):
        client.force_login(user)
        assert ("Ann, Bob" in client.get("/admin/crm/customfieldvalue/").content.decode()) is shown
