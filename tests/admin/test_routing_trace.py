"""The page that tells why a lead went where it went, at a real browser: on a desk and on a phone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from campaigns.models import Campaign
from leads.jobs import run_due
from leads.lifecycle.claims import claim
from leads.models import Lead, LeadOffer, LeadRoute, LeadSource
from messaging.models import Message
from teams.models import Team, TeamMemberDistributionOption, User
from tests.admin import test_team_and_route
from tests.conftest import make_user

pytestmark = test_team_and_route.pytestmark
page = test_team_and_route.page


@pytest.fixture
def lead(api: Any, alice: User, bob: User, dana: User, team: Team) -> Lead:
    """Alerted to bob and then to dana, who claims it; greta has every alert off."""
    zillow, _ = LeadSource.objects.get_or_create(name="Zillow")
    trulia, _ = LeadSource.objects.get_or_create(name="Trulia")
    campaign = Campaign.objects.create(owner_user=alice, name="Buyer Drip")
    greta = make_user("Greta", "0117")
    team.memberships.create(user=greta, request_status="Accepted")
    for rank, user in enumerate((bob, dana, greta)):
        TeamMemberDistributionOption.objects.create(
            team=team, user=user, rank=rank, has_text_alert=user != greta, has_email_alert=user == dana
        )
    shared = {"owner_user": alice, "campaign": campaign, "is_automatic": True, "distribution_target": "Team Rollout"}
    shared |= {"team_selection_method": "Specific Team", "team": team}
    LeadRoute.objects.create(position=1, lead_source=trulia, **shared)
    LeadRoute.objects.create(position=2, lead_source=zillow, cities="Tustin, Orange", **shared)
    LeadRoute.objects.create(position=3, lead_source=zillow, price_from=2_000_000, **shared)
    LeadRoute.objects.create(position=4, lead_source=zillow, **shared)
    mary = api(alice).made("/contacts", {"first_name": "Mary", "last_name": "Jackson", "mobile_phone": "949 555 0150"})
    asked = {"contact_id": mary["id"], "source_id": zillow.pk, "city": "Irvine", "listing_price": "1250000"}
    lead = Lead.objects.get(pk=api(alice).made("/leads", asked | {"type": "Buyer"})["id"])
    now = lead.created_at  # so that times between events are whole minutes
    run_due(now)
    texts = Message.objects.filter(user=bob, channel="text")
    texts.update(status="undelivered", sent_at=now + timedelta(seconds=1), modified_at=now + timedelta(seconds=4))
    texts.update(code="handset_unreachable", error_code=30003)
    run_due(now + timedelta(minutes=6))
    later = now + timedelta(minutes=6, seconds=2)
    to_dana = Message.objects.filter(user=dana, purpose="alert")
    to_dana.update(status="delivered", sent_at=later, modified_at=later + timedelta(seconds=1))
    claim(
        LeadOffer.objects.get(lead=lead, user=dana),
        through=Lead.ClaimedThrough.TEXT_REPLY,
        now=now + timedelta(minutes=7),
    )
    return lead


@pytest.mark.parametrize(("name", "width"), [("desk", 1280), ("phone", 390)])
def test_a_team_lead_reads_why(
    page: Page, live_server: Any, alice: User, lead: Lead, tmp_path: Path, name: str, width: int
):
    page.set_viewport_size({"width": width, "height": 900})
    test_team_and_route.log_in(page, live_server.url, alice)

    page.goto(f"{live_server.url}/admin/leads/lead/{lead.pk}/change/")
    if width < 1024:  # behind three dots
        page.click("text=more_horiz >> visible=true")
    page.click('text="Routing" >> visible=true')
    page.wait_for_url("**/admin/leads/routingtrace/**")
    page.screenshot(path=tmp_path / f"why-{name}.png", full_page=True)

    assert "Dana Example claimed it by replying to the text, 7 min after receipt." in page.inner_text(".status")
    said = page.inner_text(".trace")
    assert "\N{MULTIPLICATION X} No" in said
    assert "\N{CHECK MARK} Yes" in said
    assert "all alerts are off" in said
    assert "The text to Bob Example was not delivered: The handset could not be reached." in said
    assert "user " not in said
    assert "oute " not in said
    assert f"Rule {lead.route_id} “Zillow to Pride” matches: the lead is offered to team Pride." in said
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
