from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import CampaignAction, CampaignContact
from crm.models import ContactSource
from leads.models import Lead, LeadOffer, LeadRoute, RoutingTrace
from messaging import consent
from messaging.models import Consent, Message
from teams.models import TeamMember
from tests.conftest import make_user
from tests.leads.conftest import (
    NOON,
    TRULIA,
    ZILLOW,
    emails_to,
    inquiry,
    make_contact,
    make_option,
    make_route,
    statuses,
    texts_to,
)


@pytest.mark.contract("Leads", "As the example has it: `mls_id` and `zipcode` leave as numbers", "documented")
def test_a_lead_has_the_documented_shape(api, alice, mary):
    made = api(alice).made("/leads", inquiry(mary, html_body="<b>Lead</b>", mls_id=2000))

    assert made == {
        "id": made["id"],
        "contact_id": mary.pk,
        "source_id": ZILLOW,
        "owner_user_id": alice.pk,
        "claimed_by_user_id": alice.pk,
        "claimed_at": "2027-03-01T20:00:00.000Z",
        "claimed_via": "Assigned",
        "claimed_through": "assignment",
        "time_to_claim": 0,
        "distribution_target": "Myself",
        "text_body": "Lead from Zillow",
        "html_body": "<b>Lead</b>",
        "mls_id": 2000,
        "listing_status": "For Sale",
        "listing_price": "10000000",
        "street_address": "16215 Alton Pkwy",
        "address_1": "16215 Alton Pkwy",
        "city": "Irvine",
        "state": "CA",
        "zipcode": 92618,
        "type": "Buyer",
        "ponded_at": None,
        "contacted_at": None,
        "merged_into_id": None,
        "is_duplicate": False,
        "created_at": "2027-03-01T20:00:00.000Z",
        "modified_at": "2027-03-01T20:00:00.000Z",
    }
    assert api(alice).get(f"/leads/{made['id']}").json() == made
    assert api(alice).get("/leads", {"contact_id": mary.pk, "type": "buyer"}).json()["data"] == [made]


@pytest.mark.contract("Leads", "but a ZIP code with a leading zero as text", "inferred")
@pytest.mark.parametrize(
    ("given", "shown"),
    [("02108", "02108"), (2108, 2108), ("92618-1234", "92618-1234"), ("", ""), (None, ""), ("A 7", "A 7"), ("0", 0)],
)
def test_a_zip_code_is_a_number_unless_that_changes_it(api, alice, mary, given, shown):
    assert api(alice).made("/leads", inquiry(mary, zipcode=given))["zipcode"] == shown


def test_only_a_contact_is_required(api, alice, mary):
    made = api(alice).made("/leads", {"contact_id": str(mary.pk)})

    assert (made["source_id"], made["text_body"], made["mls_id"], made["claimed_via"]) == (None, "", "", "Assigned")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"contact_id": None}, "contact_id"),
        ({"contact_id": 999999}, "contact_id"),
        ({"contact_id": "Mary"}, "contact_id"),
        ({"source_id": 999999}, "source_id"),
        ({"claimed_via": "Pigeon"}, "claimed_via"),
        ({"city": "x" * 256}, "city"),
        ({"city": ["Irvine"]}, "city"),
        ({"text_body": "a\x00b"}, "text_body"),
        ({"contact_id": 10**30}, "contact_id"),
        ({"contact_id": {"id": 1}}, "contact_id"),
        ({"contact_id": True}, "contact_id"),
        ({"mls_id": {"a": 1}}, "mls_id"),
        ({"city": "\ud800"}, "city"),
    ],
)
def test_an_invalid_lead_is_refused_by_field(api, alice, mary, change, field):
    answer = api(alice).post("/leads", inquiry(mary) | change)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Lead.objects.exists()
    assert not Message.objects.exists()


def test_a_contact_of_charlie_is_refused(api, charlie, mary):
    assert "contact_id" in api(charlie).post("/leads", inquiry(mary)).json()["errors"]


@pytest.mark.contract("Leads", "No PATCH and no DELETE", "inferred")
def test_leads_are_not_changed_or_removed(api, alice, lead):
    assert api(alice).patch(f"/leads/{lead.pk}", {"city": "Tustin"}).status_code == 405
    assert api(alice).delete(f"/leads/{lead.pk}").status_code == 405


def test_leads_require_a_token(api, lead):
    for path in ("/leads", f"/leads/{lead.pk}", f"/leads/{lead.pk}/offers", "/lead-offers", "/lead-routes"):
        assert api(None).get(path).status_code == 401


def test_a_visible_contact_makes_its_leads_visible(api, alice, bob, charlie, lead, team):
    """Bob sees alice's contacts because the team shares them."""
    assert api(bob).get(f"/leads/{lead.pk}").status_code == 200
    assert api(charlie).get(f"/leads/{lead.pk}").status_code == 404
    assert api(charlie).get("/leads").json()["total"] == 0
    team.is_contact_resource_sharing_enabled = False
    team.save()
    assert api(bob).get(f"/leads/{lead.pk}").status_code == 404


def test_a_list_of_leads_takes_as_many_queries_as_one_lead(api, alice, mary, django_assert_num_queries):
    client = api(alice)
    client.made("/leads", inquiry(mary))
    with django_assert_num_queries(2):
        client.get("/leads")
    for _ in range(4):
        client.made("/leads", inquiry(mary))
    with django_assert_num_queries(2):
        assert client.get("/leads").json()["total"] == 5


# A lead for the current user


@pytest.mark.contract("Leads", "Without a route it is its owner's at once", "inferred")
def test_without_a_route_the_owner_claims_the_lead(api, alice, mary):
    made = api(alice).made("/leads", inquiry(mary))

    assert (made["claimed_by_user_id"], made["time_to_claim"]) == (alice.pk, 0)
    mary.refresh_from_db()
    assert mary.assigned_user == alice


def test_claimed_via_is_stored_as_posted(api, alice, mary):
    assert api(alice).made("/leads", inquiry(mary, claimed_via="email"))["claimed_via"] == "Email"
    assert api(alice).made("/leads", inquiry(mary, claimed_via="None"))["claimed_via"] == "Assigned"
    assert api(alice).made("/leads", inquiry(mary, claimed_via=""))["claimed_via"] == "Assigned"


def test_claimed_via_of_an_unclaimed_lead_is_returned_and_has_no_effect(api, alice, mary, route):
    made = api(alice).made("/leads", inquiry(mary, claimed_via="Email"))

    assert made["claimed_via"] == "Email"
    assert (made["claimed_by_user_id"], made["claimed_at"], made["time_to_claim"]) == (None, None, None)


def test_the_owner_is_sent_the_contact_details(api, alice, mary):
    api(alice).made("/leads", inquiry(mary))

    (text,) = texts_to(alice)
    assert "Mary Jackson" in text
    assert "(949) 555-0150" in text
    (email,) = emails_to(alice)
    assert email == "The lead is yours: Mary Jackson, Buyer, Irvine, $10,000,000 (Zillow)"
    assert set(Message.objects.values_list("purpose", "user_id")) == {("alert", alice.pk)}


def test_an_owner_without_a_phone_is_notified_by_email_only(api, alice, mary):
    alice.phone = ""
    alice.save()

    api(alice).made("/leads", inquiry(mary))

    assert list(Message.objects.values_list("channel", flat=True)) == ["email"]


def test_the_assigned_user_keeps_the_contact(api, alice, bob, mary, team):
    mary.assigned_user = bob
    mary.save()

    api(alice).made("/leads", inquiry(mary))

    mary.refresh_from_db()
    assert mary.assigned_user == bob
    assert not mary.shares.exists()  # alice owns her


def test_an_inquiry_records_consent_to_texts(api, alice, mary):
    mary.home_phone = "949 555 0151"
    mary.save()
    api(alice).made("/leads", inquiry(mary))

    row = Consent.objects.filter(number="+19495550151").get()
    assert (row.kind, row.words, row.contact) == ("granted", "Lead from Zillow", mary)
    assert "Zillow" in row.source
    assert row.created_at == NOON
    assert consent.state_of("+19495550150").granted


# Where the lead goes


def trace_of(api, user, lead_id):
    return api(user).get(f"/leads/{lead_id}/routing-trace").json()


@pytest.mark.contract("Leads", "`GET /leads/:id/routing-trace` tells why it went where it went", "ours")
def test_the_trace_lists_the_evaluated_routes(api, alice, mary, route, campaign, team):
    trulia = make_route(alice, campaign, lead_source_id=TRULIA, position=0)

    made = api(alice).made("/leads", inquiry(mary))

    assert (made["distribution_target"], made["claimed_by_user_id"]) == ("Team Rollout", None)
    trace = trace_of(api, alice, made["id"])
    assert trace["decision"]["route_id"] == route.pk
    assert trace["decision"]["team_id"] == team.pk
    assert trace["decision"]["campaign_id"] == campaign.pk
    assert [tried["route_id"] for tried in trace["decision"]["tried"]] == [trulia.pk, route.pk]
    assert trace["decision"]["tried"][0]["condition"] == "lead_source"
    assert trace["decided_at"] == "2027-03-01T20:00:00.000Z"


def test_charlie_sees_no_trace(api, charlie, lead):
    assert api(charlie).get(f"/leads/{lead.pk}/routing-trace").status_code == 404
    assert api(charlie).get("/leads/nonsense/routing-trace").status_code == 404


def test_only_routes_of_the_owner_are_evaluated(api, bob, mary, route):
    """Bob creates a lead about alice's contact, which the team shares."""
    assert api(bob).made("/leads", inquiry(mary))["distribution_target"] == "Myself"


def test_contact_sources_match_by_name(api, alice, bob, campaign, team):
    theirs = ContactSource.objects.create(user=bob, name="EMAIL")
    mine = ContactSource.objects.create(user=alice, name="email")
    make_route(alice, campaign, lead_source_id=None, contact_source=mine, distribution_target="Myself")
    shared = make_contact(bob, source=theirs)

    made = api(alice).made("/leads", inquiry(shared))

    assert RoutingTrace.objects.get(lead=made["id"]).decision["route_id"] is not None


@pytest.mark.contract("Lead routes", "`Zipcode` picks the team that serves the lead's", "documented")
def test_a_zip_code_selects_the_team(api, alice, mary, team, campaign, bob):
    make_route(alice, campaign, distribution_target="Team Rollout", team_selection_method="Zipcode", position=2)
    team.distribution_zipcodes = "02108,92618"
    team.save()

    for zipcode in (92618, "92618-1234", 2108, "02108"):
        made = api(alice).made("/leads", inquiry(mary, zipcode=zipcode))
        assert (made["distribution_target"], Lead.objects.get(pk=made["id"]).team) == ("Team Rollout", team)
    elsewhere = api(alice).made("/leads", inquiry(mary, zipcode=90210))
    assert (elsewhere["distribution_target"], elsewhere["claimed_by_user_id"]) == ("Myself", alice.pk)


# Automatic routes


@pytest.fixture
def automatic(route):
    route.is_automatic = True
    route.save()
    return route


@pytest.mark.contract("Lead routes", "`is_automatic` offers without being asked", "ours")
def test_an_automatic_route_offers_the_lead(api, alice, mary, automatic, options):
    made = api(alice).made("/leads", inquiry(mary))

    assert statuses(Lead.objects.get(pk=made["id"])) == {"Bob": "Pending", "Dana": "Pending"}
    assert not Message.objects.exists()


def test_requesting_offers_of_an_automatic_route_returns_the_existing_ones(
    api, alice, bob, mary, automatic, options, run
):
    path = f"/leads/{api(alice).made('/leads', inquiry(mary))['id']}/offers"
    asked = api(alice).post(path)
    assert (asked.status_code, len(asked.json())) == (200, 2)
    run()

    mine = api(bob).get(path).json()["data"][0]["id"]
    assert api(bob).patch(f"{path}/{mine}", {"status": "Claimed"}).status_code == 200

    again = api(alice).post(path)
    assert again.status_code == 200
    assert [offer["status"] for offer in again.json()] == ["Claimed", "Cancelled"]


def test_the_owner_is_notified_if_no_member_can_be_alerted(api, alice, bob, mary, automatic, team):
    make_option(team, bob, has_text_alert=False)

    made = api(alice).made("/leads", inquiry(mary))

    assert made["claimed_by_user_id"] is None
    assert emails_to(alice) == [
        "No member of your team could be alerted about a new lead: Mary Jackson, Buyer, Irvine, $10,000,000 (Zillow)"
    ]
    assert [(each["user_id"], each["code"]) for each in trace_of(api, alice, made["id"])["skipped"]] == [
        (bob.pk, "alerts_off")
    ]


@pytest.mark.contract("Leads", "`time_to_claim` counts seconds", "inferred")
def test_time_to_claim_counts_seconds(api, alice, bob, lead, run, clock):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    clock.now += timedelta(seconds=42.9)

    api(bob).patch(f"/leads/{lead.pk}/offers/{lead.offers.get(user=bob).pk}", {"status": "Claimed"})

    assert api(bob).get(f"/leads/{lead.pk}").json()["time_to_claim"] == 42


def add_action(campaign, **fields):
    """Add an action: a text to the contact after ten minutes. `fields` override its fields."""
    given = {"type": "Text Contact", "timing_type": "Delay by Minutes", "delay_by_seconds": 600, "notes": "Hello"}
    return CampaignAction.objects.create(campaign=campaign, **given | fields)


def test_an_automatic_route_starts_the_campaign(api, alice, mary, campaign, automatic, options):
    add_action(campaign)

    api(alice).made("/leads", inquiry(mary))

    enrolment = CampaignContact.objects.get()
    assert (enrolment.campaign, enrolment.contact, enrolment.started_by) == (campaign, mary, alice)
    assert enrolment.communications.count() == 1
    asked = api(alice).post(f"/campaigns/{campaign.pk}/contacts", {"contact_id": mary.pk})
    assert asked.status_code in (200, 201)
    assert CampaignContact.objects.count() == 1


def test_a_route_that_is_not_automatic_starts_no_campaign(api, alice, mary, route, options):
    api(alice).made("/leads", inquiry(mary))

    assert not CampaignContact.objects.exists()
    assert not LeadOffer.objects.exists()


def test_an_automatic_lead_for_a_team_of_five_takes_twenty_statements(
    api, alice, mary, campaign, automatic, team, options
):
    for at in range(3):
        member = make_user(f"Member{at}", f"013{at}")
        TeamMember.objects.create(team=team, user=member, request_status="Accepted")
        make_option(team, member, rank=at, has_email_alert=True)
    add_action(campaign)
    add_action(campaign, type="Agent Task - No Reminder")
    LeadRoute.objects.update(is_returning_to_claimer=True)  # as new routes are
    client = api(alice)

    with CaptureQueriesContext(connection) as statements:
        made = client.made("/leads", inquiry(mary))

    assert Lead.objects.get(pk=made["id"]).offers.count() == 5
    assert len(statements) <= 20, "\n".join(row["sql"][:150] for row in statements)
