import pytest
from django.test import Client

from crm.models import Contact
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
    assert say(bob, "claim", offer_of(offered, bob)) == []

    assert statuses(offered) == {"Bob": "Claimed", "Dana": "Lost"}
    offered.refresh_from_db()
    assert offered.claimed_by_user == bob


def test_the_loser_is_told_on_the_page(offered, bob, dana):
    say(bob, "claim", offer_of(offered, bob))

    assert say(dana, "claim", offer_of(offered, dana)) == ["This lead has already been claimed."]


def test_an_agent_declines_in_the_admin(offered, bob):
    say(bob, "decline", offer_of(offered, bob))

    assert statuses(offered)["Bob"] == "Declined"


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
        assert "somebody new" in shown
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
