"""A claimer must contact the person in time, otherwise the lead is offered to others."""

from datetime import timedelta

import pytest

from crm.models import Contact, ContactShare
from leads import jobs
from messaging import message_factory, outbox
from messaging.models import Message
from tests.leads.conftest import NOON, offer_of, statuses, texts_to
from tests.leads.jobs.test_send_offers import offer_another


@pytest.fixture
def claimed(api, alice, bob, team, lead, run):
    """Bob has claimed the lead and has 30 minutes to contact the person."""
    team.mins_until_contact = 30
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})
    lead.refresh_from_db()
    return lead


def kinds(lead):
    return list(lead.trace_entries.values_list("kind", flat=True))


def test_a_claim_sets_the_contact_deadline(claimed):
    assert (claimed.contact_due_at, claimed.contacted_at) == (NOON + timedelta(minutes=30), None)


def test_without_the_setting_nothing_is_due(api, alice, bob, lead, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})

    lead.refresh_from_db()
    assert (lead.contact_due_at, jobs.next_due_at()) == (None, None)


def test_an_uncontacted_lead_is_offered_to_the_other_members(claimed, bob, dana, mary, run):
    run(minutes=30)

    claimed.refresh_from_db()
    mary.refresh_from_db()
    assert (claimed.claimed_by_user, claimed.claimed_via, claimed.claimed_at) == (None, "None", None)
    assert claimed.claimed_through is None
    assert (claimed.distribution_round, claimed.fallback_count, claimed.contact_due_at) == (1, 0, None)
    assert mary.assigned_user is None
    assert [(offer.user, offer.status) for offer in claimed.offers.filter(round=1)] == [(dana, "Sent")]
    offer = offer_of(claimed, bob)
    assert (offer.status, offer.end_code) == ("Returned", "not_contacted_in_time")
    assert "You no longer have the lead" in texts_to(bob)[-1]
    assert "New lead" in texts_to(dana)[-1]
    assert kinds(claimed)[-2:] == ["Taken back", "Planned"]


def test_an_outage_restarts_the_contact_deadline(claimed, bob, run, clock):
    """No contact could be logged while the service was down, so the time restarts."""
    jobs.run_due(clock.advance(hours=3))

    claimed.refresh_from_db()
    assert (claimed.claimed_by_user, claimed.contact_due_at) == (bob, NOON + timedelta(hours=3, minutes=30))
    run(minutes=30)
    claimed.refresh_from_db()
    assert claimed.claimed_by_user is None


def test_a_logged_call_counts_as_contact(api, claimed, bob, mary, run):
    run(minutes=29)
    api(bob).made(f"/contacts/{mary.pk}/activities", {"kind": "Call"})
    run(hours=1)

    claimed.refresh_from_db()
    assert (claimed.claimed_by_user, claimed.contacted_at) == (bob, NOON + timedelta(minutes=29))
    assert claimed.contact_due_at is None
    entry = claimed.trace_entries.get(kind="Contacted")
    assert (entry.actor_user, entry.code, entry.details["activity"]) == (bob, "contact_logged", "Call")


def test_a_call_of_another_user_does_not_count(api, claimed, alice, bob, mary, run):
    api(alice).made(f"/contacts/{mary.pk}/activities", {"kind": "Call"})
    run(minutes=30)

    claimed.refresh_from_db()
    assert claimed.claimed_by_user is None


@pytest.mark.parametrize(("purpose", "counts"), [("personal", True), ("campaign", False)])
def test_a_personal_text_counts_and_a_campaign_text_does_not(purpose, counts, claimed, bob, mary, clock):
    text = message_factory.email_to(mary, "Hello", "Hello Mary", clock.now, user=bob, purpose=purpose)
    outbox.queue_messages([text], clock.now)
    while (due_at := outbox.next_due_at()) and due_at <= clock.now and outbox.run_due(clock.now):
        pass

    assert Message.objects.get(pk=text.pk).status in ("sent", "delivered")
    claimed.refresh_from_db()
    assert (claimed.contacted_at is not None) == counts


def test_earlier_access_to_the_contact_is_kept(api, alice, bob, charlie, team, mary, lead, run):
    Contact.objects.update(assigned_user=charlie)
    team.mins_until_contact = 30
    team.is_contact_resource_sharing_enabled = False
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})
    assert api(bob).get(f"/contacts/{mary.pk}").status_code == 200

    run(minutes=30)

    mary.refresh_from_db()
    assert mary.assigned_user == charlie
    assert api(bob).get(f"/contacts/{mary.pk}").status_code == 404
    assert not ContactShare.objects.exists()


def test_the_claimer_of_another_lead_keeps_the_contact(api, alice, bob, claimed, mary, run):
    run(minutes=20)
    other = offer_another(api, alice, mary)
    run()
    api(bob).patch(f"/leads/{other.pk}/offers/{offer_of(other, bob).pk}", {"status": "Claimed"})

    run(minutes=10)
    mary.refresh_from_db()
    assert mary.assigned_user == bob
    run(minutes=20)
    mary.refresh_from_db()
    assert mary.assigned_user is None


def test_the_owner_is_notified_if_no_member_is_left(api, alice, bob, dana, claimed, run):
    run(minutes=30)
    api(dana).patch(f"/leads/{claimed.pk}/offers/{claimed.offers.get(round=1).pk}", {"status": "Claimed"})

    run(minutes=30)

    claimed.refresh_from_db()
    assert (claimed.claimed_by_user, claimed.distribution_round) == (None, 2)
    assert not claimed.offers.filter(round=2).exists()
    assert texts_to(alice)[-1].startswith("An agent lost a lead, and it is unclaimed again: Mary Jackson")
    assert kinds(claimed)[-2:] == ["Taken back", "No member"]


def test_the_fallback_user_does_not_get_the_lead_again(api, alice, charlie, team, lead, run):
    team.memberships.create(user=charlie, request_status="Accepted")
    team.mins_until_contact, team.fallback_target, team.fallback_user = 30, "User", charlie
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    run(minutes=10)
    lead.refresh_from_db()
    assert lead.claimed_by_user == charlie

    run(minutes=30)
    assert offer_of(lead, charlie).status == "Returned"
    assert set(lead.offers.filter(round=1).values_list("user__first_name", flat=True)) == {"Bob", "Dana"}
    run(hours=2)

    lead.refresh_from_db()
    assert (lead.claimed_by_user, lead.distribution_round) == (None, 1)
    assert lead.trace_entries.last().code == "fallback_user_had_lead"
    assert texts_to(alice)[-1].startswith("An agent lost a lead, and it is unclaimed again: Mary Jackson")


# An alarm


@pytest.fixture
def alarmed(api, alice, team, lead, run):
    team.mins_until_alarm = 15
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    return lead


def test_the_team_lead_is_notified_once_of_an_unclaimed_lead(alarmed, alice, run):
    run(minutes=14)
    assert texts_to(alice) == []
    run(hours=5)

    (text,) = texts_to(alice)
    assert text.startswith("Unclaimed for 15 minutes: Mary Jackson")
    (entry,) = alarmed.trace_entries.filter(kind="Alarm")
    assert entry.at == NOON + timedelta(minutes=15)
    assert statuses(alarmed) == {"Bob": "Sent", "Dana": "Sent"}


def test_a_claimed_lead_sends_no_unclaimed_alert(api, alarmed, alice, bob, run):
    run()
    api(bob).patch(f"/leads/{alarmed.pk}/offers/{offer_of(alarmed, bob).pk}", {"status": "Claimed"})

    run(hours=5)

    assert texts_to(alice) == []
