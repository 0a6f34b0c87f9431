"""Contacts over HTTP."""

from datetime import UTC, datetime

import pytest

from crm.models import Contact, ContactShare, ContactSource
from crm.signals import contact_changed, contact_removed
from messaging.models import Message
from teams.models import TeamMember

BILL = {
    "first_name": "Bill",
    "last_name": "Example",
    "email": "bill@example.com",
    "mobile_phone": "1 (604) 555-0172",
    "home_phone": "1 (604) 555-0124",
    "office_phone": "1 (208) 555-0132",
    "fax": "1 (306) 555-0149",
    "company": "Example Homes",
    "birthday": "1955-10-28",
    "anniversary": "2017-10-31",
    "spouse_name": "Melinda Example",
    "spouse_email": "melinda@example.com",
    "spouse_phone": "1 (604) 555-0125",
    "spouse_birthday": "1964-08-15",
    "tags": "Pending",
    "created_at": "2016-07-01T12:12:11.000Z",
    "modified_at": "2018-01-09T12:24:09.000Z",
}


def test_what_is_posted_comes_back(alice, api):
    contact = api(alice).made("/contacts", BILL)

    assert {name: contact[name] for name in BILL} == BILL
    assert contact["owner_user_id"] == alice.pk
    assert contact["assigned_user_id"] is contact["hotness_id"] is contact["source_id"] is None
    assert contact.keys() == {
        *BILL, "id", "owner_user_id", "assigned_user_id", "hotness_id", "source_id", "is_do_not_contact",
        "custom_fields",
    }  # fmt: skip
    assert api(alice).get(f"/contacts/{contact['id']}").json() == contact


@pytest.mark.contract("Contacts", "No field is required", "documented")
def test_no_field_is_required(alice, api):
    contact = api(alice).made("/contacts")

    assert contact["first_name"] == contact["email"] == ""
    assert contact["tags"] is None
    assert contact["created_at"] == contact["modified_at"]


@pytest.mark.contract("Contacts", "Unknown keys are ignored", "inferred", client=[12])
def test_unknown_and_unwritable_keys_are_ignored(alice, charlie, api):
    contact = api(alice).made("/contacts", {"id": 7, "owner_user_id": charlie.pk, "spouce_name": "Ann"})

    assert contact["owner_user_id"] == alice.pk
    assert "spouce_name" not in contact


@pytest.mark.contract("Contacts", '`""` is accepted in every field, the email among them', "inferred", client=[12])
def test_empty_text_is_accepted_in_every_field(alice, api):
    contact = api(alice).made("/contacts", dict.fromkeys((*BILL, "assigned_user_id", "hotness_id", "source_id"), ""))

    assert contact["email"] == contact["tags"] == ""
    assert contact["assigned_user_id"] is None


def test_patch_changes_what_it_names_and_answers_the_whole_record(alice, api):
    contact = api(alice).made("/contacts", BILL)

    changed = api(alice).patch(f"/contacts/{contact['id']}", {"last_name": "Sample", "tags": "Pending,Buyer"}).json()

    assert changed == contact | {
        "last_name": "Sample", "tags": "Pending,Buyer", "modified_at": changed["modified_at"],
    }  # fmt: skip
    assert changed["modified_at"] > contact["modified_at"]


@pytest.mark.contract("Contacts", "An empty PATCH answers the contact", "inferred", client=[12])
def test_patch_of_nothing_changes_nothing(alice, api):
    contact = api(alice).made("/contacts", BILL)

    assert api(alice).patch(f"/contacts/{contact['id']}").json() == contact


@pytest.mark.contract("Contacts", "`created_at` and `modified_at` may be sent", "documented", client=[12])
def test_modified_at_may_be_patched(alice, api):
    contact = api(alice).made("/contacts")

    changed = api(alice).patch(f"/contacts/{contact['id']}", {"modified_at": "2019-01-01T00:00:00Z"}).json()

    assert changed["modified_at"] == "2019-01-01T00:00:00.000Z"


def test_a_changed_phone_is_found_under_its_new_number_only(alice, api):
    contact = api(alice).made("/contacts", BILL)
    api(alice).patch(f"/contacts/{contact['id']}", {"mobile_phone": "+1 949 555 0123"})

    assert found(api(alice), mobile_phone="(949) 555-0123") == [contact["id"]]
    assert found(api(alice), mobile_phone=BILL["mobile_phone"]) == []


def test_two_people_changing_two_fields_do_not_undo_each_other(alice):
    Contact.objects.create(owner_user=alice, mobile_phone="+1 949 555 0123")
    first, second = Contact.objects.get(), Contact.objects.get()

    first.mobile_phone = "+1 949 555 0124"
    first.save(update_fields=["mobile_phone"])
    second.email = "bill@example.com"
    second.save(update_fields=["email"])

    saved = Contact.objects.get()
    assert (saved.mobile_phone, saved.mobile_e164) == ("+1 949 555 0124", "+19495550124")
    assert saved.email == "bill@example.com"


def test_a_contact_is_assigned_to_a_teammate(alice, bob, team, api):
    contact = api(alice).made("/contacts", {"assigned_user_id": str(bob.pk)})

    assert contact["assigned_user_id"] == bob.pk


@pytest.mark.contract("Contacts", "An assigned user must be in one of your teams", "documented")
def test_a_contact_is_not_assigned_beyond_ones_teams(alice, charlie, team, api):
    refused = api(alice).post("/contacts", {"assigned_user_id": charlie.pk})

    assert_refused(refused, "assigned_user_id")
    assert not Contact.objects.exists()


def test_a_contact_is_not_assigned_to_somebody_who_has_not_accepted(alice, dana, team, api):
    TeamMember.objects.filter(user=dana).update(request_status="Pending")

    assert_refused(api(alice).post("/contacts", {"assigned_user_id": dana.pk}), "assigned_user_id")


def test_what_was_read_may_be_sent_back_by_whoever_may_change_it(alice, bob, team, api):
    source = api(alice).made("/contact-sources", {"name": "Fair"})
    contact = api(alice).made("/contacts", {"source_id": source["id"], "assigned_user_id": alice.pk})

    answer = api(bob).patch(f"/contacts/{contact['id']}", contact | {"first_name": "Ann"})

    assert answer.status_code == 200, answer.content
    assert answer.json()["source_id"] == source["id"]


@pytest.mark.contract("Slashes, verbs and bodies", "`0` and `null` both clear a reference", "documented")
@pytest.mark.parametrize("nothing", [0, "0", None, ""])
def test_zero_and_null_clear_the_references(alice, api, nothing):
    source = api(alice).made("/contact-sources", {"name": "Fair"})
    hotness = api(alice).made("/hotnesses", {"name": "Hot"})
    contact = api(alice).made(
        "/contacts", {"source_id": str(source["id"]), "hotness_id": hotness["id"], "assigned_user_id": alice.pk}
    )
    assert (contact["source_id"], contact["hotness_id"]) == (source["id"], hotness["id"])

    cleared = api(alice).patch(
        f"/contacts/{contact['id']}", {"source_id": nothing, "hotness_id": nothing, "assigned_user_id": nothing}
    )

    assert cleared.json()["source_id"] is cleared.json()["hotness_id"] is cleared.json()["assigned_user_id"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", "x" * 256),
        ("home_phone", "5" * 46),
        ("tags", "x" * 509),
        ("spouse_name", "x" * 46),
        ("first_name", ["Bill"]),
        ("email", {"address": "bill@example.com"}),
        ("email", True),
        ("first_name", "Bi\0ll"),
        ("created_at", "yesterday"),
        ("modified_at", 5),
        ("assigned_user_id", "bob"),
        ("assigned_user_id", 999_999),
        ("assigned_user_id", 10**30),
        ("source_id", 999_999),
        ("hotness_id", -1),
        ("hotness_id", [1]),
    ],
)
def test_what_does_not_fit_is_refused_by_name(alice, api, field, value):
    contact = api(alice).made("/contacts", BILL)

    assert_refused(api(alice).post("/contacts", {field: value}), field)
    assert_refused(api(alice).patch(f"/contacts/{contact['id']}", {field: value}), field)
    assert api(alice).get("/contacts").json()["data"] == [contact]


def test_anothers_source_and_hotness_are_refused(alice, charlie, api):
    source = api(charlie).made("/contact-sources", {"name": "Fair"})
    hotness = api(charlie).made("/hotnesses", {"name": "Hot"})

    assert_refused(api(alice).post("/contacts", {"source_id": source["id"]}), "source_id")
    assert_refused(api(alice).post("/contacts", {"hotness_id": hotness["id"]}), "hotness_id")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b'{"first_name": NaN}'])
def test_a_body_that_is_no_json_object_is_refused(alice, api, body):
    client = api(alice)

    answer = client.http.generic("POST", "/contacts", body, "application/json", headers=client.headers)

    assert answer.status_code == 400
    assert answer.json()["name"] == "BadRequest"
    assert not Contact.objects.exists()


@pytest.mark.parametrize("id_", ["999999", "bill", "-1", "1.5", "99999999999999999999999", "1%00"])
def test_an_id_that_is_nobodys_is_not_found(alice, api, id_):
    for answer in (
        api(alice).get(f"/contacts/{id_}"),
        api(alice).patch(f"/contacts/{id_}", {"first_name": "x"}),
        api(alice).delete(f"/contacts/{id_}"),
    ):
        assert answer.status_code == 404
        assert answer.json()["className"] == "not-found"
        assert answer.json()["message"].startswith("No record found for id")


# Removal


def test_delete_answers_with_the_removed_record(alice, api):
    contact = api(alice).made("/contacts", BILL)

    removed = api(alice).delete(f"/contacts/{contact['id']}")

    assert (removed.status_code, removed.json()) == (200, contact)
    assert api(alice).get(f"/contacts/{contact['id']}").status_code == 404
    assert api(alice).delete(f"/contacts/{contact['id']}").status_code == 404


@pytest.mark.contract("Contacts", "`DELETE`, by its owner alone; published clients do it", "inferred")
def test_only_the_owner_removes_a_contact(alice, bob, dana, team, api):
    contact = api(alice).made("/contacts", {"assigned_user_id": bob.pk})

    for user in (bob, dana):
        refused = api(user).delete(f"/contacts/{contact['id']}")
        assert (refused.status_code, refused.json()["name"]) == (403, "Forbidden")
    assert Contact.objects.exists()


def test_removal_is_told_in_its_own_transaction(alice, api, heard):
    contact = api(alice).made("/contacts")
    told = heard(contact_removed)

    api(alice).delete(f"/contacts/{contact['id']}")

    assert [news["contact"].owner_user_id for news in told] == [alice.pk]


def test_what_was_still_to_be_said_to_a_removed_contact_is_not_said(bob, api):
    contact = Contact.objects.create(owner_user=bob, mobile_phone="+1 310 555 0142")
    waiting = Message.objects.create(
        channel="text", purpose="campaign", contact=contact, user=bob, recipient=contact.mobile_e164, body="Hello"
    )

    api(bob).delete(f"/contacts/{contact.pk}")

    waiting.refresh_from_db()
    assert (waiting.status, waiting.contact) == ("cancelled", None)
    assert waiting.recipient == contact.mobile_e164


def test_a_receiver_that_fails_keeps_the_contact(alice, api, heard):
    contact = api(alice).made("/contacts")
    heard(contact_removed, fail=True)

    assert api(alice).delete(f"/contacts/{contact['id']}").status_code == 500
    assert Contact.objects.filter(pk=contact["id"]).exists()


def test_a_change_is_told(alice, api, heard):
    contact = api(alice).made("/contacts")
    told = heard(contact_changed)

    api(alice).patch(f"/contacts/{contact['id']}", {"mobile_phone": "", "source_id": None})
    api(alice).patch(f"/contacts/{contact['id']}")

    assert [news["changes"] for news in told] == [{"mobile_phone", "source"}]


# Who sees what


@pytest.mark.contract(
    "Who may do what",
    "The owner's teammates, the assigned user and those a contact is shared with see it",
    "documented",
)
def test_owner_teammates_assigned_and_shared_with_see_a_contact(alice, bob, dana, charlie, team, api, make_user):
    erin, frank = make_user("Erin", "0115"), make_user("Frank", "0116")
    contact = Contact.objects.create(owner_user=bob, assigned_user=erin)
    ContactShare.objects.create(contact=contact, user=frank)

    for user in (alice, bob, dana, erin, frank):
        assert found(api(user)) == [contact.pk]
    assert found(api(charlie)) == []


@pytest.mark.contract("Who may do what", "Only in a team that shares its contacts", "documented")
def test_a_team_that_does_not_share_shows_nothing(alice, bob, team, api):
    team.is_contact_resource_sharing_enabled = False
    team.save()
    Contact.objects.create(owner_user=bob)

    assert found(api(alice)) == []


@pytest.mark.parametrize("status", ["Pending", "Declined"])
def test_whoever_has_not_accepted_neither_sees_nor_is_seen(alice, bob, dana, team, api, status):
    TeamMember.objects.filter(user=dana).update(request_status=status)
    bobs, danas = Contact.objects.create(owner_user=bob), Contact.objects.create(owner_user=dana)

    assert found(api(dana)) == [danas.pk]
    assert found(api(bob)) == [bobs.pk]


@pytest.mark.contract(
    "Who may do what", "When the creator of a team goes, its members stop seeing each other", "documented"
)
def test_teammates_stop_seeing_each_other_when_the_creator_goes(alice, bob, dana, team, api):
    contact = Contact.objects.create(owner_user=bob)
    alice.is_active = False
    alice.save()

    assert found(api(bob)) == [contact.pk]
    assert found(api(dana)) == []


def test_neither_staff_nor_superuser_sees_more(bob, charlie, api):
    Contact.objects.create(owner_user=bob)
    charlie.is_staff = charlie.is_superuser = True
    charlie.save()

    assert found(api(charlie)) == []


# Questions


@pytest.fixture
def people(alice):
    """Bill, as documented, and two who differ in everything."""
    fair = ContactSource.objects.create(user=alice, name="Fair")
    bill = Contact(owner_user=alice, **{name: BILL[name] for name in BILL if not name.endswith("_at")})
    bill.created_at = datetime(2016, 7, 1, tzinfo=UTC)
    bill.modified_at = datetime(2018, 1, 9, tzinfo=UTC)
    ann = Contact(owner_user=alice, first_name="Ann", tags="Buyer, Hot Lead", source=fair, mobile_phone="555-0199")
    ann.created_at = ann.modified_at = datetime(2020, 1, 1, tzinfo=UTC)
    zoe = Contact(owner_user=alice, first_name="Zoë", created_at=datetime(2021, 1, 1, tzinfo=UTC), assigned_user=alice)
    for person in (bill, ann, zoe):
        person.save()
    return {"bill": bill.pk, "ann": ann.pk, "zoe": zoe.pk}


@pytest.mark.contract("Contacts", "Found by plain equality on every text field, ignoring case", "inferred", client=[13])
@pytest.mark.parametrize("field", [name for name in BILL if not name.endswith("_at")])
def test_every_text_field_is_found_ignoring_case(alice, people, api, field):
    assert found(api(alice), **{field: BILL[field].upper()}) == [people["bill"]]
    assert found(api(alice), **{f"{field}[$ne]": BILL[field].upper()}) == [people["ann"], people["zoe"]]


@pytest.mark.contract("Contacts", "Found by email and by each phone", "documented", client=[13])
@pytest.mark.contract("Contacts", "`tags` is one string; `tags=Buyer` finds it among others", "inferred", client=[12])
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"first_name[$like]": "b%"}, ["bill"]),
        ({"first_name[$like]": "ZOË"}, ["zoe"]),
        ({"first_name": ["bill", "ann"]}, ["bill", "ann"]),
        ({"first_name[$in][]": ["bill", "ann"]}, ["bill", "ann"]),
        ({"first_name[$nin][]": ["bill", "ann"]}, ["zoe"]),
        ({"email": "bill@example.com", "mobile_phone": "16045550172"}, ["bill"]),
        ({"email": "bill@example.com", "first_name": "Ann"}, []),
        ({"$or[0][first_name]": "Ann", "$or[1][email]": "bill@example.com"}, ["bill", "ann"]),
        ({"mobile_phone": "1(604)555-0172"}, ["bill"]),
        ({"mobile_phone": "+1.604.555.0172"}, ["bill"]),
        ({"home_phone": "1(604)555-0172"}, []),
        ({"office_phone": "208-555-0132"}, ["bill"]),
        ({"mobile_phone": "555-0199"}, ["ann"]),
        ({"mobile_phone": ["555-0199", "604 555 0172"]}, ["bill", "ann"]),
        ({"mobile_phone": ""}, ["zoe"]),
        ({"tags": "buyer"}, ["ann"]),
        ({"tags": "hot lead"}, ["ann"]),
        ({"tags": "hot"}, []),
        ({"tags": "Buyer, Hot Lead"}, ["ann"]),
        ({"tags": "Hot Lead, Buyer"}, []),
        ({"tags": ["Buyer", "pending"]}, ["bill", "ann"]),
        ({"tags": ""}, ["zoe"]),
        ({"tags[$ne]": "buyer"}, ["bill", "zoe"]),
        ({"tags[$like]": "%hot%"}, ["ann"]),
        ({"created_at[$gte]": "2016-07-01", "created_at[$lt]": "2020-01-01"}, ["bill"]),
        ({"modified_at[$gt]": "2018-01-09", "first_name": "Ann"}, ["ann"]),
        ({"created_at": "2020-01-01T00:00:00.000Z"}, ["ann"]),
        ({"assigned_user_id": "null"}, ["bill", "ann"]),
        ({"source_id[$ne]": "null"}, ["ann"]),
        ({"$sort[first_name]": "1"}, ["ann", "bill", "zoe"]),
        ({"$sort[created_at]": "-1", "$limit": "2"}, ["zoe", "ann"]),
    ],
)
def test_contacts_are_found(alice, people, api, query, names):
    assert found(api(alice), **query) == [people[name] for name in names]


def test_ids_are_found(alice, people, api):
    assert found(api(alice), id=people["ann"]) == [people["ann"]]
    assert found(api(alice), owner_user_id=alice.pk) == list(people.values())
    assert found(api(alice), assigned_user_id=alice.pk) == [people["zoe"]]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("colour=red", "colour"),
        ("first_name[$regex]=x", "first_name"),
        ("created_at[$gte]=soon", "created_at"),
        ("owner_user_id=me", "owner_user_id"),
        ("$sort[colour]=1", "$sort"),
        ("first_name=%00", "first_name"),
        ("mobile_e164=+19495550123", "mobile_e164"),
        ("owner_user__password=x", "owner_user__password"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused_by_name(alice, people, api, query, name):
    assert_refused(api(alice).get(f"/contacts?{query}"), name)


def test_a_list_of_twenty_costs_what_a_list_of_two_does(alice, team, api, django_assert_num_queries):
    client = api(alice)
    Contact.objects.bulk_create(Contact(owner_user=alice, assigned_user=alice) for _ in range(2))
    with django_assert_num_queries(4):  # the token, whose contacts she sees and how many, the page, my custom fields
        client.get("/contacts")

    Contact.objects.bulk_create(Contact(owner_user=alice, assigned_user=alice) for _ in range(18))
    queries = ("$limit=50", "$limit=20", "$limit=20&last_name[$ne]=Smith&$total=false", "$limit=20&$cursor=")
    for query in (*queries, "$limit=20&$total=false&$cursor="):
        with django_assert_num_queries(4):
            assert len(client.get(f"/contacts?{query}").json()["data"]) == 20
    one = Contact.objects.values_list("pk", flat=True)[0]
    with django_assert_num_queries(3):  # where few are asked for: the token, the page, my custom fields
        assert client.get(f"/contacts?id={one}").json()["total"] == 1


def found(client, **query):
    answer = client.get("/contacts", query)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["data"]]


def assert_refused(answer, name):
    """It is a 400 of the Feathers shape that names what is wrong."""
    assert answer.status_code == 400, answer.content
    body = answer.json()
    assert body["name"] == "BadRequest"
    assert any(key.startswith(name) for key in body["errors"]), body
    assert name in body["message"]


@pytest.mark.contract("Contacts", "`is_do_not_contact`: nobody texts or emails them", "ours")
def test_a_contact_can_be_marked_do_not_contact_and_found_by_it(alice, api):
    contact = api(alice).made("/contacts", {"first_name": "Paula", "is_do_not_contact": "true"})
    assert contact["is_do_not_contact"] is True
    assert api(alice).get("/contacts", {"is_do_not_contact": "true"}).json()["total"] == 1
    assert (
        api(alice).patch(f"/contacts/{contact['id']}", {"is_do_not_contact": False}).json()["is_do_not_contact"]
        is False
    )
    assert api(alice).get("/contacts", {"is_do_not_contact": "true"}).json()["total"] == 0


def test_a_teammate_cannot_take_a_contact_along(alice, bob, team, api):
    """Who sees a contact through a team changes it, and leaves to its owner and assigned user who works with it."""
    contact = api(bob).made("/contacts", {"first_name": "Clara"})
    path = f"/contacts/{contact['id']}"

    refused = api(alice).patch(path, {"assigned_user_id": alice.pk, "first_name": "Ann"})
    assert refused.status_code == 403
    assert "assigned_user_id" in refused.json()["errors"]
    assert api(bob).get(path).json()["first_name"] == "Clara"
    assert api(alice).patch(path, {"assigned_user_id": None, "first_name": "Ann"}).status_code == 200  # as it is

    assert api(bob).patch(path, {"assigned_user_id": alice.pk}).status_code == 200
    assert api(alice).patch(path, {"assigned_user_id": bob.pk}).status_code == 200
    assert api(alice).patch(path, {"assigned_user_id": alice.pk}).status_code == 403
