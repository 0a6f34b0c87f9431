"""Leads reassigned, returned and merged at a real browser: on a desk and on a phone."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from core import clock
from leads.jobs import run_due
from leads.lifecycle.claims import claim
from leads.models import Lead, LeadOffer, LeadSource
from teams.models import Team, TeamMemberDistributionOption, User
from tests.admin import test_team_and_route
from tests.admin.browser import Screen

pytestmark = test_team_and_route.pytestmark
page = test_team_and_route.page


@pytest.fixture
def lead(api: Any, alice: User, bob: User, dana: User, team: Team) -> Lead:
    """Claimed by bob; mary asked twice."""
    zillow, _ = LeadSource.objects.get_or_create(name="Zillow")
    mary = api(alice).made("/contacts", {"first_name": "Mary", "last_name": "Jackson", "mobile_phone": "949 555 0150"})
    asked = {"contact_id": mary["id"], "source_id": zillow.pk, "type": "Buyer", "city": "Irvine"}
    first, second = (api(alice).made("/leads", asked | {"city": city})["id"] for city in ("Irvine", "Tustin"))
    Lead.objects.filter(pk=second).update(text_body="And a pool?")
    TeamMemberDistributionOption.objects.create(team=team, user=bob, has_email_alert=True)
    lead = Lead.objects.get(pk=first)
    Lead.objects.filter(pk=first).update(
        team=team, distribution_target="Team Rollout", claimed_by_user=None, claimed_at=None, claimed_via="None"
    )
    now = clock.now()
    lead.refresh_from_db()
    LeadOffer.objects.create(lead=lead, team=team, user=bob, position=0, notify_at=now, has_email_alert=True)
    run_due(now)
    claim(LeadOffer.objects.get(lead=lead), through=Lead.ClaimedThrough.TEXT_REPLY, now=now)
    return lead


@pytest.mark.parametrize(("name", "width"), [("desk", 1280), ("phone", 390)])
def test_a_team_lead_does_things_by_hand(
    page: Page,
    live_server: Any,
    alice: User,
    bob: User,
    dana: User,
    team: Team,
    lead: Lead,
    tmp_path: Path,
    name: str,
    width: int,
):
    screen = Screen(page, tmp_path, name, width)
    test_team_and_route.log_in(page, live_server.url, alice)
    page.goto(f"{live_server.url}/admin/leads/lead/{lead.pk}/change/")

    screen.press("Reassign")
    page.wait_for_selector("text=It is taken from Bob Example, with a notice by email and text.")
    page.click(".lead-action [type=submit]")
    page.wait_for_selector("text=Choose a user.")
    screen.shoot("1-reassign")
    page.select_option("#id_user", label="Dana Example")
    page.click(".lead-action [type=submit]")
    page.wait_for_selector("text=Dana Example has the lead and is notified")
    screen.shoot("2-reassigned")

    screen.press("Return to the pond")
    page.wait_for_selector("text=It is taken from Dana Example, with a notice")
    screen.shoot("3-return")
    page.click(".lead-action [type=submit]")
    page.wait_for_selector("text=The lead is in the pond of Pride.")

    screen.press("Merge a duplicate")
    page.click(".lead-action [type=radio]")
    screen.shoot("4-merge")
    page.click(".lead-action [type=submit]")
    page.wait_for_selector("text=is merged into this one")
    screen.shoot("5-merged")

    page.goto(f"{live_server.url}/admin/leads/lead/?duplicates=merged")
    screen.shoot("6-doubles")
    page.goto(f"{live_server.url}/admin/leads/leadofteam/")
    screen.shoot("7-leads-of-teams")
    lead.refresh_from_db()
    assert (lead.claimed_by_user, lead.ponded_at) == (alice, None)
    assert Lead.objects.get(merged_into=lead).text_body == "And a pool?"
