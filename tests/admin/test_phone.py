"""An agent confirms their phone, at a real browser."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from messaging.models import Message
from teams.models import User
from tests.admin import test_team_and_route
from tests.admin.browser import Screen

pytestmark = test_team_and_route.pytestmark
page = test_team_and_route.page


@pytest.mark.parametrize(("name", "width"), [("desk", 1280), ("phone", 390)])
def test_an_agent_confirms_their_phone(page: Page, live_server: Any, bob: User, tmp_path: Path, name: str, width: int):
    screen = Screen(page, tmp_path, name, width)
    test_team_and_route.log_in(page, live_server.url, bob)
    page.goto(f"{live_server.url}/admin/leads/leadoffer/test-alert/")
    page.fill("#id_phone", "949 555 0177")
    page.click("[name=_save]")
    page.wait_for_selector("text=Confirm your phone")
    page.wait_for_selector("text=the phone number is not confirmed")
    screen.shoot("unconfirmed")

    page.click("text=Text me a code")
    page.wait_for_selector("text=A code is on its way to +19495550177.")
    screen.shoot("code")
    code = Message.objects.get(user=bob, purpose="code").body[:6]
    page.fill("#id_code", f"{(int(code) + 1) % 1_000_000:06}")
    page.click("[name=confirm]")
    page.wait_for_selector(".errorlist >> text=Tries left: 4")
    screen.shoot("wrong")
    page.fill("#id_code", code)
    page.click("[name=confirm]")

    page.wait_for_selector("text=Your phone is confirmed.")
    screen.shoot("confirmed")
    assert not page.is_visible("text=Confirm your phone")
    bob.refresh_from_db()
    assert bob.confirmed_phone == "+19495550177"
