import pytest

from campaigns.models import CampaignContact
from crm.contact_actions import remove_contact
from crm.models import Contact, ContactSource
from leads.models import Lead, LeadOffer, RoutingTrace
from messaging.models import Message
from tests.leads.conftest import (
    ALICES_NUMBER,
    NOON,
    TEXT,
    emails_to,
    make_contact,
    make_route,
    offer_of,
    statuses,
    texts_to,
)

STRANGER = "+19495550177"


def test_a_text_from_charlie_creates_a_lead(alice, text_in):
    text_in(STRANGER, "Is it still for sale?", to=ALICES_NUMBER)

    lead = Lead.objects.get()
    assert (lead.owner_user, lead.claimed_by_user) == (alice, alice)
    assert (lead.source.name, lead.text_body) == ("Text", "Is it still for sale?")
    assert (lead.contact.first_name, lead.contact.source.name) == (STRANGER, "Text")
    assert STRANGER in texts_to(alice)[0]


def test_a_text_from_a_contact_creates_no_lead(alice, text_in):
    text_in(STRANGER, "Is it still for sale?", to=ALICES_NUMBER)
    text_in(STRANGER, "Hello?", to=ALICES_NUMBER)

    assert Lead.objects.count() == 1


def test_a_keyword_from_charlie_creates_no_lead(alice, text_in):
    text_in(STRANGER, "STOP", to=ALICES_NUMBER)

    assert not Lead.objects.exists()


def test_an_opt_out_from_charlie_creates_neither_lead_nor_contact(alice, text_in):
    text_in(STRANGER, "Please stop texting me", to=ALICES_NUMBER)

    assert not Lead.objects.exists()
    assert not Contact.objects.exists()
    kept = Message.objects.get()
    assert (kept.status, kept.user, kept.body) == ("received", alice, "Please stop texting me")


def test_an_opt_out_from_a_contact_is_recorded(alice, mary, text_in):
    text_in(mary.mobile_e164, "Please stop texting me", to=ALICES_NUMBER)

    assert list(mary.messages.values_list("status", "body")) == [("received", "Please stop texting me")]


def test_a_texted_lead_is_distributed_and_enrolled_automatically(alice, bob, team, campaign, options, text_in, run):
    rollout = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team", "team": team}
    make_route(alice, campaign, lead_source_id=TEXT, **rollout)

    text_in(STRANGER, "Is it still for sale?", to=ALICES_NUMBER)
    run()

    (alert,) = texts_to(bob)
    assert alert.startswith("New lead: a new contact (Text). http")
    assert alert.endswith(" Reply 1 to claim.")
    assert RoutingTrace.objects.get().decision["is_automatic"] is True
    assert CampaignContact.objects.get().campaign == campaign


def test_an_offered_member_does_not_see_the_number_of_a_texter(api, alice, bob, team, campaign, options, text_in, run):
    rollout = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team", "team": team}
    make_route(alice, campaign, lead_source_id=TEXT, **rollout)
    text_in(STRANGER, "Is it still for sale?", to=ALICES_NUMBER)
    run()

    (offer,) = api(bob).get("/lead-offers").json()["data"]
    assert STRANGER not in str(offer)
    assert offer["lead"]["contact"] == {"id": Lead.objects.get().contact_id, "first_name": "", "last_name": ""}


def test_a_texted_lead_is_routed_by_its_contact_source(alice, campaign, text_in):
    source = ContactSource.objects.create(user=alice, name="TEXT")
    route = make_route(alice, campaign, lead_source_id=None, contact_source=source)

    text_in(STRANGER, "Is it still for sale?", to=ALICES_NUMBER)

    assert Lead.objects.get().route == route


def test_a_lone_digit_from_an_agents_phone_claims(api, alice, bob, lead, run, text_in):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()

    text_in(bob.phone_e164, "1")

    lead.refresh_from_db()
    assert (lead.claimed_by_user, lead.claimed_via) == (bob, "Text")


# A phone that is an agent's and a contact's: users say themselves which phone is theirs


@pytest.fixture
def alerted(api, alice, lead, run):
    """Bob was sent the number 1, on the phone that he entered as his."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    return lead


@pytest.fixture
def clara(alice, bob):
    """A client of alice's with the phone that bob entered as his."""
    return make_contact(alice, first_name="Clara", email="clara@example.com", mobile_phone=bob.phone)


@pytest.mark.parametrize("body", ["1", "2", "7", "Saturday at 2 suits me"])
def test_a_text_of_a_contact_reaches_their_agent_although_bob_entered_that_phone(alerted, bob, clara, text_in, body):
    told = texts_to(bob)

    text_in(bob.phone_e164, body, to=ALICES_NUMBER)

    assert statuses(alerted)["Bob"] == "Sent"
    assert texts_to(bob) == told
    assert Message.objects.get(purpose="inbound").contact == clara


def test_a_stop_of_a_contact_counts_although_bob_entered_that_phone(api, alice, bob, clara, campaign, text_in):
    action = {"type": "Text Contact", "is_stopped_on_text_reply": True}
    timing = {"timing_type": "Delay by Minutes", "delay_by_seconds": 600}
    api(alice).made(f"/campaigns/{campaign.pk}/actions", action | timing)
    api(alice).made(f"/campaigns/{campaign.pk}/contacts", {"contact_id": clara.pk})

    text_in(bob.phone_e164, "Yes?", to=ALICES_NUMBER)

    (text,) = api(alice).get(f"/contacts/{clara.pk}/campaign-communications").json()["data"]
    assert (text["is_active"], text["reason"]) == (False, "The contact replied.")


def test_an_agent_who_is_also_a_contact_can_claim(alerted, bob, clara, text_in):
    text_in(bob.phone_e164, "1")

    alerted.refresh_from_db()
    assert alerted.claimed_by_user == bob
    text_in(bob.phone_e164, "1")
    assert texts_to(bob)[-1].startswith("The lead is yours")


def test_a_number_that_the_phone_was_not_sent_claims_nothing(alerted, bob, clara, text_in):
    told = texts_to(bob)

    text_in(bob.phone_e164, "2")

    assert texts_to(bob) == told


def test_a_number_older_than_a_day_claims_nothing(alerted, bob, clara, text_in, run):
    run(hours=25)

    text_in(bob.phone_e164, "1")

    alerted.refresh_from_db()
    assert alerted.claimed_by_user is None


# Leaving a team


def test_a_member_who_left_is_not_alerted(api, alice, bob, dana, team, lead, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    dana_is = team.memberships.get(user=dana)

    assert api(dana).patch(f"/team-members/{dana_is.pk}", {"request_status": "Declined"}).status_code == 200

    run(minutes=10)
    assert statuses(lead) == {"Bob": "Sent", "Dana": "Cancelled"}
    assert offer_of(lead, dana).end_code == "left_team"
    assert texts_to(dana) == []


def test_a_member_who_left_cannot_claim(api, alice, bob, dana, team, alerted, run, text_in):
    bobs = offer_of(alerted, bob)

    assert api(alice).delete(f"/team-members/{team.memberships.get(user=bob).pk}").status_code == 200

    assert texts_to(bob) == []  # the alert, which had not left yet
    refused = api(bob).patch(f"/leads/{alerted.pk}/offers/{bobs.pk}", {"status": "Claimed"})
    assert (refused.status_code, refused.json()["message"]) == (409, "This offer is no longer open: it is Cancelled.")
    text_in(bob.phone_e164, "1")
    assert texts_to(bob) == ["Lead 1 is no longer open to you. There is no lead for you to claim now."]
    run(minutes=5)
    assert statuses(alerted) == {"Bob": "Cancelled", "Dana": "Sent"}
    text_in(dana.phone_e164, "1")
    alerted.refresh_from_db()
    assert alerted.claimed_by_user == dana


def test_a_member_who_left_keeps_claimed_leads(api, alice, bob, mary, team, alerted, text_in):
    text_in(bob.phone_e164, "1")

    api(bob).delete(f"/team-members/{team.memberships.get(user=bob).pk}")

    alerted.refresh_from_db()
    mary.refresh_from_db()
    assert (alerted.claimed_by_user, statuses(alerted)["Bob"], mary.assigned_user) == (bob, "Claimed", bob)


def test_offers_of_other_teams_are_kept(api, alice, dana, team, lead, charlie):
    api(alice).post(f"/leads/{lead.pk}/offers")
    other = type(team).objects.create(creator=charlie, name="Other")
    LeadOffer.objects.filter(user=dana).update(team=other)

    team_member = team.memberships.get(user=dana)
    api(alice).delete(f"/team-members/{team_member.pk}")

    assert statuses(lead)["Dana"] == "Pending"


# Removing a contact


def test_deleting_a_contact_deletes_its_leads_and_cancels_alerts(api, alice, bob, mary, lead, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()

    assert api(alice).delete(f"/contacts/{mary.pk}").status_code == 200

    assert not Lead.objects.exists()
    assert not LeadOffer.objects.exists()
    assert texts_to(bob) == []
    run(minutes=10)
    assert not emails_to(alice)


def test_a_contact_with_a_claimed_lead_can_be_deleted(alice, mary, api):
    api(alice).made("/leads", {"contact_id": mary.pk})

    remove_contact(mary, now=NOON)

    assert not Lead.objects.exists()
