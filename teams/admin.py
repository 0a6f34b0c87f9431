"""Users, teams, sub-accounts and applications in the admin."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import BooleanField, ExpressionWrapper, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from oauth2_provider.models import (
    get_access_token_model,
    get_device_grant_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget

from config import clock
from config.api.admin import ResourceAdmin, ResourceForm
from config.api.tokens import OWN_CLIENT_ID, revoke
from teams.brokers import may_have_sub_accounts, within_call_of
from teams.models import (
    RENEWABLE,
    AccessToken,
    Application,
    SubAccount,
    Team,
    TeamMember,
    TeamMemberDistributionOption,
    User,
)
from teams.programs import end_all_tokens, give_secret, living_tokens, reveal_token
from teams.roll import roll_of
from teams.serializers import teams_created_by
from teams.views import SubAccountResource, TeamMemberDistributionOptionResource, TeamMemberResource, TeamResource
from teams.warnings import add_team_warnings, add_warnings

# The OAuth library registers its own, with pages to write what only programs may; and nobody is in a group.
for model in (
    Application,
    get_access_token_model(),
    get_device_grant_model(),
    get_grant_model(),
    get_id_token_model(),
    get_refresh_token_model(),
    Group,
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


HOURS_HELP = "Such as: Mon-Fri 9:00-17:00; Sat 10am-2pm. Empty: always."
DAYS_HELP = "Parted by commas: 2027-07-04, 2027-12-25."
USER_HELP = {
    "paused_until": "Takes no leads until then (UTC), and keeps their place.",
    "working_hours": f"When they take leads, in their own time zone. {HOURS_HELP}",
    "days_off": f"When they take none. {DAYS_HELP}",
}


class NewUserForm(UserCreationForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ("email",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    """For operators. Users are deactivated, never deleted."""

    form, add_form, change_password_form = UserChangeForm, NewUserForm, AdminPasswordChangeForm
    list_display = ["email", "first_name", "last_name", "phone", "system_phone", "is_active", "is_staff"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "first_name", "last_name", "phone"]
    ordering = ["email"]
    readonly_fields = ["system_phone", "last_login", "created_at"]
    fieldsets = [
        (None, {"fields": ["email", "password", "first_name", "last_name", "phone", "timezone"]}),
        ("When they take no leads", {"fields": ["paused_until", "working_hours", "days_off"]}),
        ("Rights", {"fields": ["is_active", "is_staff"]}),
        ("Known to the system", {"fields": ["system_phone", "last_login", "created_at"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "usable_password", "password1", "password2", "first_name", "last_name", "phone"]})
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **{"help_texts": USER_HELP} | kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    has_add_permission = has_module_permission

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


ABOUT_TOKENS = (
    "A new secret puts the old one out of use and leaves alive the tokens that this application was granted: it goes on"
    " acting for whoever agreed. To end that, too, revoke all tokens, or one of them below Access tokens."
)


def tokens_stay(count: int) -> str:
    """What a new secret does not end."""
    if not count:
        return "No token of this application was alive."
    return f"Tokens granted before go on working ({count}): Revoke all tokens ends them."


@admin.register(Application)
class ApplicationAdmin(ModelAdmin):  # type: ignore[misc]
    """Everybody registers their own programs, as in LionDesk's developer site (reference 1.4); operators see all.

    What is shown once (a secret, a token) is shown in the answer to the form that made it, and kept nowhere.
    """

    list_display = ["name", "client_id", "redirect_uris", "user"]
    list_select_related = ["user"]
    search_fields = ["name", "client_id"]
    fields = ["name", "redirect_uris", "is_implicit_allowed"]
    actions_submit_line = ["reveal_my_access_token", "make_new_secret", "revoke_all_tokens"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        rows: QuerySet[Application] = super().get_queryset(request).exclude(client_id=OWN_CLIENT_ID)
        return rows if request.user.is_staff else rows.filter(user=request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)

    has_add_permission = has_module_permission

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    has_change_permission = has_delete_permission = has_view_permission  # the queryset holds none but one's own

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["client_id", "user"] if obj else []

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.fields, *self.get_readonly_fields(request, obj)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[str | None, dict[str, Any]]]:
        return [(None, {"fields": self.get_fields(request, obj), "description": ABOUT_TOKENS if obj else ""})]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("name", "redirect_uris"):
            field.required = True
        return field

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: bool) -> None:
        if not change:
            obj.user = request.user
            obj.client_type, obj.authorization_grant_type = obj.CLIENT_CONFIDENTIAL, obj.GRANT_AUTHORIZATION_CODE
            obj.shown_once = give_secret(obj)
        super().save_model(request, obj, form, change)

    @action(description="Reveal my access token")  # type: ignore[untyped-decorator]
    def reveal_my_access_token(self, request: HttpRequest, obj: Application) -> None:
        """Mint a token with which this program acts for the user who asks."""
        obj.shown_once = reveal_token(obj, request.user)

    @action(description="Make a new secret")  # type: ignore[untyped-decorator]
    def make_new_secret(self, request: HttpRequest, obj: Application) -> None:
        """The old one is of no use from now on; what the program was granted stays."""
        obj.shown_once = give_secret(obj)
        obj.save()
        alive = living_tokens().filter(application=obj).count()
        messages.warning(request, f"The old secret is of no use any more. {tokens_stay(alive)}")

    @action(description="Revoke all tokens")  # type: ignore[untyped-decorator]
    def revoke_all_tokens(self, request: HttpRequest, obj: Application) -> None:
        """The program acts for nobody any more, until somebody agrees anew."""
        end_all_tokens(obj)
        messages.success(request, f"All tokens of {obj} are revoked: it acts for nobody until they agree anew.")

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.show_once(request, obj)

    def response_change(self, request: HttpRequest, obj: Application) -> HttpResponse:
        shown = hasattr(obj, "shown_once")
        return self.show_once(request, obj) if shown else super().response_change(request, obj)

    def show_once(self, request: HttpRequest, application: Application) -> HttpResponse:
        context = {"title": application.name, "application": application, "shown": application.shown_once}
        page = "admin/teams/application/shown_once.html"
        return TemplateResponse(request, page, self.admin_site.each_context(request) | context)


@admin.register(AccessToken)
class AccessTokenAdmin(ModelAdmin):  # type: ignore[misc]
    """Which programs act for whom, and until when; the tokens themselves nobody can show."""

    list_display = ["number", "application", "user", "scope", "created", "expires", "is_renewable"]
    list_display_links = None
    list_select_related = ["application", "user"]
    list_filter = [("application", admin.RelatedOnlyFieldListFilter)]
    ordering = ["-id"]
    actions = ["revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessToken]:
        alive = living_tokens().visible_to(cast(User, request.user))
        is_renewable = ExpressionWrapper(RENEWABLE, BooleanField())
        rows: QuerySet[AccessToken] = alive.annotate(renewable=is_renewable).order_by(*self.ordering)
        return rows

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_delete_permission = has_change_permission  # they are revoked, with all that were granted together

    @admin.display(description="number", ordering="pk")
    def number(self, token: AccessToken) -> str:
        return str(token)

    @admin.display(description="can be renewed", boolean=True)
    def is_renewable(self, token: Any) -> bool:
        """Whether its program may ask for another when it expires."""
        return bool(token.renewable)

    @admin.action(description="Revoke", permissions=["view"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[AccessToken]) -> None:
        """End them, and with each all that were granted together."""
        named = ", ".join(f"{token} of {token.application}" for token in tokens)
        revoke(AccessToken.objects.filter(pk__in=[token.pk for token in tokens]))
        messages.success(request, f"Revoked, with all that were granted together: {named}.")


TEAM_HELP = {
    "distribution_zipcodes": "Routes by ZIP code bring the leads of these to this team: 92618, 02108.",
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
    "timezone": "By which the routes to this team are open. Empty: yours.",
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
    "paused_until": "Takes no leads until then (UTC), and keeps their place.",
    "cap_open": "Most leads at a time: offered, or claimed and not contacted yet. Empty: no limit. Zero: none.",
    "cap_day": "Most leads a day. Empty: no limit. Zero: none.",
}


def page_of(team_id: int) -> HttpResponse:
    """The team's page, from which its members and their options are reached."""
    return HttpResponseRedirect(reverse("admin:teams_team_change", args=[team_id]))


@admin.register(Team)
class TeamAdmin(ResourceAdmin):
    resource = TeamResource
    list_display = ["name", "order_method", "mins_until_next_alert", "distribution_zipcodes", "creator", "to_mind"]
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
            roll = roll_of(team, clock.now())
            nobody = [] if any(entry.is_set_up for entry in roll) else ["Nobody is set to be offered its leads."]
            context |= {"roll": roll, "team_matters": nobody}
        return cast(HttpResponse, super().render_change_form(request, context, **kwargs))

    def response_post_save_add(self, request: HttpRequest, obj: Team) -> HttpResponse:
        """On to its page, where members are invited."""
        return page_of(obj.pk)

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
    def to_mind(self, team: Team) -> str:
        return "; ".join(getattr(team, "warnings", ()))


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
        return page_of(obj.team_id)

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
        "to_mind",
    ]
    list_select_related = ["user", "team"]
    list_filter = [("team", admin.RelatedOnlyFieldListFilter)]
    fieldsets = [
        (None, {"fields": ["team", "user", "to_mind"]}),
        ("Their turn", {"fields": ["rank", "mins_until_lead_offer", "weight", "assign_automatically"]}),
        ("How they are told", {"fields": ["has_text_alert", "has_email_alert", "has_call_alert"]}),
        ("How much they take", {"fields": ["paused_until", "cap_open", "cap_day"]}),
    ]
    readonly_fields = ["to_mind"]
    help_texts, labels = OPTION_HELP, OPTION_LABELS

    def response_post_save_add(self, request: HttpRequest, obj: TeamMemberDistributionOption) -> HttpResponse:
        return page_of(obj.team_id)

    def response_post_save_change(self, request: HttpRequest, obj: TeamMemberDistributionOption) -> HttpResponse:
        return page_of(obj.team_id)

    def choices_for(self, name: str, model: Any, user: Any) -> QuerySet[Any]:
        """Options are set by the team's creator."""
        return teams_created_by(user) if name == "team" else super().choices_for(name, model, user)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        add_warnings(changelist.result_list, clock.now())
        return changelist

    @admin.display(description="to mind")
    def to_mind(self, option: TeamMemberDistributionOption) -> str:
        """What keeps them from being told, or from being told as they should."""
        if option.pk and not hasattr(option, "warnings"):
            add_warnings([option], clock.now())
        return "; ".join(getattr(option, "warnings", ()))


class SubAccountForm(ResourceForm):
    """A broker says whom they take on; who it is stays."""

    user = forms.ModelChoiceField(
        User.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="Somebody who has accepted an invitation into a team of yours.",
    )

    class Meta:
        model = SubAccount
        fields = SubAccount.flags()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        broker = cast(Any, type(self)).user
        if "user" in self.fields:
            cast(Any, self.fields["user"]).queryset = within_call_of(broker).exclude(pk=broker.pk)


@admin.register(SubAccount)
class SubAccountAdmin(ResourceAdmin):
    resource = SubAccountResource
    form = SubAccountForm
    list_display = ["user", "broker_user", "created_at"]
    list_select_related = ["user", "broker_user"]
    fixed = ["user"]
    fieldsets = [
        (None, {"fields": ["user"]}),
        (
            "They use yours",
            {
                "fields": [
                    "user_can_see_broker_hotnesses",
                    "is_lead_sources_enabled",
                    "is_custom_fields_enabled",
                    "is_contact_ownership_enabled",
                ]
            },
        ),
        (
            "They create their own",
            {
                "fields": [
                    "user_can_create_own_hotnesses",
                    "is_lead_sources_new_enabled",
                    "is_custom_fields_new_enabled",
                    "is_contact_ownership_new_enabled",
                ]
            },
        ),
        (
            "Kept for programs, and without effect here",
            {
                "fields": [
                    "is_contact_activity_settings_enabled",
                    "is_lead_status_enabled",
                    "is_contact_types_enabled",
                    "is_contact_activity_settings_new_enabled",
                    "is_lead_status_new_enabled",
                    "is_contact_types_new_enabled",
                ],
                "classes": ["collapse"],
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and may_have_sub_accounts(cast(User, request.user))
