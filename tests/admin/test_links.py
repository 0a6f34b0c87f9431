"""Every link that a page of the admin shows can be opened by the user who sees it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib import admin
from django.contrib.admin.models import ADDITION, LogEntry
from django.test import Client

from campaigns.models import Campaign
from leads.models import LeadRoute, LeadSource
from teams.models import Application, Team, TeamMember, TeamMemberDistributionOption, User
from tests.leads.conftest import SEEDED

HREF = re.compile(r"""<a\b[^>]*?\shref=["']([^"']*)["']""", re.DOTALL)


@dataclass
class Crawl:
    """Opens every page that can be reached by links from `/admin/`."""

    browser: Client
    pages: dict[str, str] = field(default_factory=dict)  # address -> the page that links to it
    broken: list[str] = field(default_factory=list)

    def run(self) -> None:
        self.pages = {"/admin/": ""}
        waiting = ["/admin/"]
        while waiting:
            address = waiting.pop()
            for link in self.links_of(address):
                if link not in self.pages:
                    self.pages[link] = address
                    waiting.append(link)

    def links_of(self, address: str) -> Iterable[str]:
        answer = self.browser.get(address)
        # A record that the user cannot see is answered by a redirect to the index, with a warning.
        if answer.status_code >= 400 or answer.headers.get("Location", "").startswith("/admin/login"):
            self.broken.append(f"{address} ({answer.status_code}), on {self.pages[address]}")
        if answer.headers.get("Location") == "/admin/":
            self.broken.append(f"{address} leads back to the index, on {self.pages[address]}")
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        # A sorted or filtered list has the links of the list again, each with one more parameter.
        if not is_page or "?" in address or not address.startswith("/admin/"):
            return []
        found = (urljoin(address, unescape(link)) for link in HREF.findall(answer.content.decode()))
        return [link.partition("#")[0] for link in found if is_ours(link)]


def is_ours(link: str) -> bool:
    parts = urlsplit(link)
    return not parts.scheme and not parts.netloc and not parts.path.startswith("/static/")


@pytest.fixture
def office(api: Any, alice: User, bob: User, dana: User, team: Team) -> Team:
    """Alice's team at work, with a record of every kind that bob and alice see or nearly see."""
    LeadSource.objects.bulk_create((LeadSource(pk=pk, name=name) for pk, name in SEEDED.items()), ignore_conflicts=True)
    Team.objects.update(order_method="Round Robin", fallback_target="Pond")
    for user in (bob, dana):
        TeamMemberDistributionOption.objects.create(team=team, user=user, has_email_alert=True)
    TeamMember.objects.filter(user=dana).update(request_status="Pending")
    campaign = Campaign.objects.create(owner_user=alice, name="Buyer Drip")
    LeadRoute.objects.create(
        owner_user=alice, lead_source_id=1, campaign=campaign, is_automatic=True, team=team,
        distribution_target="Team Rollout", team_selection_method="Specific Team",
    )  # fmt: skip
    for user in (alice, bob):
        mary = api(user).made("/contacts", {"first_name": "Mary", "mobile_phone": "949 555 0150", "tags": "Buyer"})
        for source in (1, 3):
            api(user).made("/leads", {"contact_id": mary["id"], "source_id": source, "type": "Buyer"})
        api(user).made(f"/contacts/{mary['id']}/activities", {"kind": "Call"})
        api(user).made("/tasks", {"description": "Call", "action_type": "None", "contact_id": mary["id"]})
        for path in ("/contact-sources", "/hotnesses"):
            api(user).post(path, {"name": "Friends"})
        folder = api(user).made("/template-folders", {"name": "Welcome"})
        template = {"template_folder_id": folder["id"], "template_type": "Text", "subject": "Hello", "body": "Hello"}
        api(user).made("/templates", template)
        drip = api(user).made("/campaigns", {"name": "Drip"})
        api(user).post(f"/campaigns/{drip['id']}/contacts", {"contact_id": mary["id"]})
        Application.objects.create(
            name="Form plugin", user=user, redirect_uris="https://plugin.example.com/callback",
            client_type="confidential", authorization_grant_type="authorization-code",
        )  # fmt: skip
        for model in (Application, Team, User):
            LogEntry.objects.log_actions(user.pk, model._default_manager.all(), ADDITION, change_message="[]")
    return team


@pytest.mark.parametrize("name", ["bob", "alice", "charlie"])
@pytest.mark.parametrize("is_staff", [False, True])
def test_every_link_that_is_shown_can_be_opened(office: Team, charlie: User, name: str, is_staff: bool):
    user = User.objects.get(email=f"{name}@example.com")
    user.is_staff = is_staff
    user.save()
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    crawl = Crawl(browser)

    crawl.run()

    assert "\n".join(crawl.broken) == ""
    lists = {f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry}
    assert len(lists & set(crawl.pages)) > (25 if is_staff else 20)
