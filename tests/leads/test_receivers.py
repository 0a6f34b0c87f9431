import pytest

from crm.contacts import remove_contact
from crm.models import ContactSource
from leads.models import Lead, LeadOffer, RoutingTrace
from messaging.models import Message
from messaging.signals import text_received
from tests.leads.conftest import NOON, TEXT, emails_to, make_contact, make_route, offer_of, statuses, texts_to


@pytest.fixture
def stranger_texts(alice, clock):
    """A number nobody knows texts alice's; messaging has made it a contact."""

    def stranger_texts(body="Is it still for sale?", is_new=True):
        contact = make_contact(alice, first_name="+19495550177", last_name="", email="", mobile_phone="+19495550177")
        message = Message.objects.create(
            channel="text", purpose="inbound", status="received", sender="+19495550177", recipient="+1", body=body
        )
        text_received.send(Message, message=message, contact=contact, is_new=is_new, now=clock.now)
        return contact

    return stranger_texts


def test_a_stranger_who_texts_in_is_a_lead(alice, stranger_texts):
    contact = stranger_texts()

    lead = Lead.objects.get()
    assert (lead.contact, lead.owner_user, lead.claimed_by_user) == (contact, alice, alice)
    assert (lead.source.name, lead.text_body) == ("Text", "Is it still for sale?")
    contact.refresh_from_db()
    assert (contact.source.name, contact.source.user) == ("Text", alice)
    assert "+19495550177" in texts_to(alice)[0]


def test_the_contact_source_is_made_once(alice, stranger_texts):
    stranger_texts()
    stranger_texts()

    assert ContactSource.objects.filter(user=alice, name="Text").count() == 1


def test_a_known_contact_who_texts_in_is_no_new_lead(stranger_texts):
    stranger_texts(is_new=False)

    assert not Lead.objects.exists()


def test_a_stranger_is_offered_to_the_team_unasked(alice, bob, team, campaign, options, stranger_texts, run):
    make_route(
        alice,
        campaign,
        lead_source_id=TEXT,
        distribution_target="Team Rollout",
        team_selection_method="Specific Team",
        team=team,
    )

    stranger_texts()
    run()

    assert texts_to(bob) == ["New lead: somebody new (Text). Reply 1 to claim."]
    assert RoutingTrace.objects.get().decision["is_automatic"] is True


def test_a_stranger_is_routed_by_the_contact_source_too(alice, campaign, stranger_texts):
    source = ContactSource.objects.create(user=alice, name="TEXT")
    route = make_route(alice, campaign, lead_source_id=None, contact_source=source)

    stranger_texts()

    assert Lead.objects.get().route == route


# Leaving a team


def test_who_leaves_the_team_is_told_nothing_more(api, alice, bob, dana, team, lead, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    dana_is = team.memberships.get(user=dana)

    assert api(dana).patch(f"/team-members/{dana_is.pk}", {"request_status": "Declined"}).status_code == 200

    run(minutes=10)
    assert statuses(lead) == {"Bob": "Sent", "Dana": "Cancelled"}
    assert offer_of(lead, dana).reason == "the member left the team"
    assert texts_to(dana) == []


def test_offers_of_other_teams_stay(api, alice, dana, team, lead, charlie):
    api(alice).post(f"/leads/{lead.pk}/offers")
    other = type(team).objects.create(creator=charlie, name="Other")
    LeadOffer.objects.filter(user=dana).update(team=other)

    team_member = team.memberships.get(user=dana)
    api(alice).delete(f"/team-members/{team_member.pk}")

    assert statuses(lead)["Dana"] == "Pending"


# Removing a contact


def test_with_its_contact_a_lead_goes_and_its_waiting_alerts_are_cancelled(api, alice, bob, mary, lead, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()

    assert api(alice).delete(f"/contacts/{mary.pk}").status_code == 200

    assert not Lead.objects.exists()
    assert not LeadOffer.objects.exists()
    assert texts_to(bob) == []
    run(minutes=10)
    assert not emails_to(alice)


def test_a_contact_is_removed_with_a_lead_that_is_claimed(alice, mary, api):
    api(alice).made("/leads", {"contact_id": mary.pk})

    remove_contact(mary, now=NOON)

    assert not Lead.objects.exists()
