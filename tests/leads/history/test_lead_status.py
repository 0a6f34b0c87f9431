"""What stands at the top of a lead's page in the admin: who has it, since when, whose turn it is, what comes next."""

import pytest
from django.test import Client

from leads.models import Lead
from teams.models import Team
from tests.leads.conftest import inquiry, offer_of


def state(user, lead):
    browser = Client()
    browser.force_login(user)
    shown = browser.get(f"/admin/leads/lead/{lead.pk}/change/").context["state"]
    return shown["outcome"], dict(shown["facts"])


@pytest.fixture
def offered(api, alice, lead, run):
    """Bob was told first; dana will be five minutes later."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    return lead


def at(moment, user):
    return f"{moment.astimezone(user.zone):%b %-d, %H:%M}"


def test_who_has_it_and_how_and_since_when(api, alice, bob, offered):
    api(bob).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, bob).pk}", {"status": "Claimed"})
    offered.refresh_from_db()

    outcome, facts = state(alice, offered)

    assert outcome == "Bob Example claimed it by the API, 0 s after receipt."
    assert facts == {
        "Claimed": at(offered.claimed_at, alice),
        "Received": at(offered.created_at, alice),
        "Owner": "Alice Example",
    }


def test_by_when_they_must_be_in_touch_and_that_they_are(api, alice, bob, offered):
    Team.objects.update(mins_until_contact=30)
    api(bob).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, bob).pk}", {"status": "Claimed"})
    offered.refresh_from_db()
    due = at(offered.contact_due_at, alice)
    assert state(alice, offered)[1]["Contact due by"] == f"{due}, otherwise it is offered again"

    api(bob).post(f"/contacts/{offered.contact_id}/activities", {"kind": "Call"})

    facts = state(alice, offered)[1]
    assert "Contact due by" not in facts
    assert facts["First contact"] == at(offered.created_at, alice)


def test_whose_turn_it_is_who_is_next_and_when_it_goes_on(alice, bob, dana, offered):
    Lead.objects.update(falls_back_at=offer_of(offered, dana).notify_at)

    outcome, facts = state(alice, offered)

    assert outcome == "This lead is not claimed yet. It is with team Pride."
    assert facts["Offered to"] == f"Bob Example, since {at(offer_of(offered, bob).alerted_at, alice)}"
    later = at(offer_of(offered, dana).notify_at, alice)
    assert (facts["Next"], facts["Fallback"]) == (f"Dana Example, at {later}", f"{later}, if it is not claimed")


def test_a_large_team_is_not_named_whole(alice, bob, offered, monkeypatch):
    monkeypatch.setattr("leads.history.lead_status.MAX_NAMED", 0)

    assert state(alice, offered)[1]["Offered to"] == "and 1 more"


def test_a_lead_that_nobody_is_asked_about_waits_for_its_owner(alice, lead):
    assert state(alice, lead)[1]["Offered to"] == "No agent. The lead stays with its owner"


def test_one_in_the_pond_and_one_merged(api, alice, mary, lead):
    Lead.objects.update(ponded_at=lead.created_at)
    outcome, facts = state(alice, lead)
    assert "in the pond of team Pride" in outcome
    assert facts["In the pond since"] == at(lead.created_at, alice)

    double = api(alice).made("/leads", inquiry(mary))["id"]
    api(alice).post(f"/leads/{double}/merge", {"lead_id": lead.pk})

    outcome, facts = state(alice, lead)
    assert outcome == f"Merged into lead {double}."
    assert list(facts) == ["Received", "Owner"]


def test_it_leads_to_why(alice, offered):
    browser = Client()
    browser.force_login(alice)

    shown = browser.get(f"/admin/leads/lead/{offered.pk}/change/").text

    assert f'<a href="/admin/leads/routingtrace/{offered.routing_trace.pk}/change/">Routing and timeline</a>' in shown


def test_a_new_lead_has_no_state_yet(alice):
    browser = Client()
    browser.force_login(alice)

    assert 'class="state"' not in browser.get("/admin/leads/lead/add/").text
