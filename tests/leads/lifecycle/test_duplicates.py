"""The same inquiry sent twice within minutes is offered once."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from leads.lifecycle.duplicates import REPEAT_WINDOW, is_same_listing
from leads.models import Lead, LeadOffer
from messaging.models import Message
from tests.leads.conftest import inquiry, make_contact


@pytest.fixture
def automatic_route(route):
    """Alice's route offers its leads automatically."""
    route.is_automatic = True
    route.save()
    return route


@pytest.mark.contract(
    "Leads", "The same inquiry (contact, source, listing) within ten minutes is offered once: `is_duplicate`", "ours"
)
def test_the_same_inquiry_sent_twice_is_offered_once(api, alice, mary, automatic_route, options, clock):
    body = inquiry(mary)
    first = api(alice).made("/leads", body)
    clock.advance(minutes=2)

    second = api(alice).made("/leads", body)

    assert (first["is_duplicate"], second["is_duplicate"]) == (False, True)
    assert second["merged_into_id"] == first["id"]
    assert set(LeadOffer.objects.values_list("lead", flat=True)) == {first["id"]}
    timeline = api(alice).get(f"/leads/{second['id']}/routing-trace").json()["timeline"]
    assert timeline[-1]["code"] == "duplicate"


def test_the_owner_of_a_lead_without_a_route_is_notified_once(api, alice, mary):
    body = inquiry(mary)
    for _ in range(2):
        api(alice).made("/leads", body)

    assert Message.objects.filter(user=alice, channel="email").count() == 1


def test_offers_of_a_duplicate_are_those_of_the_first_lead(api, alice, mary, route, options):
    body = inquiry(mary)
    first, second = (api(alice).made("/leads", body) for _ in range(2))

    made = api(alice).post(f"/leads/{first['id']}/offers")
    again = api(alice).post(f"/leads/{second['id']}/offers")

    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json() == made.json()


@pytest.mark.parametrize(
    "change",
    [{"mls_id": "OTHER-1"}, {"source_id": 2}, {"mls_id": "", "street_address": "1 Other St"}],
)
def test_another_listing_or_source_is_not_a_duplicate(api, alice, mary, automatic_route, options, change):
    body = inquiry(mary)
    api(alice).made("/leads", body)

    assert api(alice).made("/leads", body | change)["is_duplicate"] is False


def test_the_same_inquiry_of_another_contact_is_not_a_duplicate(api, alice, mary, automatic_route, options):
    body = inquiry(mary)
    api(alice).made("/leads", body)

    ann = make_contact(alice, first_name="Ann")
    assert api(alice).made("/leads", body | {"contact_id": ann.pk})["is_duplicate"] is False


def test_after_ten_minutes_it_is_a_new_inquiry(api, alice, mary, automatic_route, options, clock):
    body = inquiry(mary)
    api(alice).made("/leads", body)
    clock.now += REPEAT_WINDOW + timedelta(seconds=1)

    assert api(alice).made("/leads", body)["is_duplicate"] is False


def test_new_facts_of_the_duplicate_are_added_to_the_first_lead(api, alice, mary, automatic_route, options):
    body = inquiry(mary, text_body="When can I see it?", city="")
    first = api(alice).made("/leads", body)
    api(alice).made("/leads", body | {"text_body": "I can come on Sunday.", "city": "Irvine"})

    lead = Lead.objects.get(pk=first["id"])
    assert (lead.text_body, lead.city) == ("When can I see it?\n\nI can come on Sunday.", "Irvine")


def test_a_duplicate_is_not_counted_by_the_report(api, alice, mary, automatic_route, options, team, clock):
    body = inquiry(mary)
    for _ in range(2):
        api(alice).made("/leads", body)
    clock.advance(days=1)

    assert api(alice).get(f"/teams/{team.pk}/distribution-report").json()["totals"]["leads"] == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_simultaneous_inquiries_one_is_offered(api, alice, mary, automatic_route, options):
    body, together, answers = inquiry(mary), Barrier(2), []

    def send():
        together.wait()
        answers.append(api(alice).post("/leads", body))
        connection.close()

    threads = [Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [201, 201]
    assert sorted(answer.json()["is_duplicate"] for answer in answers) == [False, True]


TEXTS = st.sampled_from(["", " ", "A-1", "a-1", "B-2"])
LEADS = st.builds(Lead, mls_id=TEXTS, street_address=TEXTS, zipcode=TEXTS, text_body=TEXTS, type=TEXTS)


@given(LEADS, LEADS)
def test_comparing_two_leads_does_not_depend_on_their_order(one, other):
    assert is_same_listing(one, one)
    assert is_same_listing(one, other) == is_same_listing(other, one)
