"""Actions on leads in the admin: a page for each action, and the list of leads of the user's teams."""

from functools import partial
from typing import Any, Final, cast

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from api.admin.resource_admin import ResourceAdmin
from api.internal_client import call_api
from leads.admin.action_forms import ACTION_FORMS, LeadActionForm, ReassignForm, available_actions, lead_label
from leads.api.actions import LEAD_ACTIONS
from leads.models import Lead, LeadOfTeam
from leads.notifications.alert_text import LeadAlertText
from teams.models import Team, User

PAGE: Final = "admin/leads/lead/action.html"


def action_urls() -> list[URLPattern]:
    """Return the URLs of actions, below the URLs of leads."""
    return [
        path(f"<int:lead_id>/{kind.name}/", action_view(kind), name=f"leads_lead_{kind.name}") for kind in ACTION_FORMS
    ]


def action_view(kind: type[LeadActionForm]) -> Any:
    def view(request: HttpRequest, lead_id: int) -> HttpResponse:
        return action_page(request, kind, lead_id)

    return admin.site.admin_view(view)


def action_links(lead: Lead, user: User) -> list[tuple[str, str, str]]:
    """Yield title, URL and icon of each action that this user can take on the lead."""
    return [(kind.button, action_url(kind, lead), kind.icon) for kind in available_actions(lead, user)]


def action_url(kind: type[LeadActionForm], lead: Lead) -> str:
    return reverse(f"admin:leads_lead_{kind.name}", args=[lead.pk])


def action_page(request: HttpRequest, kind: type[LeadActionForm], lead_id: int) -> HttpResponse:
    """Show the form of an action with its consequences, or why it is not possible."""
    user = cast(User, request.user)
    leads = Lead.objects.in_hands_of(user).select_related("contact", "source", "team__creator", "claimed_by_user")
    lead = leads.filter(pk=lead_id).first()
    if lead is None:
        messages.error(request, f"There is no lead {lead_id} that you can see.")
        return HttpResponseRedirect(reverse("admin:leads_lead_changelist"))
    form = kind(lead, user, request.POST or None)
    call_action = partial(call_api, LEAD_ACTIONS[kind.name], "POST", user, lead_id=str(lead_id))
    if request.method == "POST" and form.submit(call_action):
        messages.success(request, form.success_message())
        return HttpResponseRedirect(return_url(lead, user))
    context = {"title": kind.title, "form": form, "objection": kind.objection(lead, user)}
    context |= {"lead": lead, "label": lead_label(lead, user), "back": return_url(lead, user)}
    return TemplateResponse(request, PAGE, admin.site.each_context(request) | context)


def return_url(lead: Lead, user: User) -> str:
    """Return the lead's own page if the user sees it, otherwise the list."""
    if Lead.objects.visible_to(user).filter(pk=lead.pk).exists():
        return reverse("admin:leads_lead_change", args=[lead.pk])
    return reverse("admin:leads_leadofteam_changelist")


class ClaimedFilter(admin.SimpleListFilter):
    title, parameter_name = "claimed", "claimed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Unclaimed"), ("yes", "Claimed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(claimed_by_user__isnull=self.value() == "no") if self.value() else queryset


class LeadOfTeamAdmin(ResourceAdmin):
    """Leads of teams that the user created. Contacts are hidden: the list shows the preview of an offer."""

    list_display = ["inquiry", "team", "claimer", "created_at", "action_link", "trace_link"]
    list_display_links = None
    list_select_related = ["contact", "source", "team", "claimed_by_user"]
    list_filter = [ClaimedFilter, ("team", admin.RelatedOnlyFieldListFilter)]

    def rows_for(self, user: User) -> QuerySet[Any]:
        traced = F("routing_trace__pk")
        return LeadOfTeam.objects.filter(team__creator=user, merged_into=None).annotate(trace_id=traced)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow only the list: the page of a lead shows more."""
        return obj is None and self.has_module_permission(request)

    @admin.display(description="lead")
    def inquiry(self, lead: Lead) -> str:
        return LeadAlertText(lead, cast(Team, lead.team).claim_preview).preview_line

    @admin.display(description="claimed by")
    def claimer(self, lead: Lead) -> str:
        if lead.claimed_by_user:
            return str(lead.claimed_by_user)
        return "in the pond" if lead.ponded_at else "unclaimed"

    @admin.display(description="actions")
    def action_link(self, lead: Lead) -> str:
        return link_to(action_url(ReassignForm, lead), ReassignForm.button)

    @admin.display(description="routing")
    def trace_link(self, lead: Lead) -> str:
        trace_id = cast(Any, lead).trace_id
        return link_to(reverse("admin:leads_routingtrace_change", args=[trace_id]), "Why") if trace_id else "-"


def link_to(url: str, text: str) -> str:
    """Return a styled link."""
    return format_html('<a class="text-primary-600 dark:text-primary-500 underline" href="{}">{}</a>', url, text)
