"""A team lead at a real browser: log in, set up a team and a route, read what is refused."""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from campaigns.models import Campaign
from core import clock
from crm.models import Contact
from leads.models import Lead, LeadOffer, LeadRoute, LeadSource
from teams.models import Team, User
from tests.client import Api
from tests.conftest import make_user

CHROMIUM = shutil.which("chromium")
# As root there is no sandbox to be had, and nothing here leaves the machine.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
VIOLATION = "Content Security Policy"
REPORT_VIOLATIONS = f"""document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`{VIOLATION}: ${{event.effectiveDirective}} ${{event.blockedURI}} in ${{document.URL}}`))"""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A browser's page, which meets nothing that its policy forbids.

    Playwright's loop runs in this thread, where Django would refuse its ORM.
    """
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        violations: list[str] = []
        page.add_init_script(REPORT_VIOLATIONS)
        page.on("console", lambda message: violations.append(message.text) if VIOLATION in message.text else None)
        yield page
        browser.close()
    assert violations == []


def log_in(page: Page, url: str, user: User) -> None:
    user.set_password("a long pass phrase")
    user.save()
    page.goto(f"{url}/admin/")
    page.fill("#id_username", user.email)
    page.fill("#id_password", "a long pass phrase")
    page.click("button[type=submit]")
    page.wait_for_url(f"{url}/admin/")


def test_a_team_lead_forms_a_team_and_routes_leads_to_it(page: Page, live_server: Any, alice: User, tmp_path: Path):
    LeadSource.objects.get_or_create(name="Zillow")
    Campaign.objects.create(owner_user=alice, name="Buyer Drip")
    log_in(page, live_server.url, alice)
    page.screenshot(path=tmp_path / "1-home.png")

    page.goto(f"{live_server.url}/admin/teams/team/add/")
    page.fill("#id_name", "Pride")
    page.fill("#id_distribution_zipcodes", "nowhere")
    page.click("[name=_save]")
    assert "which is not a ZIP code" in page.inner_text("#team_form")
    page.screenshot(path=tmp_path / "2-refused.png")
    page.fill("#id_distribution_zipcodes", "92618")
    page.click("[name=_save]")
    page.wait_for_url("**/admin/teams/team/*/change/")
    team = Team.objects.get(creator=alice)

    page.goto(f"{live_server.url}/admin/leads/leadroute/add/")
    page.select_option("#id_lead_source", label="Zillow")
    page.select_option("#id_distribution_target", "Team Rollout")
    page.select_option("#id_team_selection_method", "Specific Team")
    page.select_option("#id_team", str(team.pk))
    page.select_option("#id_campaign", label="Buyer Drip")
    page.screenshot(path=tmp_path / "3-route.png", full_page=True)
    page.click("[name=_save]")
    page.wait_for_url("**/admin/leads/leadroute/#*")
    page.screenshot(path=tmp_path / "4-routes.png")
    assert LeadRoute.objects.get(owner_user=alice).team == team


def test_a_team_lead_looks_at_the_report_from_a_phone(
    page: Page, live_server: Any, alice: User, team: Team, tmp_path: Path
):
    """Made wide by somebody's long name and by a week of leads, it is still no wider than the phone."""
    contact = Contact.objects.create(owner_user=alice, first_name="Mary")
    wilhelmina = make_user("Wilhelmina-" * 20, "0115")
    for days in range(7):
        at = clock.now() - timedelta(days=days, minutes=5)
        lead = Lead.objects.create(
            owner_user=alice,
            contact=contact,
            team=team,
            created_at=at,
            claimed_at=at + timedelta(seconds=90),
            claimed_by_user=wilhelmina,
        )
        LeadOffer.objects.create(
            lead=lead, team=team, user=wilhelmina, position=0, notify_at=at, alerted_at=at, status="Claimed"
        )
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, live_server.url, alice)

    page.goto(f"{live_server.url}/admin/teams/team/{team.pk}/change/")
    page.click("text=more_horiz >> visible=true")
    page.click("#main >> text=Distribution report >> visible=true")
    page.wait_for_url("**/admin/leads/distributionreport/**")
    page.screenshot(path=tmp_path / "report.png", full_page=True)

    assert page.locator("svg[role=img]").count() == 3
    assert "1 min 30 s" in page.inner_text(".metrics")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("name", "width"), [("desk", 1280), ("phone", 390)])
def test_a_team_lead_sees_that_turns_are_fair(
    page: Page, live_server: Any, alice: User, bob: User, dana: User, team: Team, tmp_path: Path, name: str, width: int
):
    Team.objects.update(order_method="Round Robin")
    for user, weight in ((bob, 2), (dana, 1), (alice, 1)):
        team.distribution_options.create(user=user, weight=weight, has_email_alert=True)
    contact = Contact.objects.create(owner_user=alice, first_name="Mary")
    leads = [
        Lead.objects.create(owner_user=alice, contact=contact, team=team, distribution_target="Team Rollout")
        for _ in range(7)
    ]
    for lead in leads:
        answer = Api(alice).post(f"/leads/{lead.pk}/offers", {})
        assert answer.status_code == 201, answer.content
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, live_server.url, alice)

    page.goto(f"{live_server.url}/admin/leads/distributionreport/{team.pk}/change/")
    page.screenshot(path=tmp_path / f"fair-{name}.png", full_page=True)

    assert "The largest deviation from a share is" in page.inner_text("section:has(#fairness)")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_nothing_of_the_admin_is_loaded_from_elsewhere(page: Page, live_server: Any, alice: User):
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if live_server.url not in request.url else None)
    log_in(page, live_server.url, alice)
    assert [url for url in elsewhere if not url.startswith("data:")] == []
