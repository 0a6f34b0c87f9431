"""The pond: leads that any member of a team may claim."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from leads.lifecycle import pond
from leads.models import Lead, LeadOffer
from messaging.models import Message
from tests.leads.conftest import NOON, emails_to, inquiry, make_contact, offer_of, statuses, texts_to


@pytest.fixture
def ponded(api, alice, team, lead, run):
    """Return a lead that was not claimed within ten minutes."""
    team.fallback_target = "Pond"
    team.is_contact_resource_sharing_enabled = False
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    run(minutes=10)
    lead.refresh_from_db()
    return lead


def claim_from_pond(api, user, lead, **body):
    return api(user).post(f"/leads/{lead.pk}/claim", body)


@pytest.mark.contract("Leads", "`GET /pond`, `POST /leads/:id/claim`: leads nobody claimed, for any member", "ours")
def test_members_see_only_the_preview(api, bob, team, mary, ponded):
    (shown,) = api(bob).get("/pond").json()["data"]

    assert shown == {
        "id": ponded.pk,
        "distribution_target": "Team Rollout",
        "contact": {"id": mary.pk, "first_name": "Mary", "last_name": "Jackson"},
        "team": {"id": team.pk, "name": "Pride"},
        "ponded_at": "2027-03-01T20:10:00.000Z",
    }
    assert api(bob).get(f"/pond/{ponded.pk}").json() == shown
    assert api(bob).get(f"/leads/{ponded.pk}").status_code == 404


def test_the_area_preview_hides_the_name(api, bob, team, ponded):
    team.claim_preview = "Area"
    team.save()

    (shown,) = api(bob).get("/pond").json()["data"]

    assert (shown["contact"]["first_name"], shown["contact"]["last_name"]) == ("", "")


def test_charlie_and_invited_members_do_not_see_the_pond(api, bob, charlie, team, ponded):
    team.memberships.filter(user=bob).update(request_status="Pending")
    for user in (bob, charlie):
        assert api(user).get("/pond").json()["total"] == 0
        assert claim_from_pond(api, user, ponded).status_code == 404


# Who hears of it


def test_available_members_are_notified_once_by_email(alice, bob, dana, mary, team, ponded, run, settings):
    run(hours=3)

    (subject,) = [subject for subject in emails_to(bob) if "pond" in subject]
    assert subject == "A lead is in the pond of Pride: Mary Jackson, Buyer, Irvine, $10,000,000 (Zillow)"
    email = Message.objects.get(recipient=dana.email, subject=subject)
    assert email.created_at == NOON + timedelta(minutes=10)
    assert f"{settings.PUBLIC_URL}{reverse('admin:leads_pondlead_changelist')}" in email.body
    assert not [text for text in texts_to(bob) + texts_to(dana) if "pond" in text]
    assert not any(way in email.subject + email.body for way in (mary.email, "555-0150", "Lead from Zillow"))
    assert emails_to(alice) == []  # who brought it in, and takes no leads


@pytest.mark.parametrize("by", [{}, {"first_name": "mary@example.com"}])
def test_the_email_shows_no_more_than_an_offer(by, api, alice, bob, mary, team, lead, run):
    team.fallback_target, team.claim_preview = "Pond", "Summary" if by else "Area"
    team.save()
    type(mary).objects.update(last_name="", **by)
    api(alice).post(f"/leads/{lead.pk}/offers")

    run(minutes=10)

    (subject,) = [subject for subject in emails_to(bob) if "pond" in subject]
    shown = "a new contact, " if by else ""
    assert subject == f"A lead is in the pond of Pride: {shown}Buyer, Irvine, $10,000,000 (Zillow)"


@pytest.mark.parametrize(
    "away",
    [{"paused_until": NOON + timedelta(days=1)}, {"working_hours": "Mon-Fri 9:00-12:05"}, {"days_off": [NOON.date()]}],
)
def test_unavailable_members_are_not_notified(away, api, alice, bob, dana, team, lead, run):
    team.fallback_target = "Pond"
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    type(bob).objects.filter(pk=bob.pk).update(**away)

    run(minutes=10)

    assert not [subject for subject in emails_to(bob) if "pond" in subject]
    assert len([subject for subject in emails_to(dana) if "pond" in subject]) == 1


def test_leads_that_fall_back_together_are_in_one_email(api, alice, bob, team, route, options, run, clock):
    team.fallback_target = "Pond"
    team.save()
    for turn in range(3):
        contact = make_contact(alice, first_name=f"Mary {turn}")
        lead_id = api(alice).made("/leads", inquiry(contact))["id"]
        api(alice).post(f"/leads/{lead_id}/offers")
    run(minutes=9, seconds=59)
    clock.advance(seconds=1)

    run()

    (email,) = Message.objects.filter(recipient=bob.email, subject="3 leads are in the pond of Pride")
    assert all(f"Mary {turn} Jackson, Buyer" in email.body for turn in range(3))
    for lead in Lead.objects.all():
        entry = lead.trace_entries.get(kind="In the pond")
        assert email.pk in entry.details["alerts"]


def test_a_returned_lead_notifies_all_members_but_the_one_who_returned_it(api, bob, dana, ponded):
    claim_from_pond(api, bob, ponded)

    api(bob).post(f"/leads/{ponded.pk}/return")

    told = {user: len([subject for subject in emails_to(user) if "pond of" in subject]) for user in (bob, dana)}
    assert told == {bob: 1, dana: 2}


def test_a_member_claims_from_the_pond(api, dana, mary, ponded, run):
    run(hours=3)

    taken = claim_from_pond(api, dana, ponded, claimed_via="Phone")

    assert (taken.status_code, taken.json()["claimed_by_user_id"]) == (200, dana.pk)
    assert (taken.json()["claimed_via"], taken.json()["claimed_through"]) == ("Phone", "api")
    assert statuses(ponded) == {"Bob": "Lost", "Dana": "Claimed"}
    mary.refresh_from_db()
    assert mary.assigned_user == dana
    assert api(dana).get("/pond").json()["total"] == 0
    assert claim_from_pond(api, dana, ponded).status_code == 200  # again changes nothing


def test_the_pond_works_after_the_team_lead_is_deactivated(api, alice, bob, ponded):
    alice.is_active = False
    alice.save()

    assert [shown["id"] for shown in api(bob).get("/pond").json()["data"]] == [ponded.pk]
    assert claim_from_pond(api, bob, ponded).status_code == 200


def test_a_member_without_an_offer_claims_from_the_pond(api, alice, ponded):
    assert claim_from_pond(api, alice, ponded).status_code == 200

    offer = offer_of(ponded, alice)
    assert (offer.status, offer.end_code, offer.settled_at) == (
        "Claimed",
        "taken_from_pond",
        NOON + timedelta(minutes=10),
    )


def test_the_second_claim_from_the_pond_is_refused(api, bob, dana, ponded):
    claim_from_pond(api, bob, ponded)

    refusal = claim_from_pond(api, dana, ponded)

    assert (refusal.status_code, refusal.json()["message"]) == (409, "This lead has already been claimed.")
    assert LeadOffer.objects.filter(status="Claimed").count() == 1


def test_a_sent_offer_of_a_pond_lead_can_still_be_claimed(api, bob, dana, ponded):
    answer = api(bob).patch(f"/leads/{ponded.pk}/offers/{offer_of(ponded, bob).pk}", {"status": "Claimed"})

    assert answer.status_code == 200
    assert claim_from_pond(api, dana, ponded).status_code == 409


def test_a_lead_outside_the_pond_cannot_be_claimed_from_it(api, alice, bob, lead):
    refusal = claim_from_pond(api, bob, lead)

    assert (refusal.status_code, refusal.json()["message"]) == (409, "This lead is not in the pond.")


def test_an_invalid_claimed_via_is_refused_by_field(api, bob, ponded):
    refusal = claim_from_pond(api, bob, ponded, claimed_via="Fax")
    assert refusal.status_code == 400
    assert "claimed_via" in refusal.json()["errors"]


def test_a_member_claims_from_the_pond_in_the_admin(bob, ponded):
    browser = Client()
    browser.force_login(bob)
    page = browser.get("/admin/leads/pondlead/")
    assert "Mary Jackson" in page.content.decode()

    browser.post("/admin/leads/pondlead/", {"action": "claim", "_selected_action": [ponded.pk]})

    ponded.refresh_from_db()
    assert ponded.claimed_by_user == bob
    assert browser.get(f"/admin/leads/pondlead/{ponded.pk}/change/").status_code in (302, 403)


def test_a_call_is_logged_in_the_admin(bob, ponded, api, mary):
    claim_from_pond(api, bob, ponded)
    browser = Client()
    browser.force_login(bob)
    browser.post("/admin/leads/lead/", {"action": "log_a_call", "_selected_action": [ponded.pk]})

    assert list(mary.activities.values_list("kind", "user")) == [("Call", bob.pk)]
    ponded.refresh_from_db()
    assert ponded.contacted_at is not None
    page = browser.get(f"/admin/leads/lead/{ponded.pk}/change/").content.decode()
    form = f"/admin/crm/activity/add/?contact={mary.pk}&amp;kind=Call"
    assert f'href="{form}">Log a call</a>' in page
    assert 'value="Call" selected' in browser.get(form.replace("&amp;", "&")).content.decode()


# Returned to it


def give_back(api, user, lead):
    return api(user).post(f"/leads/{lead.pk}/return")


@pytest.mark.contract("Leads", "`POST /leads/:id/return`: back to the pond", "ours")
def test_the_claimer_returns_the_lead(api, bob, dana, mary, ponded):
    claim_from_pond(api, bob, ponded)

    answer = give_back(api, bob, ponded)

    assert (answer.status_code, answer.json()["claimed_by_user_id"]) == (200, None)
    mary.refresh_from_db()
    assert mary.assigned_user is None
    assert offer_of(ponded, bob).status == "Returned"
    entry = ponded.trace_entries.last()
    assert (entry.kind, entry.actor_user, entry.code) == ("Returned", bob, "returned")
    assert claim_from_pond(api, dana, ponded).status_code == 200
    assert [offer.user for offer in ponded.offers.filter(status="Claimed")] == [dana]


def test_the_owner_returns_the_lead_and_the_claimer_is_notified(api, alice, bob, ponded):
    claim_from_pond(api, bob, ponded)

    assert give_back(api, alice, ponded).status_code == 200

    assert "You no longer have the lead" in texts_to(bob)[-1]
    assert api(bob).get("/pond").json()["total"] == 1


def test_other_users_cannot_return_the_lead(api, bob, dana, team, ponded):
    team.is_contact_resource_sharing_enabled = True
    team.save()
    ponded.contact.shares.create(user=dana)
    claim_from_pond(api, bob, ponded)

    assert give_back(api, dana, ponded).status_code == 403


def test_an_unclaimed_lead_cannot_be_returned(api, alice, lead):
    refusal = give_back(api, alice, lead)
    assert (refusal.status_code, refusal.json()["message"]) == (409, "This lead is not claimed.")


def test_a_lead_without_a_team_cannot_be_returned(api, alice, mary):
    made = api(alice).made("/leads", {"contact_id": mary.pk})

    refusal = api(alice).post(f"/leads/{made['id']}/return")

    assert refusal.status_code == 400
    assert refusal.json()["message"] == "This lead has no team, so it cannot be returned to a pond."


def test_a_member_who_leaves_during_the_claim_does_not_get_the_lead(bob, team, ponded, clock):
    """They were a member when the request arrived, but not when the lock was free."""
    team.memberships.filter(user=bob).delete()

    with pytest.raises(pond.NotInPond):
        pond.claim_from_pond(ponded, bob, through=Lead.ClaimedThrough.API, now=clock.now)
