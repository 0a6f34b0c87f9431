"""Leads reassigned, returned and merged on pages of the admin: what those say, to whom, and what they refuse."""

import pytest
from django.test import Client

from crm.models import Contact
from leads.models import Lead
from teams.models import Team
from tests.leads.conftest import inquiry, offer_of, statuses, texts_to


@pytest.fixture
def claimed(api, alice, bob, lead, run):
    """Bob's, who was offered it first."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})
    lead.refresh_from_db()
    return lead


@pytest.fixture
def double(api, alice, mary, lead):
    return Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary, city="Tustin"))["id"])


@pytest.fixture
def unseen(claimed, charlie):
    """Of a contact that its team's creator does not see."""
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


def deeds(user, lead):
    """The buttons on a lead's page."""
    answer = browser(user).get(f"/admin/leads/lead/{lead.pk}/change/")
    return [title for title, _, _ in answer.context["deeds"]]


def test_each_button_stands_where_it_may_be_pressed(alice, bob, dana, claimed):
    assert deeds(alice, claimed) == ["Reassign", "Return to the pond"]
    assert deeds(bob, claimed) == ["Return to the pond"]
    assert deeds(dana, claimed) == []


def test_a_lead_with_a_double_can_be_merged_by_its_owner(alice, bob, claimed, double):
    assert deeds(alice, claimed) == ["Reassign", "Return to the pond", "Merge a duplicate"]
    assert "Merge a duplicate" not in deeds(bob, claimed)


def test_it_says_before_what_will_happen_and_who_is_told(alice, bob, claimed):
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


def test_nobody_to_reassign_it_to_is_said_in_place(alice, bob, claimed, charlie):
    assert "Choose a user." in page(alice, claimed, "reassign", user="").content.decode()
    assert "Choose one of the list." in page(alice, claimed, "reassign", user=charlie.pk).content.decode()
    claimed.refresh_from_db()
    assert claimed.claimed_by_user == bob


@pytest.mark.parametrize("name", ["reassign", "merge"])
def test_a_member_is_told_why_they_may_not(name, bob, dana, claimed, double):
    asked = page(bob, claimed, name).content.decode()
    pressed = page(bob, claimed, name, user=dana.pk, lead=double.pk).content.decode()

    assert "Only the owner of this lead" in asked
    assert "Only the owner of this lead" in pressed
    claimed.refresh_from_db()
    assert claimed.claimed_by_user == bob


def test_a_stranger_finds_no_lead(charlie, claimed):
    answer = page(charlie, claimed, "return", pressed="yes")

    assert said(answer) == [f"There is no lead {claimed.pk} that you can see."]


def test_whoever_has_it_returns_it_to_the_pond(bob, claimed):
    shown = page(bob, claimed, "return").content.decode()
    answer = page(bob, claimed, "return", pressed="yes")

    assert "It is taken from you." in shown
    assert said(answer) == ["The lead is in the pond of Pride."]
    claimed.refresh_from_db()
    assert (claimed.claimed_by_user, claimed.ponded_at is None) == (None, False)


def test_what_happened_meanwhile_is_said_in_place(api, alice, bob, claimed):
    api(bob).post(f"/leads/{claimed.pk}/return")

    assert "This lead is not claimed." in page(alice, claimed, "return").content.decode()
    assert "This lead is not claimed." in page(alice, claimed, "return", pressed="yes").content.decode()


def test_a_double_is_merged(alice, claimed, double):
    shown = page(alice, claimed, "merge").content.decode()
    answer = page(alice, claimed, "merge", lead=double.pk)

    assert f"Lead {double.pk}: Mary" in shown
    assert said(answer) == [f"Lead {double.pk} is merged into this one."]
    double.refresh_from_db()
    assert double.merged_into == claimed


def test_the_pages_need_a_token_against_forgery(alice, dana, claimed):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.post(f"/admin/leads/lead/{claimed.pk}/reassign/", {"user": dana.pk}).status_code == 403


# Leads of a team whose contacts its creator does not see


def test_a_teams_creator_finds_the_leads_that_they_do_not_see(alice, bob, team, unseen):
    Team.objects.update(claim_preview="Area")

    shown = browser(alice).get("/admin/leads/teamlead/").content.decode()

    assert "Buyer, Irvine" in shown
    assert f"/admin/leads/lead/{unseen.pk}/reassign/" in shown
    assert "Mary" not in shown
    assert "Buyer, Irvine" not in browser(bob).get("/admin/leads/teamlead/").content.decode()


def test_and_reassigns_them_without_reading_more_than_an_offer_tells(alice, dana, unseen):
    Team.objects.update(claim_preview="Area")

    asked = page(alice, unseen, "reassign").content.decode()
    answer = page(alice, unseen, "reassign", user=dana.pk)

    assert "Buyer, Irvine" in asked
    assert "Mary" not in asked
    assert "Mary" not in answer.content.decode()
    assert answer.redirect_chain[-1][0] == "/admin/leads/teamlead/"
    unseen.refresh_from_db()
    assert unseen.claimed_by_user == dana


def test_nothing_more_is_done_by_hand_with_a_lead_that_nobody_sees(alice, unseen):
    assert "Only the user who claimed this lead" in page(alice, unseen, "return").content.decode()


# Doubles


def test_a_merged_lead_is_left_out_of_the_list_unless_it_is_asked_for(api, alice, lead, double):
    api(alice).post(f"/leads/{lead.pk}/merge", {"lead_id": double.pk})
    client = browser(alice)

    def listed(query=""):
        return [row.pk for row in client.get(f"/admin/leads/lead/{query}").context["cl"].result_list]

    assert listed() == [lead.pk]
    assert listed("?doubles=merged") == [double.pk]
    assert listed("?doubles=all") == [double.pk, lead.pk]
    assert f"lead {lead.pk}</a>" in client.get("/admin/leads/lead/?doubles=merged").content.decode()


def test_a_merged_lead_and_what_it_is_part_of_lead_to_each_other(api, alice, lead, double):
    api(alice).post(f"/leads/{lead.pk}/merge", {"lead_id": double.pk})
    client = browser(alice)

    part = client.get(f"/admin/leads/lead/{double.pk}/change/").content.decode()
    whole = client.get(f"/admin/leads/lead/{lead.pk}/change/").content.decode()

    assert f'href="/admin/leads/lead/{lead.pk}/change/">lead {lead.pk}</a>' in part
    assert f'href="/admin/leads/lead/{double.pk}/change/">lead {double.pk}</a>' in whole
    assert deeds(alice, double) == []
    assert statuses(double) == {}


def test_a_teams_creator_reads_why_of_a_lead_of_which_they_do_not_see_the_contact(alice, unseen):
    Team.objects.update(claim_preview="Area")
    listed = browser(alice).get("/admin/leads/teamlead/").text
    path = f"/admin/leads/routingtrace/{unseen.routing_trace.pk}/change/"
    assert f'href="{path}">Why</a>' in listed

    shown = browser(alice).get(path).text

    assert "Bob Example claimed it by the API" in shown
    assert '<a href="/admin/leads/teamlead/">Leads of your teams</a>' in shown
    assert "Mary" not in shown


def test_strangers_read_nothing_of_why(dana, unseen):
    path = f"/admin/leads/routingtrace/{unseen.routing_trace.pk}/change/"

    for there in (path, "/admin/leads/routingtrace/x/change/", f"/admin/leads/routingtrace/{10**30}/change/"):
        assert browser(dana).get(there).status_code == 302


def test_the_owner_goes_back_from_why_to_the_lead(alice, claimed):
    shown = browser(alice).get(f"/admin/leads/routingtrace/{claimed.routing_trace.pk}/change/").text

    assert f'<a href="/admin/leads/lead/{claimed.pk}/change/">The lead</a>' in shown
