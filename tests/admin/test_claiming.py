"""An agent who claims at a real browser, on a phone and on a desk, and reads how to reach the person."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from core import clock
from crm.models import Contact
from leads.jobs import run_due
from leads.models import Lead, LeadOffer
from teams.models import Team, User
from tests.admin import test_team_and_route
from tests.admin.browser import Screen

pytestmark = test_team_and_route.pytestmark
page = test_team_and_route.page


@pytest.fixture
def lead(api: Any, alice: User, bob: User, dana: User, team: Team) -> Lead:
    """Bob was told of it, and dana will be."""
    mary = api(alice).made("/contacts", {"first_name": "Mary", "last_name": "Jackson", "mobile_phone": "949 555 0150"})
    asked = {"contact_id": mary["id"], "type": "Buyer", "city": "Irvine", "listing_price": "750000"}
    lead = Lead.objects.get(pk=api(alice).made("/leads", asked)["id"])
    Contact.objects.update(assigned_user=None)
    Lead.objects.update(
        team=team, distribution_target="Team Rollout", claimed_by_user=None, claimed_at=None, claimed_via="None"
    )
    now = clock.now()
    for at, user in enumerate((bob, dana)):
        LeadOffer.objects.create(
            lead=lead,
            team=team,
            user=user,
            position=at,
            has_email_alert=True,
            notify_at=now + at * timedelta(minutes=5),
        )
    run_due(now)
    return lead


@pytest.mark.parametrize(("name", "width"), [("desk", 1280), ("phone", 390)])
def test_an_agent_claims_by_a_button(
    page: Page, live_server: Any, bob: User, lead: Lead, tmp_path: Path, name: str, width: int
):
    screen = Screen(page, tmp_path, name, width)
    test_team_and_route.log_in(page, live_server.url, bob)
    page.goto(f"{live_server.url}/admin/leads/leadoffer/")
    screen.shoot("1-offers")

    page.click("button:text-is('Claim')")
    page.wait_for_selector("text=The lead is yours: Mary Jackson, Buyer, Irvine, $750,000.")
    assert page.get_attribute("text=Call 949 555 0150", "href") == "tel:+19495550150"
    screen.shoot("2-claimed")

    page.click("text=Open the lead")
    page.wait_for_url(f"**/admin/leads/lead/{lead.pk}/change/")
    screen.shoot("3-lead")
