"""What a broker shares with a sub-account, and what they keep it from creating."""

import pytest

from crm.models import Contact, CustomFieldValue, Hotness
from teams.models import SubAccount, TeamMember

KIDS = {"data_type": "Text", "name": "Kids"}


@pytest.fixture
def team(team):
    """Alice's team, in which contacts are not shared: what is seen is a broker's."""
    team.is_contact_resource_sharing_enabled = False
    team.save()
    return team


@pytest.fixture
def under(alice, bob, team, api):
    """`under(flag=True)`: bob is alice's sub-account with these flags from now on."""

    def put(**flags):
        if sub := SubAccount.objects.first():
            answer = api(alice).patch(f"/sub-accounts/{sub.pk}", flags)
            assert answer.status_code == 200, answer.content
            return sub
        return SubAccount.objects.get(pk=api(alice).made("/sub-accounts", {"user_id": bob.pk} | flags)["id"])

    return put


def ids(client, path):
    return [row["id"] for row in client.get(path).json()["data"]]


# What is shared

SHARED = {
    "/hotnesses": ("user_can_see_broker_hotnesses", {"name": "Hot"}),
    "/contact-sources": ("is_lead_sources_enabled", {"name": "Fair"}),
    "/custom-fields": ("is_custom_fields_enabled", KIDS),
    "/contacts": ("is_contact_ownership_enabled", {"first_name": "Mary"}),
}


@pytest.mark.contract(
    "Sub-accounts", "Flags for hotnesses, sources, custom fields and contacts open the broker's", "documented"
)
@pytest.mark.parametrize("path", SHARED)
def test_a_sub_account_sees_what_is_shared_while_it_is(alice, bob, dana, under, api, path):
    flag, body = SHARED[path]
    made = api(alice).made(path, body)
    others = {shared: True for shared, _ in SHARED.values() if shared != flag}
    under(**others)
    assert ids(api(bob), path) == []
    assert api(bob).get(f"{path}/{made['id']}").status_code == 404

    under(**{flag: True})
    assert ids(api(bob), path) == [made["id"]]
    assert api(bob).get(f"{path}/{made['id']}").status_code == 200
    assert ids(api(dana), path) == []

    under(**{flag: False})
    assert ids(api(bob), path) == []


@pytest.mark.parametrize("path", SHARED)
def test_removing_the_sub_account_ends_it_at_once(alice, bob, under, api, path):
    flag, body = SHARED[path]
    api(alice).made(path, body)
    sub = under(**{flag: True})
    assert len(ids(api(bob), path)) == 1

    api(alice).delete(f"/sub-accounts/{sub.pk}")

    assert ids(api(bob), path) == []


@pytest.mark.parametrize("path", SHARED)
def test_a_broker_who_has_left_shares_nothing(alice, bob, under, api, path):
    flag, body = SHARED[path]
    api(alice).made(path, body)
    under(**{flag: True})
    alice.is_active = False
    alice.save()

    assert ids(api(bob), path) == []


@pytest.mark.contract("Sub-accounts", "What is a sub-account's own is not seen by its broker", "inferred")
@pytest.mark.parametrize("path", SHARED)
def test_a_broker_sees_nothing_of_a_sub_accounts_own(alice, bob, under, api, path):
    under(**{flag: True for flag, _ in SHARED.values()})
    made = api(bob).made(path, SHARED[path][1])

    assert ids(api(alice), path) == []
    assert api(alice).get(f"{path}/{made['id']}").status_code == 404


@pytest.mark.parametrize("path", ["/hotnesses", "/contact-sources", "/custom-fields"])
def test_only_the_broker_changes_and_removes_what_they_share(alice, bob, under, api, path):
    flag, body = SHARED[path]
    made = api(alice).made(path, body)
    under(**{flag: True})

    assert api(bob).patch(f"{path}/{made['id']}", {"name": "Mine"}).status_code == 403
    assert api(bob).delete(f"{path}/{made['id']}").status_code == 403
    assert api(alice).get(f"{path}/{made['id']}").json() == made


# Hotnesses and sources


@pytest.mark.contract("Hotnesses", "Yours, and your broker's if they are shared", "documented")
def test_hotnesses_come_by_user_and_then_by_rank(alice, bob, under, api):
    under(user_can_see_broker_hotnesses=True)
    for user, ranks in ((bob, (2, 1)), (alice, (4, 3))):
        for rank in ranks:
            api(user).made("/hotnesses", {"name": "Hot", "rank": rank})

    rows = api(bob).get("/hotnesses").json()["data"]

    assert [(row["user_id"], row["rank"]) for row in rows] == [(alice.pk, 3), (alice.pk, 4), (bob.pk, 1), (bob.pk, 2)]


@pytest.mark.parametrize(("path", "field"), [("/hotnesses", "hotness_id"), ("/contact-sources", "source_id")])
def test_a_sub_accounts_contact_refers_to_the_brokers(alice, bob, under, api, path, field):
    flag, body = SHARED[path]
    made = api(alice).made(path, body)
    sub = under()
    refused = api(bob).post("/contacts", {field: made["id"]})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, [field])

    under(**{flag: True})
    contact = api(bob).made("/contacts", {field: made["id"]})
    assert contact[field] == made["id"]

    # What stands outlasts the sub-account, and may be sent back as it was read.
    api(alice).delete(f"/sub-accounts/{sub.pk}")
    assert api(bob).get(f"/contacts/{contact['id']}").json() == contact
    assert api(bob).patch(f"/contacts/{contact['id']}", {field: made["id"], "company": "Acme"}).status_code == 200
    assert api(bob).post("/contacts", {field: made["id"]}).status_code == 400


def test_a_name_of_the_brokers_is_still_free_for_a_source_of_ones_own(alice, bob, under, api):
    api(alice).made("/contact-sources", {"name": "Fair"})
    under(is_lead_sources_enabled=True)

    assert api(bob).made("/contact-sources", {"name": "fair"})["user_id"] == bob.pk


# Custom fields


def test_a_sub_account_fills_in_the_brokers_fields_on_its_own_contacts(alice, bob, under, api):
    field = api(alice).made("/custom-fields", KIDS)
    body = {"custom_fields": [{"id": field["id"], "value": "Ann, Bob"}]}
    under()
    assert api(bob).post("/contacts", body).status_code == 400

    under(is_custom_fields_enabled=True)
    contact = api(bob).made("/contacts", body)

    assert contact["custom_fields"] == [field | {"value": "Ann, Bob"}]
    assert api(bob).get("/contacts").json()["data"] == [contact]


def test_values_in_a_field_that_is_no_longer_shared_are_kept_and_not_shown(alice, bob, under, api):
    field = api(alice).made("/custom-fields", KIDS)
    under(is_custom_fields_enabled=True)
    contact = api(bob).made("/contacts", {"custom_fields": [{"id": field["id"], "value": "Ann"}]})

    under(is_custom_fields_enabled=False)
    assert api(bob).get(f"/contacts/{contact['id']}").json()["custom_fields"] == []

    under(is_custom_fields_enabled=True)
    assert api(bob).get(f"/contacts/{contact['id']}").json() == contact
    assert CustomFieldValue.objects.count() == 1


# Contacts


def test_a_sub_account_works_with_the_brokers_contacts_and_removes_none(alice, bob, under, api):
    mary = api(alice).made("/contacts", {"first_name": "Mary"})
    under(is_contact_ownership_enabled=True)
    path = f"/contacts/{mary['id']}"

    assert api(bob).patch(path, {"company": "Acme"}).json()["owner_user_id"] == alice.pk
    assert api(bob).made(f"{path}/addresses", {"type": "Home"})
    assert api(bob).made("/tasks", {"contact_id": mary["id"], "action_type": "None", "description": "Call"})
    assert api(bob).delete(path).status_code == 403


def test_what_hangs_below_the_brokers_contacts_follows_them(alice, bob, under, api):
    mary = api(alice).made("/contacts")
    event = api(alice).made("/events", {"contact_id": mary["id"], "type": "property_viewed"})
    under()
    assert ids(api(bob), "/events") == []

    under(is_contact_ownership_enabled=True)

    assert ids(api(bob), "/events") == [event["id"]]
    assert api(bob).made("/events", {"contact_id": mary["id"], "type": "open_house"})
    assert api(bob).patch(f"/events/{event['id']}", {"type": "x"}).status_code == 403


def test_of_the_brokers_team_a_sub_account_sees_the_broker_alone(alice, bob, dana, under, api):
    """What reaches the broker through others is not the broker's to share."""
    under(is_contact_ownership_enabled=True)
    danas = Contact.objects.create(owner_user=dana, assigned_user=alice)
    other = api(alice).made("/teams", {"name": "Another", "is_contact_resource_sharing_enabled": True})
    TeamMember.objects.create(team_id=other["id"], user=dana, request_status="Accepted")

    assert ids(api(alice), "/contacts") == [danas.pk]
    assert ids(api(bob), "/contacts") == []


# What is forbidden

RIGHTS = {
    "/hotnesses": ("user_can_create_own_hotnesses", {"name": "Hot"}),
    "/contact-sources": ("is_lead_sources_new_enabled", {"name": "Fair"}),
    "/custom-fields": ("is_custom_fields_new_enabled", KIDS),
    "/contacts": ("is_contact_ownership_new_enabled", {"first_name": "Mary"}),
}


@pytest.mark.contract("Sub-accounts", "Flags to create one's own: 403 without", "documented")
@pytest.mark.parametrize("path", RIGHTS)
def test_a_broker_may_keep_a_sub_account_from_creating(alice, bob, under, api, path):
    right, body = RIGHTS[path]
    under(**{other: False for other, _ in RIGHTS.values() if other != right})
    standing = api(bob).made(path, body)

    sub = under(**{right: False})
    refused = api(bob).post(path, body | {"name": "New"})
    assert (refused.status_code, refused.json()["message"]) == (403, "Your broker does not let you create these.")
    assert ids(api(bob), path) == [standing["id"]]
    assert api(bob).patch(f"{path}/{standing['id']}", {"name": "Another"}).status_code == 200
    assert api(alice).made(path, body)

    assert api(bob).delete(f"/sub-accounts/{sub.pk}").status_code == 200
    assert api(bob).made(path, body | {"name": "New"})


def test_a_broker_who_has_left_forbids_nothing(alice, bob, under, api):
    under(user_can_create_own_hotnesses=False)
    alice.is_active = False
    alice.save()

    assert api(bob).made("/hotnesses", {"name": "Hot"})


def test_a_sub_account_with_every_right_pays_one_query_for_it(bob, under, api, django_assert_num_queries):
    """Who is none pays nothing (test_custom_fields)."""
    under()
    client = api(bob)
    with django_assert_num_queries(7):  # one for the rights
        client.made("/contacts", {"first_name": "Ann"})


def test_a_hotness_removed_by_the_broker_leaves_the_contacts_of_sub_accounts_without(alice, bob, under, api):
    hot = api(alice).made("/hotnesses", {"name": "Hot"})
    under(user_can_see_broker_hotnesses=True)
    contact = api(bob).made("/contacts", {"hotness_id": hot["id"]})

    assert api(alice).delete(f"/hotnesses/{hot['id']}").status_code == 200

    assert api(bob).get(f"/contacts/{contact['id']}").json()["hotness_id"] is None
    assert not Hotness.objects.exists()


def test_who_may_create_no_sources_is_still_told_of_the_one_that_stands(bob, under, api):
    made = api(bob).made("/contact-sources", {"name": "Fair"})
    under(is_lead_sources_new_enabled=False)

    answer = api(bob).post("/contact-sources", {"name": "FAIR"})

    assert (answer.status_code, answer.json()) == (200, made)
