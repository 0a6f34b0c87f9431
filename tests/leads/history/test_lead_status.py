"""The status at the top of a lead's page in the admin: claimer, current offers and next steps."""

import pytest
from django.test import Client

from leads.models import Lead
from teams.models import Team
from tests.leads.conftest import inquiry, offer_of


def state(user, lead):
    browser = Client()
    browser.force_login(user)
    shown = browser.get(f"/admin/leads/lead/{lead.pk}/change/").context["state"]
    return shown["status"], dict(shown["facts"])


@pytest.fixture
def offered(api, alice, lead, run):
    """Bob was alerted first; dana will be alerted five minutes later."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    return lead


def at(moment, user):
    return f"{moment.astimezone(user.zone):%b %-d, %H:%M}"


def test_the_status_shows_claimer_channel_and_time(api, alice, bob, offered):
    api(bob).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, bob).pk}", {"status": "Claimed"})
    offered.refresh_from_db()

    outcome, facts = state(alice, offered)

    assert outcome == "Bob Example claimed it by the API, 0 s after receipt."
    assert facts == {
        "Claimed": at(offered.claimed_at, alice),
        "Received": at(offered.created_at, alice),
        "Owner": "Alice Example",
    }


def test_the_status_shows_the_contact_deadline_and_the_first_contact(api, alice, bob, offered):
    Team.objects.update(mins_until_contact=30)
    api(bob).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, bob).pk}", {"status": "Claimed"})
    offered.refresh_from_db()
    due = at(offered.contact_due_at, alice)
    assert state(alice, offered)[1]["Contact due by"] == f"{due}, otherwise it is offered again"

    api(bob).post(f"/contacts/{offered.contact_id}/activities", {"kind": "Call"})

    facts = state(alice, offered)[1]
    assert "Contact due by" not in facts
    assert facts["First contact"] == at(offered.created_at, alice)


def test_the_status_shows_current_and_next_members_and_the_fallback(alice, bob, dana, offered):
    Lead.objects.update(falls_back_at=offer_of(offered, dana).notify_at)

    outcome, facts = state(alice, offered)

    assert outcome == "This lead is not claimed yet. It is with team Pride."
    assert facts["Offered to"] == f"Bob Example, since {at(offer_of(offered, bob).alerted_at, alice)}"
    later = at(offer_of(offered, dana).notify_at, alice)
    assert (facts["Next"], facts["Fallback"]) == (f"Dana Example, at {later}", f"{later}, if it is not claimed")


def test_a_long_list_of_members_is_shortened(alice, bob, offered, monkeypatch):
    monkeypatch.setattr("leads.history.lead_status.MAX_NAMED", 0)

    assert state(alice, offered)[1]["Offered to"] == "and 1 more"


def test_a_lead_without_offers_waits_for_its_owner(alice, lead):
    assert state(alice, lead)[1]["Offered to"] == "No agent. The lead stays with its owner"


def test_the_status_of_a_pond_lead_and_of_a_merged_lead(api, alice, mary, lead):
    Lead.objects.update(ponded_at=lead.created_at)
    outcome, facts = state(alice, lead)
    assert "in the pond of team Pride" in outcome
    assert facts["In the pond since"] == at(lead.created_at, alice)

    double = api(alice).made("/leads", inquiry(mary))["id"]
    api(alice).post(f"/leads/{double}/merge", {"lead_id": lead.pk})

    outcome, facts = state(alice, lead)
    assert outcome == f"Merged into lead {double}."
    assert list(facts) == ["Received", "Owner"]


def test_the_status_links_to_the_trace(alice, offered):
    browser = Client()
    browser.force_login(alice)

    shown = browser.get(f"/admin/leads/lead/{offered.pk}/change/").text

    assert f'<a href="/admin/leads/routingtrace/{offered.routing_trace.pk}/change/">Routing and timeline</a>' in shown


def test_an_unsaved_lead_has_no_status(alice):
    browser = Client()
    browser.force_login(alice)

    assert 'class="state"' not in browser.get("/admin/leads/lead/add/").text
