"""Addresses of contacts over HTTP."""

import pytest
from django.db import transaction

from crm.contact_actions import remove_contact
from crm.models import Address, Contact, ContactShare
from tests.concurrency import Rival

OFFICE = {
    "type": "Main Office",
    "street_address_1": "5045 Herman Knoll",
    "street_address_2": None,
    "zip": "39246-5277",
    "city": "Berniermouth",
    "state": "West Virginia",
}


@pytest.fixture
def path(alice, api):
    """Where the addresses of a contact of alice's are."""
    return f"/contacts/{api(alice).made('/contacts')['id']}/addresses"


@pytest.mark.contract(
    "Contact addresses", "POST answers with the address's own `id`; no field is required", "inferred", client=[14]
)
def test_what_is_posted_comes_back(alice, api, path):
    address = api(alice).made(path, OFFICE)

    assert {name: address[name] for name in OFFICE} == OFFICE
    assert address.keys() == {*OFFICE, "id", "created_at", "modified_at"}
    assert address["created_at"] == address["modified_at"]
    assert api(alice).get(f"{path}/{address['id']}").json() == address
    assert api(alice).get(path).json() == {"total": 1, "limit": 10, "skip": 0, "data": [address]}


def test_no_field_is_required_and_the_times_are_ours(alice, api, path):
    address = api(alice).made(path, {"created_at": "2016-07-01T12:12:11.000Z", "id": 7})

    assert address["type"] == address["city"] == ""
    assert address["street_address_2"] is None
    assert address["created_at"] > "2020"


@pytest.mark.contract(
    "Contact addresses",
    '`type` is any text of up to 45 characters, "Second Office" too; the documented ones in any case',
    "inferred",
    client=[14],
)
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("home", "Home"),
        (" SECOND HOME ", "Second Home"),
        ("Second Office", "Second Office"),
        ("", ""),
        ("x" * 45, "x" * 45),
    ],
)
def test_a_type_is_a_documented_one_in_its_own_spelling_or_any_text(alice, api, path, given, kept):
    assert api(alice).made(path, {"type": given})["type"] == kept


@pytest.mark.parametrize(
    ("field", "limit"),
    [("type", 45), ("street_address_1", 45), ("street_address_2", 45), ("zip", 45), ("city", 200), ("state", 200)],
)
def test_what_is_too_long_is_refused_by_name_and_limit(alice, api, path, field, limit):
    address = api(alice).made(path, {field: "x" * limit})

    for refused in (
        api(alice).post(path, {field: "x" * (limit + 1)}),
        api(alice).patch(f"{path}/{address['id']}", {field: "x" * (limit + 1)}),
    ):
        assert refused.status_code == 400
        assert refused.json()["errors"] == {field: f"{field} may have at most {limit} characters."}
    assert api(alice).get(path).json()["data"] == [address]


def test_patch_changes_what_it_names_and_answers_the_whole_record(alice, api, path):
    address = api(alice).made(path, OFFICE)

    changed = api(alice).patch(f"{path}/{address['id']}", {"city": "Irvine", "street_address_2": "Suite 3"}).json()

    assert changed == address | {
        "city": "Irvine", "street_address_2": "Suite 3", "modified_at": changed["modified_at"],
    }  # fmt: skip
    assert changed["modified_at"] > address["modified_at"]


@pytest.mark.contract("Contact addresses", "`DELETE` answers the removed one; published clients do it", "inferred")
def test_delete_answers_with_the_removed_record(alice, api, path):
    address = api(alice).made(path, OFFICE)

    removed = api(alice).delete(f"{path}/{address['id']}")

    assert (removed.status_code, removed.json()) == (200, address)
    assert api(alice).get(f"{path}/{address['id']}").status_code == 404


@pytest.mark.parametrize(
    ("query", "cities"),
    [
        ("type=home", ["Irvine"]),
        ("type[$ne]=Home", ["Austin"]),
        ("street_address_1=1 main st", ["Irvine"]),
        ("street_address_2=null", ["Austin"]),
        ("zip=92618", ["Irvine"]),
        ("city[$like]=Ir%", ["Irvine"]),
        ("state=Texas", ["Austin"]),
        ("created_at[$gt]=2020-01-01", ["Irvine", "Austin"]),
        ("modified_at[$lt]=2020-01-01", []),
        ("$sort[city]=1", ["Austin", "Irvine"]),
        ("$sort[type]=-1&$limit=1", ["Austin"]),
    ],
)
def test_addresses_are_found_by_every_field(alice, api, path, query, cities):
    home = {"type": "Home", "street_address_1": "1 Main St", "street_address_2": "B", "zip": 92618, "city": "Irvine"}
    api(alice).made(path, home)
    api(alice).made(path, {"type": "Investment", "city": "Austin", "state": "Texas"})

    answer = api(alice).get(f"{path}?{query}")

    assert [row["city"] for row in answer.json()["data"]] == cities


@pytest.mark.contract(
    "Contact addresses",
    "Owner, teammates and the assigned user work with them; so do those the contact is shared with",
    "documented",
)
def test_whoever_works_with_a_contact_works_with_its_addresses(alice, bob, dana, charlie, team, api, make_user):
    erin, frank = make_user("Erin", "0115"), make_user("Frank", "0116")
    contact = Contact.objects.create(owner_user=bob, assigned_user=erin)
    ContactShare.objects.create(contact=contact, user=frank)
    path = f"/contacts/{contact.pk}/addresses"
    address = api(bob).made(path, OFFICE)

    for user in (alice, bob, dana, erin, frank):
        assert api(user).patch(f"{path}/{address['id']}", {"city": user.first_name}).json()["city"] == user.first_name
        made = api(user).made(path, {"type": "Home"})
        assert api(user).delete(f"{path}/{made['id']}").status_code == 200
        assert list(Address.objects.visible_to(user)) == [Address.objects.get()]
    for answer in (
        api(charlie).get(path),
        api(charlie).post(path, OFFICE),
        api(charlie).get(f"{path}/{address['id']}"),
        api(charlie).patch(f"{path}/{address['id']}", {"city": "x"}),
        api(charlie).delete(f"{path}/{address['id']}"),
    ):
        assert answer.status_code == 404
    assert list(Address.objects.visible_to(charlie)) == []


def test_an_address_is_found_under_its_own_contact_only(alice, api, path):
    address = api(alice).made(path, OFFICE)
    other = api(alice).made("/contacts")

    assert api(alice).get(f"/contacts/{other['id']}/addresses/{address['id']}").status_code == 404
    assert api(alice).get(f"/contacts/{other['id']}/addresses").json()["total"] == 0


@pytest.mark.contract("Contacts", "Addresses come with `$load=addresses` only", "ours")
def test_contacts_carry_their_addresses_when_asked_to(alice, api, path, django_assert_num_queries):
    client, contact = api(alice), path.removesuffix("/addresses")
    addresses = [client.made(path, OFFICE), client.made(path, {"type": "Home"})]

    assert "addresses" not in client.get(contact).json()
    assert client.get(f"{contact}?$load=addresses").json()["addresses"] == addresses
    assert client.patch(f"{contact}?$load=addresses", {"first_name": "Ann"}).json()["addresses"] == addresses

    for size in (2, 9):
        while client.get("/contacts?$limit=0").json()["total"] < size:
            client.made(f"/contacts/{client.made('/contacts')['id']}/addresses", OFFICE)
        with django_assert_num_queries(5):  # the token, whose contacts, the page, its addresses, my custom fields
            rows = client.get("/contacts?$load=addresses").json()["data"]
        assert [len(row["addresses"]) for row in rows] == [2] + [1] * (size - 1)


def test_a_list_of_twenty_costs_what_a_list_of_two_does(alice, api, path, django_assert_num_queries):
    client = api(alice)
    for size in (2, 20):
        while client.get(f"{path}?$limit=0").json()["total"] < size:
            client.made(path, OFFICE)
        with django_assert_num_queries(3):  # the token, the contact, the page, which tells the total
            assert len(client.get(f"{path}?$limit=50").json()["data"]) == size


def test_they_go_with_their_contact(alice, api, path):
    api(alice).made(path, OFFICE)

    assert api(alice).delete(path.removesuffix("/addresses")).status_code == 200
    assert not Address.objects.exists()


def test_the_admin_shows_them_with_their_contact_and_asks_the_api(alice, charlie, api, path, client):
    contact = Contact.objects.get()
    client.force_login(alice)

    client.post("/admin/crm/address/add/", {"contact": contact.pk, "type": "home", "city": "Irvine"})
    address = Address.objects.get()
    assert (address.type, address.city) == ("Home", "Irvine")

    page = client.get(f"/admin/crm/contact/{contact.pk}/change/").content.decode()
    assert "Irvine" in page
    client.post(f"/admin/crm/contact/{contact.pk}/change/", {"first_name": "Ann"})
    contact.refresh_from_db()
    assert contact.first_name == "Ann"

    client.force_login(charlie)
    client.post("/admin/crm/address/add/", {"contact": contact.pk, "type": "home", "city": "Austin"})
    client.post(f"/admin/crm/address/{address.pk}/change/", {"city": "Austin"})
    assert [address.city for address in Address.objects.all()] == ["Irvine"]


@pytest.mark.django_db(transaction=True)
def test_an_address_for_a_contact_that_is_just_being_removed_finds_nothing(alice, api):
    contact = Contact.objects.create(owner_user=alice)
    client, answers, path = api(alice), [], f"/contacts/{contact.pk}/addresses"
    late = Rival()
    with transaction.atomic():
        remove_contact(contact, now=contact.created_at)
        late.begin(lambda: answers.append(client.post(path, {"city": "Irvine"})))
        late.wait_until_it_waits()
    late.finish()

    assert [answer.status_code for answer in answers] == [404]
