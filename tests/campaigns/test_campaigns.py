"""Campaigns over HTTP: names, permissions, removal."""

import pytest

from campaigns.jobs import send_communications
from campaigns.models import Campaign, Task
from crm.models import ContactSource
from leads.models import LeadRoute
from messaging.models import Message
from tests.campaigns.conftest import communications, make_action, make_campaign, start, states

NAME = "LionDesk: General Buyer Drip"


@pytest.fixture(autouse=True)
def _standing(clock):
    """All of this at one moment."""


def test_a_campaign_looks_as_documented(api, alice):
    made = api(alice).made("/campaigns", {"name": NAME, "is_broker_sharing_on": "true", "is_default": True})

    assert made == {
        "id": made["id"],
        "name": NAME,
        "created_at": "2027-03-01T20:00:00.000Z",
        "modified_at": "2027-03-01T20:00:00.000Z",
        "is_broker_sharing_on": True,
        "is_default": False,
        "is_shared_by_broker": False,
    }
    assert api(alice).get(f"/campaigns/{made['id']}").json() == made


@pytest.mark.contract("Campaigns", "`name[$like]=%25Buyer%25`", "documented")
def test_campaigns_are_found_by_part_of_their_name(api, alice):
    for name in (NAME, "Seller Drip", "Buyers of Irvine"):
        make_campaign(alice, name)

    found = api(alice).get("/campaigns?name[$like]=%buyer drip%").json()

    assert [row["name"] for row in found["data"]] == [NAME]
    assert found["total"] == 1


@pytest.mark.contract("Campaigns", "A name that you have is 400", "documented")
@pytest.mark.parametrize("name", [NAME, NAME.upper()])
def test_a_name_is_taken_whatever_its_case(api, alice, name):
    make_campaign(alice, NAME)

    answer = api(alice).post("/campaigns", {"name": name})

    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {"name"}
    assert Campaign.objects.count() == 1


def test_a_name_is_taken_for_its_owner_only(api, alice, bob):
    make_campaign(alice, NAME)
    assert api(bob).made("/campaigns", {"name": NAME})["name"] == NAME


def test_a_campaign_is_not_renamed_to_a_name_that_is_taken(api, alice):
    make_campaign(alice, NAME)
    other = make_campaign(alice, "Seller Drip")

    assert api(alice).patch(f"/campaigns/{other.pk}", {"name": NAME.lower()}).status_code == 400
    renamed = api(alice).patch(f"/campaigns/{other.pk}", {"name": "SELLER drip"})

    assert renamed.json()["name"] == "SELLER drip"


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": None}, {"name": "x" * 256}])
def test_a_campaign_needs_a_name(api, alice, body):
    answer = api(alice).post("/campaigns", body)
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {"name"}


@pytest.mark.contract("Campaigns", "Its owner's alone to change", "documented")
def test_a_campaign_is_its_owners_alone(api, alice, bob, charlie, team):
    campaign = make_campaign(alice)
    for other in (bob, charlie):
        assert api(other).get("/campaigns").json()["total"] == 0
        for verb in ("get", "patch", "delete"):
            assert getattr(api(other), verb)(f"/campaigns/{campaign.pk}").status_code == 404
        assert api(other).get(f"/campaigns/{campaign.pk}/actions").status_code == 404
        assert api(other).post(f"/campaigns/{campaign.pk}/actions", {}).status_code == 404
    assert Campaign.objects.count() == 1


def test_a_campaign_that_a_route_names_is_not_removed(api, alice, campaign, mary):
    source = ContactSource.objects.create(user=alice, name="Email")
    route = LeadRoute.objects.create(
        owner_user=alice, campaign=campaign, contact_source=source, distribution_target="Myself"
    )
    make_action(campaign)
    start(api, alice, campaign, mary)

    answer = api(alice).delete(f"/campaigns/{campaign.pk}")

    assert answer.status_code == 409
    assert str(route.pk) in answer.content.decode()
    assert states() == [("Text Contact", True, False, "")]


@pytest.mark.contract("Campaigns", "`DELETE` stops what it had to come", "inferred")
def test_removing_a_campaign_stops_what_it_had_to_come(api, alice, campaign, mary, run):
    make_action(campaign, "Email Contact", delay_by_seconds=0)
    make_action(campaign, delay_by_seconds=60)
    make_action(campaign, delay_by_seconds=6000)
    make_action(campaign, "Agent Task - Call Reminder")
    enrolment = start(api, alice, campaign, mary)
    run(seconds=30)
    send_communications.run_due(enrolment.started_at.replace(minute=1))
    assert Message.objects.filter(status="queued").count() == 1

    removed = api(alice).delete(f"/campaigns/{campaign.pk}")

    assert removed.status_code == 200
    assert removed.json()["name"] == campaign.name
    gone = "The campaign was deleted."
    assert states() == [
        ("Email Contact", False, True, ""),
        ("Text Contact", False, False, gone),
        ("Text Contact", False, False, gone),
    ]
    assert Message.objects.filter(status="cancelled", code="campaign_deleted").count() == 1
    assert Task.objects.get().status == "deleted"
    enrolment.refresh_from_db()
    assert (enrolment.campaign, enrolment.ended_at is not None, enrolment.end_reason) == (None, True, gone)
    run(days=1)
    assert not Message.objects.exclude(status__in=["sent", "cancelled"]).exists()


def test_what_a_removed_campaign_sent_is_still_listed_under_its_name(api, alice, campaign, mary):
    make_action(campaign)
    start(api, alice, campaign, mary)
    api(alice).delete(f"/campaigns/{campaign.pk}")

    (row,) = communications(api, alice, mary, **{"campaign_name[$like]": "%Buyer Drip%"})

    assert (row["campaign_name"], row["is_active"]) == (NAME, False)
