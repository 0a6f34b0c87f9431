"""The routing trace of a lead as a page of the admin."""

from collections.abc import Mapping
from typing import Any, Final, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from api.admin.resource_admin import ResourceAdmin
from api.internal_client import call_api
from leads.admin.action_forms import lead_label
from leads.admin.actions import return_url
from leads.admin.trace_page import build_trace_page, collect_ids
from leads.api.history import RoutingTraceResource
from leads.distribution.round_robin import CREDIT_PER_LEAD
from leads.history.lead_status import status_text
from leads.history.timeline_event import event_text
from leads.models import Lead, LeadRoute, LeadSource, RotationSlot, RoutingTrace, TraceEntry
from teams.models import Team, User

PAGE: Final = "admin/leads/routingtrace/trace.html"


class RoutingTraceAdmin(ResourceAdmin):
    """The traces of visible leads, each with a page that explains the routing."""

    list_display = ["lead", "decided_at"]
    list_select_related = ["lead__contact"]

    def rows_for(self, user: User) -> QuerySet[RoutingTrace]:
        return RoutingTrace.objects.filter(lead__in=Lead.objects.visible_to(user))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        visible_trace = self.get_object(request, object_id)
        trace = visible_trace or self.of_a_team(request, object_id)
        if trace is None:
            redirect: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return redirect
        user = cast(User, request.user)
        answer = call_api(RoutingTraceResource, "GET", user, id=object_id, lead_id=str(trace.lead_id))
        lead = Lead.objects.select_related("contact", "source", "team", "claimed_by_user").get(pk=trace.lead_id)
        names = load_names(collect_ids(answer), user)
        context = self.admin_site.each_context(request) | {
            "title": f"Routing: {lead_label(lead, user)}",
            "lead": lead,
            "is_visible": visible_trace is not None,
            "back": return_url(lead, user),
            "status": status_text(lead),
            "page": build_trace_page(answer, names, user.zone),
            "zone": user.zone.key,
        }
        return TemplateResponse(request, PAGE, context)

    def of_a_team(self, request: HttpRequest, object_id: str) -> RoutingTrace | None:
        """Include leads of teams that the user created, as the API does. They are not in the list."""
        traces = RoutingTrace.objects.filter(lead__team__creator=cast(User, request.user))
        return traces.filter(pk=object_id).first() if object_id.isdecimal() else None


class TraceEntryAdmin(ResourceAdmin):
    """The events of visible leads, latest first."""

    list_display = ["at", "lead", "kind", "text", "actor_user"]
    list_display_links = None
    list_select_related = ["lead__contact", "actor_user"]
    list_filter = ["kind"]

    def rows_for(self, user: User) -> QuerySet[TraceEntry]:
        return TraceEntry.objects.filter(lead__in=Lead.objects.visible_to(user))

    @admin.display(description="event")
    def text(self, entry: TraceEntry) -> str:
        return event_text({"code": entry.code, "details": entry.details, "actor_user_id": entry.actor_user_id})

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Hide it in the menu: the page of each lead shows its events."""
        return {}


class RotationSlotAdmin(ResourceAdmin):
    """The round robins of the user's own teams: last turn and balance of each member."""

    list_display = ["team", "user", "leads_owed", "last_turn"]
    list_display_links = None
    list_select_related = ["team", "user"]
    ordering = ["team", "-last_turn"]

    @admin.display(description="balance (leads)", ordering="credit")
    def leads_owed(self, slot: RotationSlot) -> str:
        return f"{slot.credit / CREDIT_PER_LEAD:+.2f}"

    def rows_for(self, user: User) -> QuerySet[RotationSlot]:
        return RotationSlot.objects.filter(team__creator=user)


def load_names(ids: Mapping[str, set[int]], user: User) -> dict[tuple[str, int], str]:
    """Return display names for ids. Routes of other users have none: they are not visible."""
    routes = LeadRoute.objects.visible_to(user).select_related("lead_source", "contact_source", "team")
    rows: Mapping[str, QuerySet[Any]] = {
        "user": User.objects.all(),
        "team": Team.objects.all(),
        "lead source": LeadSource.objects.all(),
        "route": routes,
    }
    named = ((kind, record) for kind, records in rows.items() for record in records.filter(pk__in=ids.get(kind, ())))
    return {(kind, record.pk): record_name(record) for kind, record in named}


def record_name(record: User | Team | LeadSource | LeadRoute) -> str:
    if isinstance(record, User):
        return record.get_full_name() or record.email
    return str(record).partition(": ")[2] if isinstance(record, LeadRoute) else str(record)
