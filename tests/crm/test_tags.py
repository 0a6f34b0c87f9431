"""The dictionary of tags over HTTP, and renaming tags on contacts."""

import sys
import unicodedata
from urllib.parse import quote

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Contact, Tag
from crm.signals import contact_changed
from crm.tags import add_to_dictionary
from tests.concurrency import Rival


def contents(client, query=""):
    return [row["content"] for row in client.get(f"/tags{query}").json()["data"]]


def tags_of(contact):
    return Contact.objects.get(pk=contact["id"]).tags


def found_by_tag(client, tag):
    return [row["id"] for row in client.get(f"/contacts?tags={tag}").json()["data"]]


def hex_of(character):
    return f"U+{ord(character):04X}"


# The dictionary


def test_a_tag_is_made_read_and_removed(alice, api):
    client = api(alice)
    made = client.made("/tags", {"content": " Buyer "})
    assert made == {"id": made["id"], "content": "Buyer"}
    assert client.get(f"/tags/{made['id']}").json() == made
    assert client.get("/tags").json() == {"total": 1, "limit": 10, "skip": 0, "data": [made]}

    removed = client.delete(f"/tags/{made['id']}")
    assert (removed.status_code, removed.json()) == (200, made)
    assert client.get("/tags").json()["data"] == []


@pytest.mark.contract("Tags", "POST of a tag that stands answers it, 200", "inferred")
def test_posting_a_tag_again_answers_the_one_that_stands(alice, api):
    made = api(alice).made("/tags", {"content": "Buyer"})

    again = api(alice).post("/tags", {"content": "BUYER"})

    assert (again.status_code, again.json()) == (200, made)
    assert contents(api(alice)) == ["Buyer"]


@pytest.mark.contract("Tags", "Each user has a dictionary of their own", "inferred")
def test_only_its_owner_sees_a_tag(alice, bob, team, api):
    made = api(alice).made("/tags", {"content": "Buyer"})

    assert contents(api(bob)) == []
    for answer in (
        api(bob).get(f"/tags/{made['id']}"),
        api(bob).patch(f"/tags/{made['id']}", {"content": "Mine"}),
        api(bob).delete(f"/tags/{made['id']}"),
    ):
        assert answer.status_code == 404
    assert api(bob).made("/tags", {"content": "Buyer"})["id"] != made["id"]


@pytest.mark.parametrize("content", ["", "  ", None, "Buyer, Seller", "x" * 509, ["Buyer"], "a\0b"])
def test_what_is_no_tag_is_refused(alice, api, content):
    made = api(alice).made("/tags", {"content": "Buyer"})

    for refused in (
        api(alice).post("/tags", {"content": content}),
        api(alice).patch(f"/tags/{made['id']}", {"content": content}),
    ):
        assert refused.status_code == 400
        assert list(refused.json()["errors"]) == ["content"]
    assert api(alice).post("/tags").status_code == 400
    assert contents(api(alice)) == ["Buyer"]


@pytest.mark.contract("Tags", "`content=a&content=b`, `content[$ne]=`", "documented")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?content=potential buyer&content=Landlord", ["Potential Buyer", "Landlord"]),
        ("?content[$ne]=Seller", ["Potential Buyer", "Landlord"]),
        ("?content[$like]=%buyer", ["Potential Buyer"]),
        ("?$sort[content]=1", ["Landlord", "Potential Buyer", "Seller"]),
    ],
)
def test_tags_are_found(alice, api, query, found):
    for content in ("Potential Buyer", "Seller", "Landlord"):
        api(alice).made("/tags", {"content": content})

    assert contents(api(alice), query) == found


def test_a_list_of_twenty_costs_what_a_list_of_two_does(alice, api, django_assert_num_queries):
    client = api(alice)
    for size in (2, 20):
        add_to_dictionary(alice.pk, ",".join(f"Tag {number}" for number in range(size)))
        with django_assert_num_queries(2):  # the token, the page, which tells the total
            assert len(client.get("/tags?$limit=50").json()["data"]) == size


# Tags in use


def test_the_tags_of_contacts_are_in_their_owners_dictionary(alice, bob, team, api):
    contact = api(alice).made("/contacts", {"tags": "Buyer, hot lead ,,BUYER"})
    assert contents(api(alice)) == ["Buyer", "hot lead"]

    api(bob).patch(f"/contacts/{contact['id']}", {"tags": "buyer,Seller"})
    assert contents(api(alice)) == ["Buyer", "hot lead", "Seller"]
    assert contents(api(bob)) == []


@pytest.mark.parametrize("tags", [None, "", " ", ",", " , "])
def test_a_contact_without_tags_adds_none(alice, api, tags):
    api(alice).made("/contacts", {"tags": tags})

    assert contents(api(alice)) == []


def test_ids_are_not_used_up_by_tags_that_are_known(alice, api):
    first = api(alice).made("/tags", {"content": "Buyer"})["id"]
    for _ in range(3):
        api(alice).made("/contacts", {"tags": "buyer"})

    assert api(alice).made("/tags", {"content": "Seller"})["id"] == first + 1


def test_tags_cost_one_statement_more(alice, api, django_assert_num_queries):
    client = api(alice)
    for tags in ("Buyer, Seller", "Buyer, Renter", "Buyer"):
        with django_assert_num_queries(7):  # one more than without tags (test_custom_fields)
            client.made("/contacts", {"tags": tags})


@pytest.mark.contract("Tags", "`DELETE` leaves the tag on contacts", "inferred")
def test_a_tag_that_is_removed_stays_on_contacts(alice, api):
    contact = api(alice).made("/contacts", {"tags": "Buyer"})
    tag = Tag.objects.get()

    api(alice).delete(f"/tags/{tag.pk}")

    assert tags_of(contact) == "Buyer"
    assert contents(api(alice)) == []


# Renaming


@pytest.fixture
def rename(alice, api):
    """`rename("Buyer", "Client")` as alice does it."""

    def patch(old, new):
        return api(alice).patch(f"/tags/{Tag.objects.get(user=alice, content=old).pk}", {"content": new})

    return patch


@pytest.mark.contract(
    "Tags", "PATCH renames the tag on every contact of its owner that has it: whole tags, ignoring case", "inferred"
)
@pytest.mark.parametrize(
    ("tags", "renamed"),
    [
        ("Buyer", "Client"),
        ("buyer,BUYER", "Client"),
        ("Hot, Buyer , Cold", "Hot, Client , Cold"),
        ("Buyers,First Buyer, Buyer", "Buyers,First Buyer, Client"),
        ("CLIENT, Buyer,Hot", "CLIENT,Hot"),
        ("Buyer,Hot , client, Cold", "Client,Hot , Cold"),
        (" Buyer ,,Hot,", " Client ,,Hot,"),
        ("Buyer,Hot,hot", "Client,Hot,hot"),
    ],
)
def test_a_tag_is_renamed_on_the_contacts_that_have_it(alice, api, rename, tags, renamed):
    contact = api(alice).made("/contacts", {"tags": tags})
    add_to_dictionary(alice.pk, "Buyer")
    tag = Tag.objects.get(content__iexact="buyer")
    Tag.objects.filter(pk=tag.pk).update(content="Buyer")

    answer = rename("Buyer", "Client")

    assert (answer.status_code, answer.json()) == (200, {"id": tag.pk, "content": "Client"})
    assert tags_of(contact) == renamed
    assert [row["id"] for row in api(alice).get("/contacts?tags=client").json()["data"]] == [contact["id"]]
    assert api(alice).get("/contacts?tags=buyer").json()["total"] == 0


@pytest.mark.parametrize("tags", ["Buyers", "First Buyer,Hot", "", None, "Bu,yer"])
def test_contacts_without_the_tag_stay_as_they_are(alice, api, rename, tags):
    api(alice).made("/tags", {"content": "Buyer"})
    contact = api(alice).made("/contacts", {"tags": tags})

    rename("Buyer", "Client")

    assert api(alice).get(f"/contacts/{contact['id']}").json() == contact


def test_the_contacts_of_others_stay_as_they_are(alice, bob, team, api, rename):
    """Each owner has a tag of their own to rename."""
    contact = api(bob).made("/contacts", {"tags": "Buyer", "assigned_user_id": alice.pk})
    api(alice).made("/tags", {"content": "Buyer"})

    rename("Buyer", "Client")

    assert api(bob).get(f"/contacts/{contact['id']}").json() == contact
    assert contents(api(bob)) == ["Buyer"]


@pytest.mark.parametrize("blank", [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()], ids=hex_of)
def test_whatever_is_blank_about_a_tag_is_no_part_of_it(alice, api, rename, blank):
    contact = api(alice).made("/contacts", {"tags": f"{blank}Buyer{blank},{blank}First Buyer{blank}"})
    assert contents(api(alice)) == ["Buyer", "First Buyer"]
    assert found_by_tag(api(alice), f"buyer{quote(blank)}") == [contact["id"]]
    assert api(alice).get("/contacts?tags=buyer").json()["total"] == 1

    rename("Buyer", "Client")

    kept = unicodedata.normalize("NFC", blank)
    assert tags_of(contact) == f"{kept}Client{kept},{kept}First Buyer{kept}"
    assert found_by_tag(api(alice), "client") == [contact["id"]]


def test_a_tag_renamed_onto_another_becomes_one_with_it(alice, api, rename):
    first = api(alice).made("/contacts", {"tags": "Buyer, Seller"})
    second = api(alice).made("/contacts", {"tags": "SELLER"})

    rename("Buyer", "seller")

    assert contents(api(alice)) == ["seller"]
    assert (tags_of(first), tags_of(second)) == ("seller", "SELLER")


def test_a_tag_may_be_respelled(alice, api, rename):
    contact = api(alice).made("/contacts", {"tags": "Hot,BUYER"})

    rename("BUYER", "Buyer")

    assert contents(api(alice), "?$sort[content]=1") == ["Buyer", "Hot"]
    assert tags_of(contact) == "Hot,Buyer"


def test_a_rename_is_a_change_of_each_contact(alice, api, rename, heard):
    contact = api(alice).made("/contacts", {"tags": "Buyer"})
    api(alice).made("/contacts", {"tags": "Client"})
    told = heard(contact_changed)

    rename("Buyer", "Client")

    [news] = told
    assert ([(each.pk, each.tags) for each in news["contacts"]], news["changes"]) == (
        [(contact["id"], "Client")],
        {"tags"},
    )
    assert api(alice).get(f"/contacts/{contact['id']}").json()["modified_at"] > contact["modified_at"]


def test_renaming_reads_no_contact_however_many_have_the_tag(alice, api, django_assert_num_queries):
    tag, client = Tag.objects.create(user=alice, content="Buyer"), api(alice)
    for size, name in ((2, "Client"), (40, "Buyer")):
        Contact.objects.bulk_create(Contact(owner_user=alice, tags=f"{tag.content},Hot") for _ in range(size))
        # The token, the clock, the tag twice, contacts grown too long, contacts, its double, the tag; four savepoints.
        with django_assert_num_queries(12) as asked:
            assert client.patch(f"/tags/{tag.pk}", {"content": name}).status_code == 200
        assert not [query for query in asked if '"crm_contact"."first_name"' in query["sql"]]
        tag.refresh_from_db()
    assert client.get("/contacts?tags=Buyer").json()["total"] == 42


def test_renaming_a_tag_to_itself_changes_nothing(alice, api, rename, heard):
    contact = api(alice).made("/contacts", {"tags": "Buyer"})
    told = heard(contact_changed)

    assert rename("Buyer", "Buyer").status_code == 200
    assert api(alice).get(f"/contacts/{contact['id']}").json() == contact
    assert told == []


@pytest.mark.parametrize("new", ["a\\1b", "%s %(old)s", "'; DROP TABLE crm_tag; --", "{buyer}", "Ünïcödé ✓", "&"])
def test_a_name_is_only_a_name(alice, api, rename, new):
    contact = api(alice).made("/contacts", {"tags": "Hot, Buyer"})

    rename("Buyer", new)
    assert tags_of(contact) == f"Hot, {new}"

    rename(new, "Buyer")
    assert tags_of(contact) == "Hot, Buyer"


@pytest.mark.contract("Tags", "400 if one contact's string would grow beyond 508 characters", "inferred")
def test_a_rename_that_would_overflow_is_refused_whole(alice, api, rename):
    full = "Buyer," + "x" * 502
    contacts = [api(alice).made("/contacts", {"tags": tags}) for tags in (full, "Buyer", full)]

    refused = rename("Buyer", "Buyers")

    assert refused.status_code == 400
    message = "content would make the tags of 2 contacts longer than 508 characters."
    assert (refused.json()["message"], refused.json()["errors"]) == (message, {"content": message})
    assert [tags_of(contact) for contact in contacts] == [full, "Buyer", full]
    assert "Buyer" in contents(api(alice))


def test_a_rename_that_drops_a_double_may_be_longer_than_what_it_replaces(alice, api, rename):
    tags = "Buyer, Client, " + "x" * 493
    contact = api(alice).made("/contacts", {"tags": tags})

    assert rename("Buyer", "Client").status_code == 200
    assert tags_of(contact) == "Client, " + "x" * 493


NAMES = st.sampled_from(["a", "A", "b", "B", "a b", "é", "É"])
PIECES = st.lists(
    st.tuples(st.sampled_from(["", " ", "  ", "\t", "\n\u00a0"]), NAMES | st.just(""), st.sampled_from(["", " "])),
    max_size=4,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=PIECES, old=NAMES, after=PIECES, new=NAMES)
def test_whatever_the_tags_the_others_keep_their_order_and_their_spaces(alice, api, before, old, after, new):
    given_pieces = ["".join(piece) for piece in (*before, (" ", old, ""), *after)]
    contact = Contact.objects.create(owner_user=alice, tags=",".join(given_pieces))
    Tag.objects.all().delete()
    tag = Tag.objects.create(user=alice, content=old)

    assert api(alice).patch(f"/tags/{tag.pk}", {"content": new}).status_code == 200

    contact.refresh_from_db()
    if old == new:
        assert contact.tags == ",".join(given_pieces)
        return
    pieces, either = contact.tags.split(","), {plain(old), plain(new)}
    assert [piece for piece in pieces if plain(piece) not in either] == [
        piece for piece in given_pieces if plain(piece) not in either
    ]
    assert [place for place, piece in enumerate(pieces) if plain(piece) in either] == [
        next(place for place, piece in enumerate(given_pieces) if plain(piece) in either)
    ]
    assert plain(new) in map(plain, pieces)


def plain(piece):
    """What makes two tags the same."""
    return piece.strip().lower()


# At once


@pytest.mark.django_db(transaction=True)
def test_whoever_tags_a_contact_while_it_is_renamed_waits_and_neither_is_the_victim(alice, api):
    contact = api(alice).made("/contacts", {"tags": "Buyer"})
    tag, client, answers = Tag.objects.get(), api(alice), []
    rival = Rival()
    with transaction.atomic():
        Contact.objects.filter(pk=contact["id"]).update(tags="Buyer, Client")
        rival.begin(lambda: answers.append(client.patch(f"/tags/{tag.pk}", {"content": "Client"})))
        rival.wait_until_it_waits()
        add_to_dictionary(alice.pk, "Buyer, Client")
    rival.finish()

    assert [answer.status_code for answer in answers] == [200]
    assert tags_of(contact) == "Client"
    assert contents(client) == ["Client"]
