"""The buttons that send a test alert, at a real browser."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from messaging.models import Message
from teams.models import Team, TeamMemberDistributionOption, User
from tests.admin import test_team_and_route

pytestmark = test_team_and_route.pytestmark
page = test_team_and_route.page


def test_an_agent_tries_from_a_phone_whether_alerts_arrive(
    page: Page, live_server: Any, bob: User, team: Team, tmp_path: Path
):
    TeamMemberDistributionOption.objects.create(team=team, user=bob, has_text_alert=True)
    page.set_viewport_size({"width": 390, "height": 844})
    test_team_and_route.log_in(page, live_server.url, bob)
    page.goto(f"{live_server.url}/admin/leads/leadoffer/test-alert/")
    page.screenshot(path=tmp_path / "before.png", full_page=True)

    page.click("text=Send me a test alert")

    page.wait_for_selector("text=A test alert is on its way by text.")
    page.screenshot(path=tmp_path / "after.png", full_page=True)
    assert Message.objects.get(user=bob).recipient == bob.phone_e164
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_agent_pauses_from_a_phone(page: Page, live_server: Any, bob: User, team: Team, tmp_path: Path):
    TeamMemberDistributionOption.objects.create(team=team, user=bob, rank=1, has_email_alert=True, cap_open=3)
    page.set_viewport_size({"width": 390, "height": 844})
    test_team_and_route.log_in(page, live_server.url, bob)
    page.goto(f"{live_server.url}/admin/leads/leadoffer/test-alert/")
    page.click("text=Until tomorrow morning")
    page.wait_for_selector("text=You get no leads until")
    page.screenshot(path=tmp_path / "paused-phone.png", full_page=True)
    bob.refresh_from_db()
    assert bob.paused_until is not None

    page.click("text=Resume now")
    page.wait_for_selector("text=You get leads.")
    page.fill("#id_working_hours", "weekdays")
    page.click("[name=_save]")
    page.wait_for_selector(".errorlist >> text=not a day of the week")
    page.fill("#id_working_hours", "Mon-Fri 9-17")
    page.click("[name=_save]")
    page.wait_for_selector("text=Saved.")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.screenshot(path=tmp_path / "saved-desk.png", full_page=True)
    bob.refresh_from_db()
    assert (bob.paused_until, bob.working_hours) == (None, "Mon-Fri 9-17")


def test_a_team_lead_tries_whether_a_member_is_told(
    page: Page, live_server: Any, alice: User, bob: User, team: Team, tmp_path: Path
):
    option = TeamMemberDistributionOption.objects.create(team=team, user=bob, has_text_alert=True)
    test_team_and_route.log_in(page, live_server.url, alice)
    page.goto(f"{live_server.url}/admin/teams/teammemberdistributionoption/{option.pk}/change/")

    page.click("text=Send a test alert >> visible=true")

    page.wait_for_selector("text=A test alert is on its way by text.")
    page.screenshot(path=tmp_path / "option.png")
    assert Message.objects.filter(user=bob).count() == 1
