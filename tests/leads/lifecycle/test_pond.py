"""The pond: leads that any member of a team may take."""

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
    """Nobody claimed it in ten minutes."""
    team.fallback_target = "Pond"
    team.is_contact_resource_sharing_enabled = False
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    run(minutes=10)
    lead.refresh_from_db()
    return lead


def take(api, user, lead, **body):
    return api(user).post(f"/leads/{lead.pk}/claim", body)


@pytest.mark.contract("Leads", "`GET /pond`, `POST /leads/:id/claim`: leads nobody claimed, for any member", "ours")
def test_members_see_little_of_it(api, bob, team, mary, ponded):
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


def test_not_even_a_name_where_the_team_says_so(api, bob, team, ponded):
    team.claim_preview = "Area"
    team.save()

    (shown,) = api(bob).get("/pond").json()["data"]

    assert (shown["contact"]["first_name"], shown["contact"]["last_name"]) == ("", "")


def test_strangers_and_those_who_have_not_accepted_see_nothing(api, bob, charlie, team, ponded):
    team.memberships.filter(user=bob).update(request_status="Pending")
    for user in (bob, charlie):
        assert api(user).get("/pond").json()["total"] == 0
        assert take(api, user, ponded).status_code == 404


# Who hears of it


def test_members_who_could_be_offered_it_are_told_once_by_email(alice, bob, dana, mary, team, ponded, run, settings):
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
def test_they_read_no_more_of_it_than_an_offer_tells(by, api, alice, bob, mary, team, lead, run):
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
def test_who_takes_no_leads_then_is_left_in_peace(away, api, alice, bob, dana, team, lead, run):
    team.fallback_target = "Pond"
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    type(bob).objects.filter(pk=bob.pk).update(**away)

    run(minutes=10)

    assert not [subject for subject in emails_to(bob) if "pond" in subject]
    assert len([subject for subject in emails_to(dana) if "pond" in subject]) == 1


def test_leads_that_fall_together_are_told_of_together(api, alice, bob, team, route, options, run, clock):
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


def test_of_a_lead_that_is_put_back_those_hear_who_did_not_put_it_back(api, bob, dana, ponded):
    take(api, bob, ponded)

    api(bob).post(f"/leads/{ponded.pk}/return")

    told = {user: len([subject for subject in emails_to(user) if "pond of" in subject]) for user in (bob, dana)}
    assert told == {bob: 1, dana: 2}


def test_a_member_takes_it(api, dana, mary, ponded, run):
    run(hours=3)

    taken = take(api, dana, ponded, claimed_via="Phone")

    assert (taken.status_code, taken.json()["claimed_by_user_id"]) == (200, dana.pk)
    assert (taken.json()["claimed_via"], taken.json()["claimed_through"]) == ("Phone", "api")
    assert statuses(ponded) == {"Bob": "Lost", "Dana": "Claimed"}
    mary.refresh_from_db()
    assert mary.assigned_user == dana
    assert api(dana).get("/pond").json()["total"] == 0
    assert take(api, dana, ponded).status_code == 200  # again changes nothing


def test_a_pond_outlives_the_team_leads_account(api, alice, bob, ponded):
    alice.is_active = False
    alice.save()

    assert [shown["id"] for shown in api(bob).get("/pond").json()["data"]] == [ponded.pk]
    assert take(api, bob, ponded).status_code == 200


def test_so_does_one_who_never_was_offered_it(api, alice, ponded):
    assert take(api, alice, ponded).status_code == 200

    offer = offer_of(ponded, alice)
    assert (offer.status, offer.end_code, offer.settled_at) == (
        "Claimed",
        "taken_from_pond",
        NOON + timedelta(minutes=10),
    )


def test_the_loser_is_told(api, bob, dana, ponded):
    take(api, bob, ponded)

    refusal = take(api, dana, ponded)

    assert (refusal.status_code, refusal.json()["message"]) == (409, "This lead has already been claimed.")
    assert LeadOffer.objects.filter(status="Claimed").count() == 1


def test_an_offer_that_is_out_may_still_be_claimed(api, bob, dana, ponded):
    answer = api(bob).patch(f"/leads/{ponded.pk}/offers/{offer_of(ponded, bob).pk}", {"status": "Claimed"})

    assert answer.status_code == 200
    assert take(api, dana, ponded).status_code == 409


def test_what_is_not_in_the_pond_is_not_taken(api, alice, bob, lead):
    refusal = take(api, bob, lead)

    assert (refusal.status_code, refusal.json()["message"]) == (409, "This lead is not in the pond.")


def test_bad_words_are_named(api, bob, ponded):
    refusal = take(api, bob, ponded, claimed_via="Fax")
    assert refusal.status_code == 400
    assert "claimed_via" in refusal.json()["errors"]


def test_in_the_admin_too(bob, ponded):
    browser = Client()
    browser.force_login(bob)
    page = browser.get("/admin/leads/pondlead/")
    assert "Mary Jackson" in page.content.decode()

    browser.post("/admin/leads/pondlead/", {"action": "take", "_selected_action": [ponded.pk]})

    ponded.refresh_from_db()
    assert ponded.claimed_by_user == bob
    assert browser.get(f"/admin/leads/pondlead/{ponded.pk}/change/").status_code in (302, 403)


def test_a_call_is_logged_in_the_admin(bob, ponded, api, mary):
    take(api, bob, ponded)
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
def test_who_has_it_puts_it_back(api, bob, dana, mary, ponded):
    take(api, bob, ponded)

    answer = give_back(api, bob, ponded)

    assert (answer.status_code, answer.json()["claimed_by_user_id"]) == (200, None)
    mary.refresh_from_db()
    assert mary.assigned_user is None
    assert offer_of(ponded, bob).status == "Returned"
    entry = ponded.trace_entries.last()
    assert (entry.kind, entry.actor_user, entry.code) == ("Returned", bob, "returned")
    assert take(api, dana, ponded).status_code == 200
    assert [offer.user for offer in ponded.offers.filter(status="Claimed")] == [dana]


def test_so_does_its_owner_and_the_claimer_hears_of_it(api, alice, bob, ponded):
    take(api, bob, ponded)

    assert give_back(api, alice, ponded).status_code == 200

    assert "You no longer have the lead" in texts_to(bob)[-1]
    assert api(bob).get("/pond").json()["total"] == 1


def test_nobody_else_does(api, bob, dana, team, ponded):
    team.is_contact_resource_sharing_enabled = True
    team.save()
    ponded.contact.shares.create(user=dana)
    take(api, bob, ponded)

    assert give_back(api, dana, ponded).status_code == 403


def test_what_nobody_has_is_not_returned(api, alice, lead):
    refusal = give_back(api, alice, lead)
    assert (refusal.status_code, refusal.json()["message"]) == (409, "This lead is not claimed.")


def test_what_has_no_team_has_no_pond(api, alice, mary):
    made = api(alice).made("/leads", {"contact_id": mary.pk})

    refusal = api(alice).post(f"/leads/{made['id']}/return")

    assert refusal.status_code == 400
    assert refusal.json()["message"] == "This lead has no team, so it cannot be returned to a pond."


def test_who_left_the_team_as_they_took_it_has_it_not(bob, team, ponded, clock):
    """They were a member when they asked, and are none when it is their turn."""
    team.memberships.filter(user=bob).delete()

    with pytest.raises(pond.NotInPond):
        pond.claim_from_pond(ponded, bob, through=Lead.ClaimedThrough.API, now=clock.now)
