import re

import pytest
from django.test import Client

from crm.models import Contact
from leads.models import Lead, LeadOffer
from teams.models import Team
from tests.leads.conftest import offer_of, statuses

OFFERS = "/admin/leads/leadoffer/"


@pytest.fixture
def offered(api, alice, lead, run):
    """Bob was alerted first, dana five minutes later."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run(minutes=5)
    return lead


def say(user, action, offer):
    """Run this action on the offer in the admin's list. Return the messages of the page."""
    browser = Client()
    browser.force_login(user)
    answer = browser.post(OFFERS, {"action": action, "_selected_action": [offer.pk]}, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def test_an_agent_claims_in_the_admin(offered, bob):
    said = say(bob, "claim", offer_of(offered, bob))

    assert "The lead is yours: Mary Jackson" in said[0]
    assert f'href="/admin/leads/lead/{offered.pk}/change/"' in said[0]
    assert statuses(offered) == {"Bob": "Claimed", "Dana": "Lost"}
    offered.refresh_from_db()
    assert offered.claimed_by_user == bob


def test_the_second_agent_reads_that_the_lead_is_claimed(offered, bob, dana):
    say(bob, "claim", offer_of(offered, bob))

    assert say(dana, "claim", offer_of(offered, dana)) == ["This lead has already been claimed."]


def test_an_agent_declines_in_the_admin(offered, bob):
    (said,) = say(bob, "decline", offer_of(offered, bob))

    assert statuses(offered)["Bob"] == "Declined"
    assert said.startswith("You declined a lead: Mary Jackson")
    assert said.endswith("It is offered to the next member.")


def press(user, offer, name):
    """Press the button of the offer in the admin's list. Return the messages of the page."""
    browser = Client()
    browser.force_login(user)
    answer = browser.post(f"{OFFERS}{offer.pk}/{name}/", follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def buttons(user, page=OFFERS):
    browser = Client()
    browser.force_login(user)
    return re.findall(r'form="answer" formaction="([^"]+)"', browser.get(page).text)


def test_a_button_claims_and_shows_contact_details(offered, bob):
    Contact.objects.update(mobile_phone="949 555 0150", email="mary@example.com")

    (said,) = press(bob, offer_of(offered, bob), "claim")
    assert Lead.objects.get(pk=offered.pk).claimed_through == "admin"

    assert said.startswith("The lead is yours: Mary Jackson")
    ways = ["tel:+19495550150", "sms:+19495550150", "mailto:mary%40example.com"]
    assert re.findall(r'href="([^"]+)"', said) == [*ways, f"/admin/leads/lead/{offered.pk}/change/"]
    offered.refresh_from_db()
    assert offered.claimed_by_user == bob


def test_a_button_declines(offered, bob):
    press(bob, offer_of(offered, bob), "decline")

    assert statuses(offered)["Bob"] == "Declined"


def test_only_an_agent_with_an_open_offer_has_buttons(offered, alice, bob, dana):
    bobs, danas = (f"{OFFERS}{offer_of(offered, user).pk}" for user in (bob, dana))

    assert buttons(alice) == []
    assert buttons(bob) == buttons(bob, f"{bobs}/change/") == [f"{bobs}/claim/", f"{bobs}/decline/"]
    assert buttons(dana) == [f"{danas}/claim/", f"{danas}/decline/"]
    press(bob, offer_of(offered, bob), "claim")
    assert buttons(bob) == buttons(dana) == []


def test_an_old_button_shows_that_the_lead_is_claimed(offered, bob, dana):
    press(bob, offer_of(offered, bob), "claim")

    assert press(dana, offer_of(offered, dana), "claim") == ["This lead has already been claimed."]


def test_an_invisible_offer_does_not_exist_for_the_user(offered, bob, dana):
    assert press(dana, offer_of(offered, bob), "claim") == ["This lead is no longer available to you."]

    assert statuses(offered)["Bob"] == "Sent"


def test_a_get_of_a_buttons_url_claims_nothing(offered, bob):
    browser = Client()
    browser.force_login(bob)

    assert browser.get(f"{OFFERS}{offer_of(offered, bob).pk}/claim/").status_code == 405
    assert statuses(offered)["Bob"] == "Sent"


def test_claiming_from_the_pond_shows_contact_details(offered, bob):
    Contact.objects.update(email="mary@example.com")
    Lead.objects.update(ponded_at=offered.created_at)
    LeadOffer.objects.all().delete()
    browser = Client()
    browser.force_login(bob)
    take = f"/admin/leads/pondlead/{offered.pk}/claim/"
    assert buttons(bob, "/admin/leads/pondlead/") == [take]

    (said,) = [str(message) for message in browser.post(take, follow=True).context["messages"]]

    assert "mailto:mary%40example.com" in said
    offered.refresh_from_db()
    assert offered.claimed_by_user == bob


def test_an_agent_cannot_claim_for_another_in_the_admin(offered, alice, bob):
    assert say(alice, "claim", offer_of(offered, bob)) != []

    assert statuses(offered)["Bob"] == "Sent"


@pytest.mark.parametrize("known_by", [{"email": "mary@example.com"}, {"first_name": "+19495550177"}])
def test_an_offered_member_sees_no_contact_details_in_the_admin(offered, bob, known_by):
    Contact.objects.update(**{"first_name": "", "last_name": "", "email": ""} | known_by)
    browser = Client()
    browser.force_login(bob)

    for page in (OFFERS, f"{OFFERS}{offer_of(offered, bob).pk}/change/"):
        shown = browser.get(page).content.decode()
        assert "a new contact" in shown
        assert [value for value in known_by.values() if value in shown] == []


def test_the_area_preview_hides_the_name_in_the_admin(offered, alice, bob):
    Team.objects.update(claim_preview="Area")
    browser, path = Client(), f"{OFFERS}{offer_of(offered, bob).pk}/change/"

    browser.force_login(bob)
    for page in (OFFERS, path):
        shown = browser.get(page).text
        assert "Irvine" in shown
        assert "Mary" not in shown
    browser.force_login(alice)
    assert "Mary" in browser.get(path).text
    say(bob, "claim", offer_of(offered, bob))
    browser.force_login(bob)
    assert "Mary" in browser.get(path).text
