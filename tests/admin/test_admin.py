"""What agents and team leads do in the admin: the API's rules, as forms."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, CampaignAction, Task
from crm.models import Contact
from leads.models import Lead, LeadOffer, LeadRoute, LeadSource, RoutingTrace
from teams.models import Application, PhoneCode, Team, TeamMember, TeamMemberDistributionOption, User

OURS = ("teams", "crm", "messaging", "campaigns", "leads")
DeskOf = Callable[[User], Client]


@pytest.fixture
def desk() -> DeskOf:
    """`desk(alice)` is a browser in which alice is logged in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def zillow(db: None) -> LeadSource:
    """Seeded by a migration, and emptied by tests that commit."""
    return LeadSource.objects.get_or_create(name="Zillow")[0]


def add(client: Client, model: Any, **typed: Any) -> Any:
    """Fill in and send the form for a new record."""
    return client.post(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"), typed)


def change(client: Client, record: Any, **typed: Any) -> Any:
    meta = record._meta
    return client.post(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk]), typed)


def listed(client: Client, model: Any) -> str:
    meta = model._meta
    answer = client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_every_model_is_in_the_admin():
    models = {model for model in apps.get_models() if model._meta.app_label in OURS} - {PhoneCode}  # a secret
    assert [model for model in models if not admin.site.is_registered(model)] == []


def test_every_list_and_form_opens(alice: User, team: Team, desk: DeskOf):
    alice.is_staff = True
    alice.save()
    browser = desk(alice)
    for model, shown in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert browser.get(reverse(f"{name}_changelist")).status_code == 200, model
        can_add = shown.has_add_permission(type("Request", (), {"user": alice})())
        assert browser.get(reverse(f"{name}_add")).status_code == (200 if can_add else 403), model


def test_an_agent_who_is_not_staff_logs_in_by_email(bob: User):
    browser = Client()
    bob.set_password("a long pass phrase")
    bob.save()
    sent = browser.post(reverse("admin:login"), {"username": "BOB@example.com", "password": "a long pass phrase"})
    assert sent["Location"] == reverse("admin:index")  # a log-in page opened by itself names nowhere else to go
    assert browser.get(reverse("admin:index")).status_code == 200


def test_nobody_enters_without_logging_in(bob: User):
    answer = Client().get(reverse("admin:index"))
    assert answer.status_code == 302
    assert "login" in answer["Location"]


def test_a_deactivated_user_does_not_enter(bob: User, desk: DeskOf):
    bob.is_active = False
    bob.save()
    assert desk(bob).get(reverse("admin:index")).status_code == 302


def test_operators_things_are_hidden_from_agents(bob: User, desk: DeskOf):
    browser = desk(bob)
    for name in ("teams_user", "messaging_phonenumber", "messaging_consent", "leads_leadsource"):
        assert browser.get(reverse(f"admin:{name}_changelist")).status_code == 403


def test_a_refusal_is_one_line_in_the_log(bob: User, desk: DeskOf, caplog: pytest.LogCaptureFixture):
    desk(bob).get(reverse("admin:teams_user_changelist"))
    (refused,) = [record for record in caplog.records if record.name == "django.request"]
    assert (refused.getMessage(), refused.exc_info) == ("Forbidden (Permission denied): /admin/teams/user/", None)


def test_lists_show_what_the_api_shows(alice: User, bob: User, charlie: User, team: Team, desk: DeskOf):
    Contact.objects.create(owner_user=bob, first_name="Paula")
    theirs = Contact.objects.create(owner_user=charlie, first_name="Quentin")
    browser = desk(alice)
    shown = listed(browser, Contact)
    assert "Paula" in shown
    assert "Quentin" not in shown
    assert browser.get(reverse("admin:crm_contact_change", args=[theirs.pk])).status_code == 302


def test_a_team_lead_sets_up_distribution_without_being_staff(alice: User, bob: User, zillow: LeadSource, desk: DeskOf):
    browser = desk(alice)
    add(browser, Team, name="Pride", order_method="Rank", mins_until_next_alert="5", distribution_zipcodes="92618")
    team = Team.objects.get(creator=alice)
    add(browser, TeamMember, team=team.pk, email="bob@example.com")
    invitation = TeamMember.objects.get(team=team, user=bob)
    assert invitation.request_status == "Pending"
    change(desk(bob), invitation, request_status="Accepted")
    add(browser, TeamMemberDistributionOption, team=team.pk, user=bob.pk, rank="1", has_text_alert="on")
    add(browser, Campaign, name="Buyer Drip")
    campaign = Campaign.objects.get(owner_user=alice)
    route = {"lead_source": zillow.pk, "distribution_target": "Team Rollout", "team_selection_method": "Specific Team"}
    answer = add(browser, LeadRoute, **route, team=team.pk, campaign=campaign.pk, filter="Buyer")
    assert answer.status_code == 302
    assert team.memberships.get(user=alice).request_status == "Accepted"
    assert TeamMemberDistributionOption.objects.get(user=bob).has_text_alert
    assert LeadRoute.objects.get(owner_user=alice).team == team


def test_the_apis_refusal_stands_beside_the_field(alice: User, desk: DeskOf):
    Team.objects.create(creator=alice, name="Coast", distribution_zipcodes="92618")
    answer = add(desk(alice), Team, name="Inland", order_method="Rank", distribution_zipcodes="92618, 92620")
    assert answer.status_code == 200
    assert "your team Coast already serves 92618" in answer.content.decode()
    assert Team.objects.count() == 1


def test_a_route_that_lacks_its_team_is_refused_at_the_team(alice: User, zillow: LeadSource, desk: DeskOf):
    campaign = Campaign.objects.create(owner_user=alice, name="Buyer Drip")
    route = {"lead_source": zillow.pk, "distribution_target": "Team Rollout", "team_selection_method": "Specific Team"}
    answer = add(desk(alice), LeadRoute, **route, campaign=campaign.pk)
    assert "team_id is required" in answer.context["adminform"].form.errors["team"][0]
    assert not LeadRoute.objects.exists()


def test_an_action_is_timed_as_the_api_would_have_it(alice: User, desk: DeskOf):
    campaign = Campaign.objects.create(owner_user=alice, name="Buyer Drip")
    browser = desk(alice)
    task = {"campaign": campaign.pk, "type": "Agent Task - No Reminder", "timing_type": "Delay by Day and Time"}
    task |= {"trigger_type": "1"}
    assert "dispatch_time" in add(browser, CampaignAction, **task, delay_by_days="1").context["adminform"].form.errors
    add(browser, CampaignAction, **task, delay_by_days="1", dispatch_time="09:30")
    action = CampaignAction.objects.get()
    assert action.dispatch_time.isoformat() == "09:30:00"
    change(browser, action, **task, delay_by_days="2", dispatch_time="09:30")
    action.refresh_from_db()
    assert action.delay_by_days == 2


def test_a_change_writes_only_what_was_changed(alice: User, desk: DeskOf):
    contact = Contact.objects.create(owner_user=alice, first_name="Paula", mobile_phone="(949) 555-0123")
    change(desk(alice), contact, first_name="Paulina", mobile_phone="(949) 555-0123")
    contact.refresh_from_db()
    assert (contact.first_name, contact.mobile_e164) == ("Paulina", "+19495550123")
    assert contact.owner_user == alice


def test_a_lead_typed_in_is_distributed_without_being_asked(
    alice: User, bob: User, team: Team, zillow: LeadSource, desk: DeskOf
):
    TeamMemberDistributionOption.objects.create(team=team, user=bob, rank=1, has_email_alert=True)
    campaign = Campaign.objects.create(owner_user=alice, name="Buyer Drip")
    rollout = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team"}
    LeadRoute.objects.create(owner_user=alice, lead_source=zillow, campaign=campaign, team=team, **rollout)
    contact = Contact.objects.create(owner_user=alice, first_name="Paula")
    add(desk(alice), Lead, contact=contact.pk, source=zillow.pk, type="Buyer")
    assert LeadOffer.objects.get().user == bob
    assert contact.enrolments.count() == 1
    assert RoutingTrace.objects.count() == 1


def test_what_others_need_is_not_deleted(alice: User, zillow: LeadSource, desk: DeskOf):
    campaign = Campaign.objects.create(owner_user=alice, name="Buyer Drip")
    LeadRoute.objects.create(owner_user=alice, lead_source=zillow, campaign=campaign, distribution_target="Myself")
    desk(alice).post(reverse("admin:campaigns_campaign_delete", args=[campaign.pk]), {"post": "yes"})
    assert Campaign.objects.filter(pk=campaign.pk).exists()


def test_a_contact_is_removed_with_all_that_hangs_below_it(alice: User, zillow: LeadSource, desk: DeskOf):
    contact = Contact.objects.create(owner_user=alice, first_name="Paula")
    add(desk(alice), Lead, contact=contact.pk, source=zillow.pk, type="Buyer")

    desk(alice).post(reverse("admin:crm_contact_delete", args=[contact.pk]), {"post": "yes"})

    assert not Contact.objects.exists()
    assert not Lead.objects.exists()


def test_only_its_owner_removes_a_contact_nor_learns_what_hangs_below_it(
    alice: User, bob: User, team: Team, desk: DeskOf
):
    contact = Contact.objects.create(owner_user=alice, first_name="Paula")
    Task.objects.create(owner_user=alice, contact=contact, description="Ask about the divorce", action_type="None")
    chosen = {"action": "delete_selected", "_selected_action": [contact.pk]}

    asked = desk(bob).post(reverse("admin:crm_contact_changelist"), chosen)
    desk(bob).post(reverse("admin:crm_contact_changelist"), chosen | {"post": "yes"})

    assert "divorce" not in asked.content.decode()
    assert Contact.objects.exists()


@pytest.mark.parametrize("model", [Lead, Task])
def test_a_form_lets_one_search_for_a_contact_and_lists_not_all_of_them(model: Any, alice: User, desk: DeskOf):
    contact = Contact.objects.create(owner_user=alice, first_name="Paula")
    browser, meta = desk(alice), model._meta

    form = browser.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_add")).content.decode()
    field = {"app_label": meta.app_label, "model_name": meta.model_name, "field_name": "contact", "term": "pau"}
    found = browser.get(reverse("admin:autocomplete"), field).json()["results"]

    assert "Paula" not in form
    assert [row["id"] for row in found] == [str(contact.pk)]


def test_only_the_creator_changes_a_team(bob: User, team: Team, desk: DeskOf):
    change(desk(bob), team, name="Mine now", order_method="Rank")
    team.refresh_from_db()
    assert team.name == "Pride"


def test_the_list_of_teams_says_to_their_creator_who_cannot_be_told(
    alice: User, bob: User, dana: User, team: Team, desk: DeskOf
):
    """Of members who cannot be told of leads, and of a team that offers them to nobody."""
    TeamMemberDistributionOption.objects.create(team=team, user=bob, has_email_alert=True)
    TeamMemberDistributionOption.objects.create(team=team, user=dana)
    Team.objects.create(creator=alice, name="Empty")

    hers = listed(desk(alice), Team)

    assert "Dana Example: all alerts are off." in hers
    assert "Bob Example:" not in hers
    assert "No member is set up to be offered leads." in hers
    assert "all alerts are off" not in listed(desk(bob), Team)


def test_a_pause_is_set_and_told_on_the_readers_own_clock(alice: User, bob: User, team: Team, desk: DeskOf):
    option = TeamMemberDistributionOption.objects.create(team=team, user=bob, has_email_alert=True)
    typed = {"paused_until_0": "2099-01-05", "paused_until_1": "10:00", "weight": "1", "has_email_alert": "on"}

    change(desk(alice), option, team=team.pk, user=bob.pk, **typed)

    option.refresh_from_db()
    assert option.paused_until == datetime(2099, 1, 5, 18, tzinfo=UTC)
    for page in (reverse("admin:teams_team_change", args=[team.pk]), reverse("admin:teams_team_changelist")):
        assert "paused until Jan 5, 10:00" in desk(alice).get(page).content.decode()


def test_times_are_shown_on_the_users_own_clock(alice: User, desk: DeskOf):
    due = "2027-01-05T18:00:00Z"
    Task.objects.create(owner_user=alice, description="Call", action_type="None", due_at=due)
    assert re.search(r"Jan. 5, 2027, 10 a.m.", listed(desk(alice), Task))


def test_the_admin_is_found_without_its_slash():
    assert Client().get("/admin")["Location"] == "/admin/"


def test_no_record_leads_to_a_page_outside_the_admin(desk, alice):
    program = Application.objects.create(
        name="Program", user=alice, redirect_uris="https://program.example.com/", client_type="confidential"
    )
    page = desk(alice).get(reverse("admin:teams_application_change", args=[program.pk]))

    assert page.status_code == 200
    assert "/admin/r/" not in page.text
    kind = ContentType.objects.get_for_model(Application).pk
    assert desk(alice).get(f"/admin/r/{kind}/{program.pk}/").status_code == 404
    for model, registered in admin.site._registry.items():
        assert registered.get_view_on_site_url(model(pk=1)) is None
