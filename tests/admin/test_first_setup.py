"""A team lead with nothing but an account sets up who gets which lead, rehearses, and goes live: in the admin alone."""

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page

from core import clock
from leads.jobs import run_due
from leads.models import Lead, LeadOffer, LeadRoute, LeadSource
from messaging.models import Message
from teams.models import Team, TeamMember, User
from tests.admin import test_team_and_route
from tests.client import Api

pytestmark = test_team_and_route.pytestmark
page = test_team_and_route.page


@pytest.fixture
def past(api: Any, alice: User) -> list[int]:
    """What came in before there were rules, all of it alice's own."""
    zillow, _ = LeadSource.objects.get_or_create(name="Zillow")
    trulia, _ = LeadSource.objects.get_or_create(name="Trulia")
    mary = api(alice).made("/contacts", {"first_name": "Mary", "mobile_phone": "949 555 0150"})
    asked = [
        {"source_id": zillow.pk, "type": "Buyer", "city": "Irvine", "zipcode": "92618", "listing_price": "750000"},
        {"source_id": zillow.pk, "type": "Buyer", "city": "Tustin", "zipcode": "92780", "listing_price": "640000"},
        {"source_id": zillow.pk, "type": "Seller", "city": "Irvine", "zipcode": "92620"},
        {"source_id": trulia.pk, "type": "Buyer", "city": "Orange", "zipcode": "92866", "listing_price": "980000"},
    ]
    return [api(alice).made("/leads", {"contact_id": mary["id"]} | lead)["id"] for lead in asked]


def shoot(page: Page, tmp_path: Path, name: str) -> None:
    """On a desk and on a phone, where nothing may be wider than the screen."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=tmp_path / f"{name}-phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    page.set_viewport_size({"width": 1280, "height": 900})
    page.screenshot(path=tmp_path / f"{name}-desk.png", full_page=True)


def over_http(url: str, user: User, lead: dict[str, Any]) -> dict[str, Any]:
    """A lead as a program of the user's sends it."""
    headers = Api(user).headers | {"Content-Type": "application/json"}
    with urlopen(Request(f"{url}/leads", json.dumps(lead).encode(), headers)) as answer:
        made: dict[str, Any] = json.load(answer)
        return made


def test_a_team_lead_goes_live_without_reading_code(
    page: Page,
    live_server: Any,
    api: Any,
    alice: User,
    bob: User,
    dana: User,
    past: list[int],
    tmp_path: Path,
):
    url = live_server.url
    test_team_and_route.log_in(page, url, alice)
    page.goto(f"{url}/admin/leads/leadroute/")
    shoot(page, tmp_path, "1-nothing-yet")

    page.click("text=Create a team")
    page.fill("#id_name", "Pride")
    page.select_option("#id_order_method", "Rank")
    page.select_option("#id_fallback_target", "Pond")
    page.click("[name=_save]")
    page.wait_for_url("**/admin/teams/team/*/change/")
    team = Team.objects.get(creator=alice)
    for member in (bob, dana):
        page.click("text=Invite a member")
        page.fill("#id_email", member.email)
        page.click("[name=_save]")
        page.wait_for_url("**/admin/teams/team/*/change/")
        invitation = TeamMember.objects.get(team=team, user=member)
        answer = {"request_status": "Accepted"}
        assert api(member).patch(f"/team-members/{invitation.pk}", answer).status_code == 200
    page.reload()
    for member in (bob, dana):
        page.click(f"[aria-label='Offer leads to {member}']")
        page.click("[name=_save]")
        page.wait_for_url("**/admin/teams/team/*/change/")
    assert "rank 1, alerts by text, email" in page.inner_text(".roll")
    shoot(page, tmp_path, "2-team")

    page.goto(f"{url}/admin/leads/leadroute/")
    page.click("text=Create the campaign")
    page.fill("#id_name", "Buyer Drip")
    page.click("[name=_save]")
    page.wait_for_url("**/admin/campaigns/campaign/")

    page.goto(f"{url}/admin/leads/leadroute/")
    page.click("text=Add a rule >> visible=true >> nth=-1")
    page.select_option("#id_lead_source", label="Zillow")
    page.select_option("#id_distribution_target", "Myself")
    page.select_option("#id_campaign", label="Buyer Drip")
    page.click("[name=_save]")
    page.wait_for_url("**/admin/leads/leadroute/*")

    page.click("text=Add a rule >> visible=true >> nth=-1")
    page.select_option("#id_lead_source", label="Zillow")
    page.fill("#id_types", "Buyer")
    page.fill("#id_price_from", "1000000")
    page.fill("#id_price_to", "500000")
    page.fill("#id_cities", "Irvine, Tustin")
    page.select_option("#id_distribution_target", "Team Rollout")
    page.select_option("#id_team_selection_method", "Specific Team")
    page.select_option("#id_team", label="Pride")
    page.select_option("#id_campaign", label="Buyer Drip")
    shoot(page, tmp_path, "3-form")
    page.click("[name=_simulate]")
    assert "price_from must be below price_to" in page.inner_text("#leadroute_form")
    shoot(page, tmp_path, "4-refused")
    page.fill("#id_price_from", "500000")
    page.fill("#id_price_to", "1000000")
    page.select_option("#id_try-source_id", label="Zillow")
    page.fill("#id_try-type", "Buyer")
    page.fill("#id_try-city", "Irvine")
    page.fill("#id_try-listing_price", "$800,000")
    page.click("[name=_simulate]")
    page.wait_for_selector("text=Nothing is saved")
    shoot(page, tmp_path, "5-rehearsed")
    said = page.inner_text("[role=status]")
    assert "4 leads: 2 would go elsewhere" in said
    assert "immediately Bob Example of Pride is offered it, alerted by text and email." in said
    assert "after 5 min Dana Example of Pride is offered it" in said
    assert "Into the pond of Pride" in said
    assert LeadRoute.objects.filter(owner_user=alice).count() == 1
    assert not LeadOffer.objects.exists()

    zillow = LeadSource.objects.get(name="Zillow").pk
    page.fill("#id_try-csv", f"type,source_id,city,listing_price\nBuyer,{zillow},Irvine,750000\nBuyer,soon,Tustin,1")
    page.click("[name=_simulate] >> nth=-1")
    page.wait_for_selector("text=Line 3: source_id")
    shoot(page, tmp_path, "5b-table")
    assert "Line 2: Buyer, Irvine, $750,000" in page.text_content("[role=status]")

    page.click("text=Save this rule")
    old, new = LeadRoute.objects.filter(owner_user=alice).order_by("pk")
    page.wait_for_selector(f"text=Rule {new.pk} is saved: it is tried first")
    shoot(page, tmp_path, "6-rules")
    assert "$500,000 to $1,000,000, in Irvine or Tustin" in page.inner_text(".lines")
    page.click(f"[aria-label='Move rule {new.pk} down']")
    page.wait_for_selector(f".lines >> text=It can never match: rule {old.pk} matches all of its leads first.")
    shoot(page, tmp_path, "7-hidden")
    page.click(f"[aria-label='Move rule {new.pk} up']")
    page.wait_for_selector(".lines li:first-child >> text=in Irvine or Tustin")

    wanted = {"source_id": LeadSource.objects.get(name="Zillow").pk, "type": "Buyer", "city": "Irvine"}
    paul = api(alice).made("/contacts", {"first_name": "Paul", "mobile_phone": "949 555 0151"})
    lead = over_http(url, alice, wanted | {"contact_id": paul["id"], "listing_price": "$800,000"})
    run_due(clock.now())
    first, second = LeadOffer.objects.filter(lead_id=lead["id"]).order_by("position")
    assert (first.user, second.user, (second.notify_at - first.notify_at).total_seconds()) == (bob, dana, 300)
    alerts = Message.objects.filter(user=bob, purpose="alert", body__contains="Paul").values_list("channel", flat=True)
    assert sorted(alerts) == ["email", "text"]
    assert Lead.objects.get(pk=lead["id"]).team == team
