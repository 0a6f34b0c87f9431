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
    """Bob was told first, dana five minutes later."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run(minutes=5)
    return lead


def say(user, action, offer):
    """Tick the offer in the admin's list, and do this with it; what the page then says."""
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


def test_the_loser_is_told_on_the_page(offered, bob, dana):
    say(bob, "claim", offer_of(offered, bob))

    assert say(dana, "claim", offer_of(offered, dana)) == ["This lead has already been claimed."]


def test_an_agent_declines_in_the_admin(offered, bob):
    (said,) = say(bob, "decline", offer_of(offered, bob))

    assert statuses(offered)["Bob"] == "Declined"
    assert said.startswith("You declined a lead: Mary Jackson")
    assert said.endswith("It is offered to the next member.")


def press(user, offer, name):
    """The offer's button in the admin's list; what the page then says."""
    browser = Client()
    browser.force_login(user)
    answer = browser.post(f"{OFFERS}{offer.pk}/{name}/", follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def buttons(user, page=OFFERS):
    browser = Client()
    browser.force_login(user)
    return re.findall(r'form="answer" formaction="([^"]+)"', browser.get(page).text)


def test_a_button_claims_and_tells_how_to_reach_the_person(offered, bob):
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


def test_only_who_is_asked_has_buttons_and_only_while_they_are(offered, alice, bob, dana):
    bobs, danas = (f"{OFFERS}{offer_of(offered, user).pk}" for user in (bob, dana))

    assert buttons(alice) == []
    assert buttons(bob) == buttons(bob, f"{bobs}/change/") == [f"{bobs}/claim/", f"{bobs}/decline/"]
    assert buttons(dana) == [f"{danas}/claim/", f"{danas}/decline/"]
    press(bob, offer_of(offered, bob), "claim")
    assert buttons(bob) == buttons(dana) == []


def test_the_loser_who_presses_an_old_button_is_told(offered, bob, dana):
    press(bob, offer_of(offered, bob), "claim")

    assert press(dana, offer_of(offered, dana), "claim") == ["This lead has already been claimed."]


def test_what_somebody_does_not_see_is_not_there_for_them(offered, bob, dana):
    assert press(dana, offer_of(offered, bob), "claim") == ["This lead is no longer available to you."]

    assert statuses(offered)["Bob"] == "Sent"


def test_looking_at_a_buttons_address_claims_nothing(offered, bob):
    browser = Client()
    browser.force_login(bob)

    assert browser.get(f"{OFFERS}{offer_of(offered, bob).pk}/claim/").status_code == 405
    assert statuses(offered)["Bob"] == "Sent"


def test_one_who_takes_from_the_pond_is_told_how_to_reach_the_person(offered, bob):
    Contact.objects.update(email="mary@example.com")
    Lead.objects.update(ponded_at=offered.created_at)
    LeadOffer.objects.all().delete()
    browser = Client()
    browser.force_login(bob)
    take = f"/admin/leads/pondlead/{offered.pk}/take/"
    assert buttons(bob, "/admin/leads/pondlead/") == [take]

    (said,) = [str(message) for message in browser.post(take, follow=True).context["messages"]]

    assert "mailto:mary%40example.com" in said
    offered.refresh_from_db()
    assert offered.claimed_by_user == bob


def test_nobody_claims_for_another_in_the_admin(offered, alice, bob):
    assert say(alice, "claim", offer_of(offered, bob)) != []

    assert statuses(offered)["Bob"] == "Sent"


@pytest.mark.parametrize("known_by", [{"email": "mary@example.com"}, {"first_name": "+19495550177"}])
def test_an_offered_member_reads_nothing_there_by_which_to_reach_the_person(offered, bob, known_by):
    Contact.objects.update(**{"first_name": "", "last_name": "", "email": ""} | known_by)
    browser = Client()
    browser.force_login(bob)

    for page in (OFFERS, f"{OFFERS}{offer_of(offered, bob).pk}/change/"):
        shown = browser.get(page).content.decode()
        assert "a new contact" in shown
        assert [value for value in known_by.values() if value in shown] == []


def test_where_an_area_alone_is_told_the_name_is_kept_from_members_there_too(offered, alice, bob):
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
