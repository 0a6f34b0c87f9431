"""Texting and emailing a client at a real browser: on a desk and on a phone."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from crm.models import Contact
from leads.models import Lead, LeadSource
from messaging.models import Message, PhoneNumber
from teams.models import User
from tests.admin import test_team_and_route
from tests.admin.browser import Screen
from tests.leads.conftest import NOON, clock

pytestmark = test_team_and_route.pytestmark
page, clock = test_team_and_route.page, clock


@pytest.fixture
def mary(bob: User, settings: Any, clock: Any) -> Contact:
    """Bob's client, who has written."""
    settings.TEXTS_TO_UNKNOWN_CONSENT = "allow"
    bob.system_phone = PhoneNumber.objects.create(number="+19495550150", user=bob).number
    bob.save()
    mary = Contact.objects.create(
        owner_user=bob, first_name="Mary", last_name="Jackson", mobile_phone="949 555 0151", email="mary@example.com"
    )
    Message.objects.create(
        channel="text", purpose="inbound", status="received", contact=mary, user=bob, sender=mary.mobile_e164,
        recipient=bob.system_phone, body="Is the house in Irvine still for sale?",
    )  # fmt: skip
    return mary


@pytest.mark.parametrize(("name", "width"), [("desk", 1280), ("phone", 390)])
def test_an_agent_answers_a_client(
    page: Page, live_server: Any, bob: User, mary: Contact, clock: Any, tmp_path: Path, name: str, width: int
):
    screen = Screen(page, tmp_path, name, width)
    test_team_and_route.log_in(page, live_server.url, bob)
    page.goto(f"{live_server.url}/admin/crm/contact/{mary.pk}/change/")
    screen.press("sms Text")
    page.wait_for_selector("text=It is sent immediately, to +19495550151")
    screen.shoot("1-text")
    page.fill("#id_body", "It is, {{first_name}}. {{company}}")
    page.click(".hand [type=submit]")
    page.wait_for_selector("text=cannot be filled in")
    screen.shoot("2-refused")
    page.fill("#id_body", "It is, {{first_name}}. Shall I show it to you?")
    page.click(".hand [type=submit]")
    page.wait_for_selector("text=It is, Mary. Shall I show it to you?")
    screen.shoot("3-sent")

    page.click("text=Call instead")
    page.wait_for_selector("text=Press 1 to call Mary Jackson at +19495550151")
    page.click(".hand [type=submit]")
    page.wait_for_selector(f"text=Your phone {bob.phone_e164} rings.")
    screen.shoot("call")

    clock.advance(hours=10)
    lead = Lead.objects.create(
        owner_user=bob, contact=mary, source=LeadSource.objects.get_or_create(name="Zillow")[0], created_at=NOON
    )
    page.goto(f"{live_server.url}/admin/leads/lead/{lead.pk}/change/")
    screen.press("sms Text")
    page.wait_for_selector("text=It is night in the time zone of Mary Jackson")
    page.fill("#id_body", "Good night")
    page.click(".hand [type=submit]")
    page.wait_for_selector("text=The text will be sent in the morning.")
    screen.shoot("4-night")
    page.click("text=Email instead")
    page.wait_for_selector("text=It is sent immediately, to mary@example.com, in your name.")
    screen.shoot("5-email")

    mary.is_do_not_contact = True
    mary.save()
    page.reload()
    page.wait_for_selector("text=It cannot be sent. The contact is marked do-not-contact.")
    screen.shoot("6-not")
