"""Teams, their members and how these are offered leads, in the admin."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminEmailInputWidget

from api.admin.resource_admin import ResourceAdmin, ResourceForm
from core import clock
from core.reasons import Reason
from teams.admin.help_texts import DAYS_HELP
from teams.admin.member_overview import member_overview
from teams.api.serializers import teams_created_by
from teams.api.views import TeamMemberDistributionOptionResource, TeamMemberResource, TeamResource
from teams.display_names import texts_for
from teams.models import (
    Team,
    TeamMember,
    TeamMemberDistributionOption,
)
from teams.setup_warnings import TeamWarning, add_team_warnings, add_warnings, fallback_warnings, with_fallback_users

TEAM_HELP = {
    "distribution_zipcodes": "Lead routes by ZIP code send leads from these to this team. Example: 92618, 02108.",
    "order_method": "Rank: one member after another, in a fixed order. Time: each member after their own minutes. "
    "Round Robin: the next member comes first for each lead, by weight. Broadcast: all members together.",
    "mins_until_next_alert": "Minutes between two alerts, for Rank and Round Robin. Empty: 5. 0: all members together.",
    "is_exclusive_window": "A member can claim only until the next member is offered the lead.",
    "claim_preview": "What members see before they claim a lead. Contact details are never shown.",
    "mins_until_fallback": "Minutes after the last alert until the fallback. Empty: as long as between two alerts.",
    "fallback_target": "Where an unclaimed lead goes next. Empty: it stays with its owner.",
    "fallback_team": "If unclaimed leads go to another of your teams.",
    "fallback_user": "If unclaimed leads are assigned to a user: you, or a member of your teams.",
    "mins_until_alarm": "You get a notice if a lead is unclaimed for this long. Empty: never.",
    "mins_until_contact": "A claimed lead is reassigned if the agent does not text, email or call within this time. "
    "Empty: never.",
    "timezone": "For the opening hours of its lead routes. Empty: your time zone.",
    "holidays": f"No leads are offered on these dates. {DAYS_HELP}",
}
TEAM_LABELS = {
    "is_contact_resource_sharing_enabled": "Members see each other's contacts",
    "distribution_zipcodes": "ZIP codes",
    "order_method": "Order method",
    "mins_until_next_alert": "Minutes between alerts",
    "is_exclusive_window": "Exclusive window",
    "claim_preview": "Shown before the claim",
    "mins_until_fallback": "Unclaimed after (minutes)",
    "fallback_target": "Fallback",
    "fallback_team": "Fallback team",
    "fallback_user": "Fallback user",
    "mins_until_alarm": "Notify me after (minutes)",
    "mins_until_contact": "Contact within (minutes)",
    "timezone": "Time zone",
}
OPTION_LABELS = {
    "mins_until_lead_offer": "Alert after (minutes)",
    "assign_automatically": "Assign automatically",
    "has_text_alert": "Text alert",
    "has_email_alert": "Email alert",
    "has_call_alert": "Call alert",
    "cap_open": "Open lead limit",
    "cap_day": "Daily limit",
}
OPTION_HELP = {
    "rank": "For Rank: the lowest rank is alerted first.",
    "mins_until_lead_offer": "For Time: minutes after the lead was received.",
    "assign_automatically": "The member gets the lead at their turn, without a claim.",
    "weight": "For Round Robin: weight 2 gets twice as many leads as 1, and 0 gets none.",
    "paused_until": "No leads until this time (in your time zone). The member keeps their place.",
    "cap_open": "Leads that are offered, or claimed and not contacted yet. Empty: no limit. 0: no leads.",
    "cap_day": "Leads per day. Empty: no limit. 0: no leads.",
}


def warning_text(warnings: Iterable[Reason]) -> str:
    """Warnings as the reader sees them, on their own clock."""
    return " ".join(texts_for(list(warnings), timezone.get_current_timezone()))


def team_page(team_id: int) -> HttpResponse:
    """The team's page, from which its members and their options are reached."""
    return HttpResponseRedirect(reverse("admin:teams_team_change", args=[team_id]))


@admin.register(Team)
class TeamAdmin(ResourceAdmin):
    resource = TeamResource
    list_display = ["name", "order_method", "mins_until_next_alert", "distribution_zipcodes", "creator", "warnings"]
    list_select_related = ["creator"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "is_contact_resource_sharing_enabled", "distribution_zipcodes"]}),
        (
            "How leads are offered",
            {"fields": ["order_method", "mins_until_next_alert", "is_exclusive_window", "claim_preview"]},
        ),
        (
            "If the lead is not claimed",
            {
                "fields": [
                    "mins_until_fallback",
                    "fallback_target",
                    "fallback_team",
                    "fallback_user",
                    "mins_until_alarm",
                    "mins_until_contact",
                ]
            },
        ),
        ("Time zone and holidays", {"fields": ["timezone", "holidays"]}),
    ]
    help_texts, labels = TEAM_HELP, TEAM_LABELS
    one_line = ["distribution_zipcodes", "holidays"]
    change_form_outer_before_template = "admin/teams/team/members.html"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Show the members with their alert channels above the form, for the team's creator."""
        team = kwargs.get("obj")
        if team is not None and team.may_be_changed_by(request.user):
            roll = member_overview(team, clock.now(), timezone.get_current_timezone())
            nobody = [] if any(entry.is_set_up for entry in roll) else [Reason(TeamWarning.NO_RECIPIENTS)]
            fallback = [warning for one in with_fallback_users([team]) for warning in fallback_warnings(one)]
            matters = texts_for([*nobody, *fallback], timezone.get_current_timezone())
            context |= {"roll": roll, "team_matters": matters}
        return cast(HttpResponse, super().render_change_form(request, context, **kwargs))

    def response_post_save_add(self, request: HttpRequest, obj: Team) -> HttpResponse:
        """On to its page, where members are invited."""
        return team_page(obj.pk)

    def choices_for(self, name: str, model: Any, user: Any) -> QuerySet[Any]:
        """Leads fall back to teams you created."""
        return teams_created_by(user) if name == "fallback_team" else super().choices_for(name, model, user)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Show the team's creator what keeps members from getting leads."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        own = [team for team in changelist.result_list if team.may_be_changed_by(request.user)]
        add_team_warnings(own, clock.now())
        return changelist

    @admin.display(description="to mind")
    def warnings(self, team: Team) -> str:
        return warning_text(getattr(team, "warnings", ()))


class MembershipForm(ResourceForm):
    """An invitation names a user by email; the invited user answers it."""

    email = forms.EmailField(
        required=False, widget=UnfoldAdminEmailInputWidget, help_text="Email of the user you invite to the team."
    )

    class Meta:
        model = TeamMember
        fields = ["team", "request_status"]


@admin.register(TeamMember)
class TeamMemberAdmin(ResourceAdmin):
    resource = TeamMemberResource
    form = MembershipForm
    list_display = ["user", "team", "request_status"]
    list_select_related = ["user", "team"]
    list_filter = ["request_status"]

    def response_post_save_add(self, request: HttpRequest, obj: TeamMember) -> HttpResponse:
        return team_page(obj.team_id)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["team", "user", "request_status"] if obj else ["team", "email"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["team", "user"] if obj else []


@admin.register(TeamMemberDistributionOption)
class DistributionOptionAdmin(ResourceAdmin):
    resource = TeamMemberDistributionOptionResource
    list_display = [
        "user",
        "team",
        "rank",
        "mins_until_lead_offer",
        "assign_automatically",
        "has_text_alert",
        "has_email_alert",
        "has_call_alert",
        "weight",
        "warnings",
    ]
    list_select_related = ["user", "team"]
    list_filter = [("team", admin.RelatedOnlyFieldListFilter)]
    fieldsets = [
        (None, {"fields": ["team", "user", "warnings"]}),
        ("Their turn", {"fields": ["rank", "mins_until_lead_offer", "weight", "assign_automatically"]}),
        ("Alerts", {"fields": ["has_text_alert", "has_email_alert", "has_call_alert"]}),
        ("How much they take", {"fields": ["paused_until", "cap_open", "cap_day"]}),
    ]
    readonly_fields = ["warnings"]
    help_texts, labels = OPTION_HELP, OPTION_LABELS

    def response_post_save_add(self, request: HttpRequest, obj: TeamMemberDistributionOption) -> HttpResponse:
        return team_page(obj.team_id)

    def response_post_save_change(self, request: HttpRequest, obj: TeamMemberDistributionOption) -> HttpResponse:
        return team_page(obj.team_id)

    def choices_for(self, name: str, model: Any, user: Any) -> QuerySet[Any]:
        """Options are set by the team's creator."""
        return teams_created_by(user) if name == "team" else super().choices_for(name, model, user)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        add_warnings(changelist.result_list, clock.now())
        return changelist

    @admin.display(description="to mind")
    def warnings(self, option: TeamMemberDistributionOption) -> str:
        """Return what keeps the member from getting leads or alerts."""
        if option.pk and not hasattr(option, "warnings"):
            add_warnings([option], clock.now())
        return warning_text(getattr(option, "warnings", ()))
