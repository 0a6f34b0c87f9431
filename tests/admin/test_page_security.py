"""What browsers may do with the pages, as headers and at a real browser: no inline script, nothing from outside."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from core import clock
from crm.models import Contact
from leads.models import Lead, LeadOffer
from leads.notifications import claim_links
from oauth.explorer import register_explorer
from oauth.tokens import create_application
from teams.models import Team, User
from tests.admin import test_team_and_route

needs_chromium = test_team_and_route.pytestmark[0]
page = test_team_and_route.page


@pytest.fixture
def offer(alice: User, bob: User, team: Team) -> LeadOffer:
    """Bob was alerted to a lead of Mary's."""
    mary = Contact.objects.create(owner_user=alice, first_name="Mary", mobile_phone="+1 949 555 0150")
    lead = Lead.objects.create(owner_user=alice, contact=mary, team=team, distribution_target="Team Rollout")
    return LeadOffer.objects.create(
        lead=lead,
        team=team,
        user=bob,
        position=0,
        notify_at=clock.now(),
        alerted_at=clock.now(),
        status=LeadOffer.Status.SENT,
    )


def path_of(offer: LeadOffer) -> str:
    return "/c/" + claim_links.claim_link(offer.pk, "Text").rpartition("/c/")[2]


def directives(policy: str) -> dict[str, set[str]]:
    parts = [directive.split() for directive in policy.split("; ")]
    return {name: set(sources) for name, *sources in parts}


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/leads/lead/",
        "/admin/password_change/",
        "/admin/login/",
        "/admin/none",
        "/oauth2/authorize",
        "/oauth2/authorize?client_id=none",
        "/docs",
        "/c/none",
    ],
)
@pytest.mark.parametrize("who", ["alice", "no one"])
def test_every_page_forbids_what_it_does_not_need_and_is_kept_by_no_cache(alice: User, path: str, who: str):
    client = Client()
    if who == "alice":
        client.force_login(alice)
    answer = client.get(path)
    policy = directives(answer["Content-Security-Policy"])
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == {"'none'"}
    assert "'unsafe-inline'" not in policy.get("script-src", set())
    assert path.startswith("/admin/") or "'unsafe-inline'" not in policy["style-src"]
    assert all(source.startswith("'") or source == "data:" for sources in policy.values() for source in sources)
    assert "no-store" in answer["Cache-Control"]


def test_the_claim_page_runs_no_script(offer: LeadOffer):
    answer = Client().get(path_of(offer))
    assert answer.status_code == 200
    policy = directives(answer["Content-Security-Policy"])
    assert "script-src" not in policy
    assert policy["form-action"] == {"'self'"}
    assert "<style" not in answer.text


def test_a_page_for_a_refused_form_has_a_policy(alice: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    for path in ("/oauth2/authorize", "/admin/login/"):
        answer = client.post(path, {"allow": "true"})
        assert answer.status_code == 403
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "<style" not in answer.text


def test_answers_of_the_api_carry_no_policy(api: Any, alice: User):
    assert "Content-Security-Policy" not in api(alice).get("/contacts").headers


@needs_chromium
@pytest.mark.django_db(transaction=True)
def test_no_page_of_the_admin_does_what_its_policy_forbids(page: Page, live_server: Any, alice: User, offer: LeadOffer):
    """The fixture of the page fails if one does."""
    test_team_and_route.log_in(page, live_server.url, alice)
    lead = offer.lead
    paths = [reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist") for model in admin.site._registry]
    paths += [path + "add/" for path in paths]
    paths += [f"/admin/leads/lead/{lead.pk}/change/", f"/admin/crm/contact/{lead.contact_id}/change/"]
    paths += [f"/admin/teams/team/{offer.team_id}/change/", f"/admin/teams/user/{alice.pk}/change/"]
    paths += [reverse("admin:password_change"), reverse("admin:leads_test_alert"), "/admin/none"]
    for path in paths:
        page.goto(live_server.url + path)
    page.goto(f"{live_server.url}/admin/leads/lead/{lead.pk}/change/")
    assert page.evaluate("getComputedStyle(document.querySelector('.state')).borderTopWidth") == "1px"


@needs_chromium
@pytest.mark.django_db(transaction=True)
def test_a_lead_is_claimed_on_a_styled_page(page: Page, live_server: Any, offer: LeadOffer):
    page.goto(live_server.url + path_of(offer))
    assert page.evaluate("getComputedStyle(document.querySelector('button.main')).color") == "rgb(255, 255, 255)"
    page.click("button.main")
    page.wait_for_selector("text=The lead is yours")


@needs_chromium
@pytest.mark.django_db(transaction=True)
def test_alice_logs_in_to_the_explorer_and_lists_her_contacts(page: Page, live_server: Any, alice: User, settings: Any):
    settings.PUBLIC_URL = live_server.url
    register_explorer()
    alice.set_password("a long pass phrase")
    alice.save()
    Contact.objects.create(owner_user=alice, first_name="Mary", email="mary@example.com")

    page.goto(f"{live_server.url}/docs")
    page.click("button.authorize")
    with page.expect_popup() as opened:
        page.click(".auth-container:has-text('authorizationCode') button.authorize")
    popup = opened.value
    popup.fill("input[name=username]", alice.email)
    popup.fill("input[name=password]", "a long pass phrase")
    popup.click("[type=submit]")
    popup.click("[name=allow]")
    page.wait_for_selector(".auth-container:has-text('authorizationCode') button:has-text('Logout')")
    page.click(".btn-done")

    page.click("h3[data-tag=Contacts]")
    page.click("#operations-Contacts-contacts_list button.opblock-summary-control")
    page.click("#operations-Contacts-contacts_list button.try-out__btn")
    page.fill("#operations-Contacts-contacts_list tr[data-param-name=operators] textarea", '{"email[$like]": "mary%"}')
    page.click("#operations-Contacts-contacts_list button.execute")
    body = page.wait_for_selector("#operations-Contacts-contacts_list .live-responses-table .microlight")
    assert '"total": 1' in body.inner_text()


@needs_chromium
@pytest.mark.django_db(transaction=True)
def test_consent_and_log_in_lead_back_to_a_program_elsewhere(page: Page, live_server: Any, alice: User):
    """Browsers apply `form-action` to the redirects after a form, too."""
    back = live_server.url.replace("localhost", "127.0.0.1") + "/healthz"
    client_id, _ = create_application("Program", back)
    alice.set_password("a long pass phrase")
    alice.save()
    asked = {"client_id": client_id, "redirect_uri": back, "response_type": "code"}

    def log_in() -> None:
        page.fill("#id_username", alice.email)
        page.fill("#id_password", "a long pass phrase")
        page.click("button[type=submit]")

    page.goto(f"{live_server.url}/oauth2/authorize?{urlencode(asked)}")
    log_in()
    page.click("button[name=allow]")
    page.wait_for_url(back + "?code=*")

    page.context.clear_cookies()
    page.goto(f"{live_server.url}/oauth2/authorize?{urlencode(asked | {'response_type': 'token'})}")
    log_in()
    page.wait_for_url(back + "*error=unauthorized_client*")
