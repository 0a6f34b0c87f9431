"""Contact sources and hotnesses over HTTP."""

import pytest
from django.db import transaction

from crm.models import Contact, ContactSource
from tests.concurrency import Rival

LISTS = {"/contact-sources": {"name": "Zillow"}, "/hotnesses": {"name": "Pending", "rank": 14, "color": "#3b274c"}}


@pytest.mark.contract("Contact sources", "All verbs; DELETE answers the removed one", "documented")
@pytest.mark.parametrize(("path", "body"), LISTS.items())
def test_it_is_made_read_changed_and_removed(alice, api, path, body):
    client = api(alice)
    made = client.made(path, body)
    assert made == body | {"id": made["id"], "user_id": alice.pk}
    assert client.get(f"{path}/{made['id']}").json() == made

    changed = client.patch(f"{path}/{made['id']}", {"name": "Cold", "user_id": 5}).json()
    assert changed == made | {"name": "Cold"}

    removed = client.delete(f"{path}/{made['id']}")
    assert (removed.status_code, removed.json()) == (200, changed)
    assert client.get(path).json() == {"total": 0, "limit": 10, "skip": 0, "data": []}


@pytest.mark.contract("Contact sources", "Only those you created; a broker's, if they are shared", "documented")
@pytest.mark.parametrize(("path", "body"), LISTS.items())
def test_only_its_creator_sees_it(alice, bob, team, api, path, body):
    made = api(alice).made(path, body)

    assert api(bob).get(path).json()["total"] == 0
    for answer in (
        api(bob).get(f"{path}/{made['id']}"),
        api(bob).patch(f"{path}/{made['id']}", {"name": "Mine"}),
        api(bob).delete(f"{path}/{made['id']}"),
    ):
        assert answer.status_code == 404
    assert api(alice).get(f"{path}/{made['id']}").json() == made


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/contact-sources", {"name": "x" * 201}, "name"),
        ("/contact-sources", {"name": ["Zillow"]}, "name"),
        ("/hotnesses", {"name": "x" * 46}, "name"),
        ("/hotnesses", {"color": "#3b274cff"}, "color"),
        ("/hotnesses", {"rank": "first"}, "rank"),
        ("/hotnesses", {"rank": 2**31}, "rank"),
        ("/hotnesses", {"name": "a\0b"}, "name"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(alice, api, path, body, field):
    answer = api(alice).post(path, body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert api(alice).get(path).json()["total"] == 0


@pytest.mark.contract("Hotnesses", "A removed one leaves its contacts without", "inferred")
@pytest.mark.parametrize(("path", "field"), [("/contact-sources", "source_id"), ("/hotnesses", "hotness_id")])
def test_removing_it_leaves_its_contacts_without(alice, api, path, field):
    made = api(alice).made(path, {"name": "Fair"})
    contact = api(alice).made("/contacts", {field: made["id"]})

    api(alice).delete(f"{path}/{made['id']}")

    assert api(alice).get(f"/contacts/{contact['id']}").json()[field] is None
    assert Contact.objects.count() == 1


@pytest.mark.contract(
    "Contact sources", "A name that you have, in whatever case: POST answers the source that stands, 200", "ours"
)
@pytest.mark.parametrize("name", ["Email", "email", "EMAIL"])
def test_a_source_of_a_name_that_stands_is_that_source(alice, api, name):
    made = api(alice).made("/contact-sources", {"name": "Email"})

    again = api(alice).post("/contact-sources", {"name": name})

    assert (again.status_code, again.json()) == (200, made)
    assert api(alice).get("/contact-sources?name=EMAIL").json()["total"] == 1


def test_a_source_is_its_users_own_whatever_others_call_theirs(alice, bob, api):
    api(alice).made("/contact-sources", {"name": "Email"})

    assert api(bob).made("/contact-sources", {"name": "email"})["user_id"] == bob.pk


@pytest.mark.contract("Contact sources", "and PATCH is 400", "ours")
def test_a_source_is_not_renamed_to_a_name_that_is_taken(alice, api):
    email = api(alice).made("/contact-sources", {"name": "Email"})
    fair = api(alice).made("/contact-sources", {"name": "Fair"})

    refused = api(alice).patch(f"/contact-sources/{fair['id']}", {"name": "email"})

    assert (refused.status_code, refused.json()["data"]) == (400, {"id": email["id"]})
    assert refused.json()["errors"] == {"name": "You have a contact source of this name already."}
    renamed = api(alice).patch(f"/contact-sources/{email['id']}", {"name": "EMAIL"})
    assert renamed.json() == email | {"name": "EMAIL"}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_a_source_at_once_both_get_the_same(alice, api):
    client, answers, rival = api(alice), [], Rival()
    with transaction.atomic():
        ContactSource.objects.create(user=alice, name="Email")
        rival.begin(lambda: answers.append(client.post("/contact-sources", {"name": "email"})))
        rival.wait_until_it_waits()
    rival.finish()

    assert [(answer.status_code, answer.json()["name"]) for answer in answers] == [(200, "Email")]


def test_sources_are_found_by_name_ignoring_case(alice, api):
    api(alice).made("/contact-sources", {"name": "Email"})
    made = api(alice).made("/contact-sources", {"name": "Zillow"})

    assert api(alice).get("/contact-sources?name=zillow").json()["data"] == [made]
    assert api(alice).get("/contact-sources?colour=red").status_code == 400


@pytest.mark.contract("Hotnesses", "Ordered by `user_id`, then `rank`; an explicit sort wins", "documented")
def test_hotnesses_come_by_rank_and_an_explicit_sort_wins(alice, api):
    for name, rank in (("Cold", "9"), ("Hot", "1"), ("Unranked", None), ("Warm", "5")):
        api(alice).made("/hotnesses", {"name": name, "rank": rank})

    def names(query=""):
        return [row["name"] for row in api(alice).get(f"/hotnesses{query}").json()["data"]]

    assert names() == ["Hot", "Warm", "Cold", "Unranked"]
    assert names("?$sort[name]=1") == ["Cold", "Hot", "Unranked", "Warm"]
    assert names("?rank[$lte]=5") == ["Hot", "Warm"]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_twenty_costs_what_a_list_of_two_does(alice, api, path, django_assert_num_queries):
    client = api(alice)
    for size in (2, 20):
        while (total := client.get(f"{path}?$limit=0").json()["total"]) < size:
            client.made(path, {"name": f"One more than {total}"})
        with django_assert_num_queries(2):  # the token, the page, which tells the total
            assert len(client.get(f"{path}?$limit=50").json()["data"]) == size


@pytest.mark.contract("Contact sources", "`DELETE` is 409 while a route names it", "inferred")
def test_a_source_that_a_route_names_is_not_removed(alice, api):
    source = api(alice).made("/contact-sources", {"name": "Fair"})
    campaign = api(alice).made("/campaigns", {"name": "Buyers"})
    route = api(alice).made(
        "/lead-routes",
        {"contact_source_id": source["id"], "distribution_target": "Myself", "campaign_id": campaign["id"]},
    )

    refused = api(alice).delete(f"/contact-sources/{source['id']}")

    assert (refused.status_code, refused.json()["data"]) == (409, {"lead_routes": [route["id"]]})
