"""Reassigning, returning and merging leads in the admin: texts, permissions and errors."""

import pytest
from django.test import Client

from crm.models import Contact
from leads.models import Lead
from teams.models import Team
from tests.leads.conftest import inquiry, offer_of, statuses, texts_to


@pytest.fixture
def claimed(api, alice, bob, lead, run):
    """Return a lead that bob claimed, who was offered it first."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})
    lead.refresh_from_db()
    return lead


@pytest.fixture
def duplicate(api, alice, mary, lead):
    return Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary, city="Tustin"))["id"])


@pytest.fixture
def unseen(claimed, charlie):
    """Return a lead whose contact the creator of its team cannot see."""
    Contact.objects.update(owner_user=charlie)
    Lead.objects.update(owner_user=charlie)
    return claimed


def browser(user):
    client = Client(enforce_csrf_checks=False)
    client.force_login(user)
    return client


def page(user, lead, name, /, **posted):
    client, path = browser(user), f"/admin/leads/lead/{lead.pk}/{name}/"
    return client.post(path, posted, follow=True) if posted else client.get(path, follow=True)


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def action_titles(user, lead):
    """Return the titles of the buttons on a lead's page."""
    answer = browser(user).get(f"/admin/leads/lead/{lead.pk}/change/")
    return [title for title, _, _ in answer.context["action_links"]]


def test_a_button_is_shown_for_each_action_that_the_user_can_take(alice, bob, dana, claimed):
    assert action_titles(alice, claimed) == ["Reassign", "Return to the pond"]
    assert action_titles(bob, claimed) == ["Return to the pond"]
    assert action_titles(dana, claimed) == []


def test_the_owner_can_merge_a_lead_that_has_a_duplicate(alice, bob, claimed, duplicate):
    assert action_titles(alice, claimed) == ["Reassign", "Return to the pond", "Merge a duplicate"]
    assert "Merge a duplicate" not in action_titles(bob, claimed)


def test_the_form_shows_the_consequences_and_who_is_notified(alice, bob, claimed):
    shown = page(alice, claimed, "reassign").content.decode()

    assert "It is taken from Bob Example, with a notice by email and text." in shown
    assert "gets the lead immediately, without a claim" in shown
    assert not claimed.trace_entries.filter(kind="Reassigned").exists()


def test_the_owner_reassigns_a_lead(alice, bob, dana, claimed):
    answer = page(alice, claimed, "reassign", user=dana.pk)

    claimed.refresh_from_db()
    assert claimed.claimed_by_user == dana
    assert said(answer) == ["Dana Example has the lead and is notified."]
    assert answer.redirect_chain[-1][0] == f"/admin/leads/lead/{claimed.pk}/change/"
    assert f"{alice} reassigned it to {dana}." in texts_to(bob)[-1]


def test_reassigning_without_a_user_shows_an_error_on_the_form(alice, bob, claimed, charlie):
    assert "Choose a user." in page(alice, claimed, "reassign", user="").content.decode()
    assert "Choose one of the list." in page(alice, claimed, "reassign", user=charlie.pk).content.decode()
    claimed.refresh_from_db()
    assert claimed.claimed_by_user == bob


@pytest.mark.parametrize("name", ["reassign", "merge"])
def test_a_member_reads_why_they_cannot_reassign(name, bob, dana, claimed, duplicate):
    asked = page(bob, claimed, name).content.decode()
    pressed = page(bob, claimed, name, user=dana.pk, lead=duplicate.pk).content.decode()

    assert "Only the owner of this lead" in asked
    assert "Only the owner of this lead" in pressed
    claimed.refresh_from_db()
    assert claimed.claimed_by_user == bob


def test_charlie_finds_no_lead(charlie, claimed):
    answer = page(charlie, claimed, "return", pressed="yes")

    assert said(answer) == [f"There is no lead {claimed.pk} that you can see."]


def test_the_claimer_returns_the_lead_to_the_pond(bob, claimed):
    shown = page(bob, claimed, "return").content.decode()
    answer = page(bob, claimed, "return", pressed="yes")

    assert "It is taken from you." in shown
    assert said(answer) == ["The lead is in the pond of Pride."]
    claimed.refresh_from_db()
    assert (claimed.claimed_by_user, claimed.ponded_at is None) == (None, False)


def test_a_change_in_the_meantime_shows_an_error_on_the_form(api, alice, bob, claimed):
    api(bob).post(f"/leads/{claimed.pk}/return")

    assert "This lead is not claimed." in page(alice, claimed, "return").content.decode()
    assert "This lead is not claimed." in page(alice, claimed, "return", pressed="yes").content.decode()


def test_a_duplicate_is_merged(alice, claimed, duplicate):
    shown = page(alice, claimed, "merge").content.decode()
    answer = page(alice, claimed, "merge", lead=duplicate.pk)

    assert f"Lead {duplicate.pk}: Mary" in shown
    assert said(answer) == [f"Lead {duplicate.pk} is merged into this one."]
    duplicate.refresh_from_db()
    assert duplicate.merged_into == claimed


def test_the_pages_require_a_csrf_token(alice, dana, claimed):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(f"/admin/leads/lead/{claimed.pk}/reassign/", {"user": dana.pk}).status_code == 403


# Leads of a team whose contacts its creator does not see


def test_alice_finds_leads_of_her_team_whose_contacts_she_cannot_see(alice, bob, team, unseen):
    Team.objects.update(claim_preview="Area")

    shown = browser(alice).get("/admin/leads/leadofteam/").content.decode()

    assert "Buyer, Irvine" in shown
    assert f"/admin/leads/lead/{unseen.pk}/reassign/" in shown
    assert "Mary" not in shown
    assert "Buyer, Irvine" not in browser(bob).get("/admin/leads/leadofteam/").content.decode()


def test_alice_reassigns_them_without_seeing_more_than_an_offer_shows(alice, dana, unseen):
    Team.objects.update(claim_preview="Area")

    asked = page(alice, unseen, "reassign").content.decode()
    answer = page(alice, unseen, "reassign", user=dana.pk)

    assert "Buyer, Irvine" in asked
    assert "Mary" not in asked
    assert "Mary" not in answer.content.decode()
    assert answer.redirect_chain[-1][0] == "/admin/leads/leadofteam/"
    unseen.refresh_from_db()
    assert unseen.claimed_by_user == dana


def test_no_other_action_is_possible_on_a_lead_that_alice_cannot_see(alice, unseen):
    assert "Only the user who claimed this lead" in page(alice, unseen, "return").content.decode()


# Duplicates


def test_merged_leads_are_listed_only_with_the_filter(api, alice, lead, duplicate):
    api(alice).post(f"/leads/{lead.pk}/merge", {"lead_id": duplicate.pk})
    client = browser(alice)

    def listed(query=""):
        return [row.pk for row in client.get(f"/admin/leads/lead/{query}").context["cl"].result_list]

    assert listed() == [lead.pk]
    assert listed("?duplicates=merged") == [duplicate.pk]
    assert listed("?duplicates=all") == [duplicate.pk, lead.pk]
    assert f"lead {lead.pk}</a>" in client.get("/admin/leads/lead/?duplicates=merged").content.decode()


def test_a_merged_lead_and_its_original_link_to_each_other(api, alice, lead, duplicate):
    api(alice).post(f"/leads/{lead.pk}/merge", {"lead_id": duplicate.pk})
    client = browser(alice)

    part = client.get(f"/admin/leads/lead/{duplicate.pk}/change/").content.decode()
    whole = client.get(f"/admin/leads/lead/{lead.pk}/change/").content.decode()

    assert f'href="/admin/leads/lead/{lead.pk}/change/">lead {lead.pk}</a>' in part
    assert f'href="/admin/leads/lead/{duplicate.pk}/change/">lead {duplicate.pk}</a>' in whole
    assert action_titles(alice, duplicate) == []
    assert statuses(duplicate) == {}


def test_alice_reads_the_trace_of_a_lead_whose_contact_she_cannot_see(alice, unseen):
    Team.objects.update(claim_preview="Area")
    listed = browser(alice).get("/admin/leads/leadofteam/").text
    path = f"/admin/leads/routingtrace/{unseen.routing_trace.pk}/change/"
    assert f'href="{path}">Why</a>' in listed

    shown = browser(alice).get(path).text

    assert "Bob Example claimed it by the API" in shown
    assert '<a href="/admin/leads/leadofteam/">Leads of your teams</a>' in shown
    assert "Mary" not in shown


def test_charlie_cannot_read_the_trace(dana, unseen):
    path = f"/admin/leads/routingtrace/{unseen.routing_trace.pk}/change/"

    for there in (path, "/admin/leads/routingtrace/x/change/", f"/admin/leads/routingtrace/{10**30}/change/"):
        assert browser(dana).get(there).status_code == 302


def test_the_trace_links_back_to_the_lead_for_its_owner(alice, claimed):
    shown = browser(alice).get(f"/admin/leads/routingtrace/{claimed.routing_trace.pk}/change/").text

    assert f'<a href="/admin/leads/lead/{claimed.pk}/change/">The lead</a>' in shown
