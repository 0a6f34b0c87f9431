"""Leads about a contact that a user sees only through a team do not change who works with the contact."""

import pytest

from crm.models import ContactShare
from leads.models import Lead
from teams.models import Team, TeamMember
from tests.leads.conftest import inquiry, make_contact, make_option, make_route, offer_of


@pytest.fixture
def clara(bob, team):
    """A contact of bob's that alice and dana see through the team."""
    return make_contact(bob, first_name="Clara")


@pytest.fixture
def bob_leaves_with_clara(team, bob):
    def leave():
        TeamMember.objects.filter(team=team, user=bob).delete()

    return leave


def workers(contact):
    contact.refresh_from_db()
    return contact.assigned_user, list(ContactShare.objects.filter(contact=contact))


def test_a_teammate_does_not_get_the_contact_by_creating_a_lead(api, alice, bob, clara, bob_leaves_with_clara):
    lead = api(alice).made("/leads", inquiry(clara))

    assert lead["claimed_by_user_id"] == alice.pk
    assert workers(clara) == (None, [])
    bob_leaves_with_clara()
    assert api(alice).get(f"/contacts/{clara.pk}").status_code == 404
    assert api(bob).get(f"/contacts/{clara.pk}").status_code == 200


@pytest.mark.parametrize("how", ["claim", "automatic", "reassign"])
def test_a_teammate_does_not_get_the_contact_through_their_own_team(how, api, alice, bob, dana, clara, campaign, run):
    own = Team.objects.create(creator=alice, name="Alice's own")
    for user in (alice, dana):
        TeamMember.objects.create(team=own, user=user, request_status=TeamMember.RequestStatus.ACCEPTED)
    make_option(own, alice, assign_automatically=how == "automatic")
    selection = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team", "team": own}
    make_route(alice, campaign, is_automatic=True, **selection)
    lead = Lead.objects.get(pk=api(alice).made("/leads", inquiry(clara))["id"])
    run(minutes=1)
    if how == "claim":
        offer = offer_of(lead, alice)
        claimed = api(alice).patch(f"/leads/{lead.pk}/offers/{offer.pk}", {"status": "Claimed"})
        assert claimed.status_code == 200
    if how == "reassign":
        assert api(alice).post(f"/leads/{lead.pk}/reassign", {"user_id": dana.pk}).status_code == 200

    lead.refresh_from_db()
    assert lead.claimed_by_user == (dana if how == "reassign" else alice)
    assert workers(clara) == (None, [])
    assert api(bob).patch(f"/contacts/{clara.pk}", {"assigned_user_id": alice.pk}).status_code == 200


def test_a_lead_of_the_assigned_user_shares_the_contact(api, alice, bob, dana, clara):
    assert api(bob).patch(f"/contacts/{clara.pk}", {"assigned_user_id": dana.pk}).status_code == 200

    lead = api(dana).made("/leads", inquiry(clara))
    assert api(dana).post(f"/leads/{lead['id']}/reassign", {"user_id": alice.pk}).status_code == 200

    assigned, shares = workers(clara)
    assert (assigned, [share.user for share in shares]) == (dana, [alice])
