"""Whoever looks at the admin changes nothing: no page of it writes when it is opened, whatever its address asks for."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from campaigns.models import Campaign
from leads.models import Lead, LeadOffer, LeadRoute, LeadSource
from teams.models import Team, TeamMemberDistributionOption, User
from tests.leads.conftest import SEEDED

WRITES = re.compile(r'^\s*(?:WITH\b.*)?(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE | re.DOTALL)
# What buttons send by POST.
PRESSED = {
    "_save": "Save", "_simulate": "Rehearse", "up": "", "down": "", "pause": "monday", "post": "yes", "index": "0",
    "action": "claim", "_selected_action": "1", "user": "1", "lead": "1", "status": "Claimed", "_popup": "1",
}  # fmt: skip


@pytest.fixture
def desk(api: Any, alice: User, bob: User, team: Team) -> Client:
    """Alice, an operator, whose team has been offered a lead; in a round robin, which keeps places."""
    LeadSource.objects.bulk_create((LeadSource(pk=pk, name=name) for pk, name in SEEDED.items()), ignore_conflicts=True)
    Team.objects.update(order_method="Round Robin", fallback_target="Pond")
    TeamMemberDistributionOption.objects.create(team=team, user=bob, has_email_alert=True)
    campaign = Campaign.objects.create(owner_user=alice, name="Buyer Drip")
    LeadRoute.objects.create(
        owner_user=alice, lead_source_id=1, campaign=campaign, is_automatic=True, team=team,
        distribution_target="Team Rollout", team_selection_method="Specific Team",
    )  # fmt: skip
    mary = api(alice).made("/contacts", {"first_name": "Mary", "mobile_phone": "949 555 0150"})
    for _ in range(2):
        api(alice).made("/leads", {"contact_id": mary["id"], "source_id": 1, "type": "Buyer"})
    api(alice).made(f"/contacts/{mary['id']}/activities", {"kind": "Call"})
    api(alice).made("/tasks", {"description": "Call", "action_type": "None", "contact_id": mary["id"]})
    api(alice).made("/contact-sources", {"name": "Friends"})
    alice.is_staff = True
    alice.save()
    client = Client()
    client.force_login(alice)
    return client


def addresses(patterns: Any, before: str = "/admin/") -> Iterator[str]:
    """Every address of the admin, with ids of records that there are."""
    for each in patterns:
        path = before + str(each.pattern).removeprefix("^").removesuffix("$")
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, path)
        elif isinstance(each, URLPattern) and "(" not in path:
            yield filled(path)


def filled(path: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(an_id(found[1], path)), path)


def an_id(name: str, path: str) -> int:
    """Of a record such as the address is about."""
    named = {"lead_id": Lead, "route_id": LeadRoute, "option_id": TeamMemberDistributionOption}
    app, model_name = path.removeprefix("/admin/").split("/")[:2]
    model: Any = named.get(name) or (apps.get_model(app, model_name) if app in apps.app_configs else None)
    record = model._default_manager.order_by("pk").first() if model else None
    return record.pk if record else 1


def writes(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert answer.status_code < 500, address
    found = (WRITES.match(query["sql"]) for query in asked)
    return [f"{match[1]} {match[2]}" for match in found if match and match[2] != "django_session"]


def all_addresses() -> list[str]:
    (resolver,) = (each for each in get_resolver().url_patterns if getattr(each, "app_name", "") == "admin")
    return sorted(set(addresses(resolver.url_patterns)))


def test_no_page_of_the_admin_writes_when_it_is_opened(desk: Client):
    found = all_addresses()
    written = {address: made for address in found if (made := writes(desk, address))}

    assert written == {}
    assert len(found) > 100
    for page in ("reassign", "return", "merge"):
        assert f"/admin/leads/lead/{Lead.objects.order_by('pk')[0].pk}/{page}/" in found


def test_nor_by_what_its_address_asks_for(desk: Client):
    pressed = urlencode(PRESSED | {"_selected_action": LeadOffer.objects.order_by("pk")[0].pk})

    assert {address: made for address in all_addresses() if (made := writes(desk, f"{address}?{pressed}"))} == {}


def test_it_would_be_noticed(desk: Client, monkeypatch: pytest.MonkeyPatch):
    """The walk opens pages that exist: here one that writes."""

    def careless(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        Lead.objects.update(city="Orange")
        return original(self, request, *args, **kwargs)

    shown = type(admin.site._registry[Lead])
    original = shown.render_change_form
    monkeypatch.setattr(shown, "render_change_form", careless)

    first = Lead.objects.order_by("pk")[0].pk
    assert writes(desk, f"/admin/leads/lead/{first}/change/") == ["UPDATE leads_lead"]
