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
    "distribution_zipcodes": "Rules by ZIP code bring the leads of these to this team: 92618, 02108.",
    "order_method": "Rank: one after the other, always in the same order. Time: each after minutes of their own. "
    "Round Robin: one after the other, begun with another member for each lead, by weight. Broadcast: all at once.",
    "mins_until_next_alert": "Minutes between two alerts, by Rank and in a Round Robin. Empty: 5. Zero: all at once.",
    "is_exclusive_window": "A member may claim only until the next one is offered the lead.",
    "claim_preview": "What a member reads before the lead is theirs. How to reach the person is never among it.",
    "mins_until_fallback": "Minutes after the last alert. Empty: as long as between two alerts.",
    "fallback_target": "Where a lead goes that nobody has claimed by then. Empty: it waits for its owner.",
    "fallback_team": "Where leads go to another team: one of yours.",
    "fallback_user": "Where leads are given to somebody: you, or a member of your teams.",
    "mins_until_alarm": "You are told of a lead that nobody claimed within so many minutes. Empty: never.",
    "mins_until_contact": "Whoever claims a lead and does not text, email or call within so many minutes loses it. "
    "Empty: never.",
    "timezone": "By which the rules of this team are open. Empty: yours.",
    "holidays": f"Nobody is offered a lead on these days. {DAYS_HELP}",
}
TEAM_LABELS = {
    "is_contact_resource_sharing_enabled": "Members see each other's contacts",
    "distribution_zipcodes": "ZIP codes it serves",
    "order_method": "Way of offering",
    "mins_until_next_alert": "Minutes between two alerts",
    "is_exclusive_window": "Exclusive window",
    "claim_preview": "Told before the claim",
    "mins_until_fallback": "Minutes until it goes on",
    "fallback_target": "Goes on to",
    "fallback_team": "Which team",
    "fallback_user": "Which user",
    "mins_until_alarm": "Minutes until the alarm",
    "mins_until_contact": "Minutes to get in touch",
    "timezone": "Time zone",
}
OPTION_LABELS = {
    "mins_until_lead_offer": "Minutes after the lead came in",
    "assign_automatically": "Theirs without claiming",
    "has_text_alert": "By text",
    "has_email_alert": "By email",
    "has_call_alert": "By a call",
    "cap_open": "Most at a time",
    "cap_day": "Most a day",
}
OPTION_HELP = {
    "rank": "By Rank: the lowest is told first.",
    "mins_until_lead_offer": "By Time: so many minutes after the lead came in.",
    "assign_automatically": "The lead is theirs at their turn, without claiming.",
    "weight": "In a Round Robin: 2 takes twice as many leads as 1, and 0 takes none.",
    "paused_until": "Takes no leads until then, on your own clock, and keeps their place.",
    "cap_open": "Most leads at a time: offered, or claimed and not contacted yet. Empty: no limit. Zero: none.",
    "cap_day": "Most leads a day. Empty: no limit. Zero: none.",
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
            "How a lead is offered",
            {"fields": ["order_method", "mins_until_next_alert", "is_exclusive_window", "claim_preview"]},
        ),
        (
            "When nobody claims it",
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
        ("When the team is away", {"fields": ["timezone", "holidays"]}),
    ]
    help_texts, labels = TEAM_HELP, TEAM_LABELS
    one_line = ["distribution_zipcodes", "holidays"]
    change_form_outer_before_template = "admin/teams/team/members.html"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Above the form, for the creator: the members, with how each is told of leads."""
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
        """Whoever created a team is told what keeps its members from being told of leads."""
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
        required=False, widget=UnfoldAdminEmailInputWidget, help_text="Of the user whom you invite into the team."
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
        ("How they are told", {"fields": ["has_text_alert", "has_email_alert", "has_call_alert"]}),
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
        """What keeps them from being told, or from being told as they should."""
        if option.pk and not hasattr(option, "warnings"):
            add_warnings([option], clock.now())
        return warning_text(getattr(option, "warnings", ()))
