"""Lead sources and leads in the admin, and the registration of all admin pages of leads."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from api.admin.resource_admin import ResourceAdmin
from api.internal_client import call_api
from crm.api import ActivityResource
from leads.admin.actions import LeadOfTeamAdmin, action_links, action_urls, link_to
from leads.admin.history import RotationSlotAdmin, RoutingTraceAdmin, TraceEntryAdmin
from leads.admin.offers import LeadOfferAdmin, PondLeadAdmin
from leads.admin.reports import DistributionReportAdmin
from leads.admin.routes.route_admin import LeadRouteAdmin
from leads.api.views import AutoDistributedLeadResource
from leads.history.lead_status import claim_channel_text, status_facts, status_text
from leads.lifecycle.claims import UNDECIDED
from leads.models import (
    DistributionReport,
    Lead,
    LeadOffer,
    LeadOfTeam,
    LeadRoute,
    LeadSource,
    PondLead,
    RotationSlot,
    RoutingTrace,
    TraceEntry,
)
from messaging.admin import manual
from teams.models import User

admin.site.index_template = "admin/leads/home.html"  # names the start page

admin.site.register(LeadRoute, LeadRouteAdmin)
admin.site.register(DistributionReport, DistributionReportAdmin)
admin.site.register(RoutingTrace, RoutingTraceAdmin)
admin.site.register(TraceEntry, TraceEntryAdmin)
admin.site.register(RotationSlot, RotationSlotAdmin)
admin.site.register(LeadOfTeam, LeadOfTeamAdmin)
admin.site.register(LeadOffer, LeadOfferAdmin)
admin.site.register(PondLead, PondLeadAdmin)


@admin.register(LeadSource)
class LeadSourceAdmin(ResourceAdmin):
    """One list for the installation. Operators add sources."""

    is_for_staff = True
    list_display = ["id", "name"]
    fields = ["name"]
    search_fields = ["name"]
    ordering = ["id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def written(self, user: Any, record: LeadSource, body: dict[str, Any]) -> LeadSource:
        """Create the source directly: neither LionDesk's API nor ours creates lead sources."""
        return LeadSource.objects.create(name=body["name"])


class MergedFilter(admin.SimpleListFilter):
    """Leave merged leads out of the list unless the filter asks for them."""

    title, parameter_name = "merged_duplicates", "duplicates"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("merged", "Merged leads only"), ("all", "Including merged leads")]

    def choices(self, changelist: Any) -> Any:
        """Name the default choice."""
        first, *others = super().choices(changelist)
        return [first | {"display": "Without merged leads"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(merged_into__isnull=self.value() != "merged")


@admin.register(Lead)
class LeadAdmin(ResourceAdmin):
    resource = AutoDistributedLeadResource
    list_display = ["__str__", "source", "type", "city", "team", "claimed_by_user", "claim_channel", "created_at"]
    list_select_related = ["contact", "source", "team", "claimed_by_user"]
    list_filter = [MergedFilter, "claimed_through", ("source", admin.RelatedOnlyFieldListFilter)]
    autocomplete_fields = ["contact"]
    fields = [
        "contact",
        "source",
        "type",
        "text_body",
        "mls_id",
        "listing_status",
        "listing_price",
        "street_address",
        "city",
        "state",
        "zipcode",
        "contact_links",
    ]
    change_form_outer_before_template = "admin/leads/lead/state.html"
    actions = ["log_a_call"]
    readonly_fields = ["contact_links", "merged_into_link", "merged_duplicates"]

    def get_urls(self) -> list[Any]:
        return [*action_urls(), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """If merged leads are listed, show into which lead each was merged."""
        columns = ["merged_into_link"] if MergedFilter.parameter_name in request.GET else []
        return [*self.list_display, *columns]

    def get_fields(self, request: HttpRequest, obj: Lead | None = None) -> list[str]:
        """Show first into which lead it was merged, or its merged duplicates."""
        if obj and obj.merged_into_id:
            return ["merged_into_link", *self.fields]
        return ["merged_duplicates", *self.fields] if obj and obj.duplicates.exists() else self.fields

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Add the state of the lead and a button for each action that the user can take."""
        lead, user = kwargs.get("obj"), cast(User, request.user)
        if lead:
            context |= {"action_links": action_links(lead, user), "state": lead_state(lead, user)}
        return cast(HttpResponse, super().render_change_form(request, context, **kwargs))

    @admin.display(description="claimed", ordering="claimed_through")
    def claim_channel(self, lead: Lead) -> str:
        return claim_channel_text(lead) or "-"

    @admin.display(description="merged into")
    def merged_into_link(self, lead: Lead) -> str:
        if lead.merged_into_id is None:
            return "-"
        original = lead_link(lead.merged_into_id)
        return format_html("Duplicate of {}", original) if lead.is_duplicate else original

    @admin.display(description="merged duplicates")
    def merged_duplicates(self, lead: Lead) -> str:
        return format_html_join(", ", "{}", ((lead_link(pk),) for pk in lead.duplicates.values_list("pk", flat=True)))

    @admin.action(description="Log a call", permissions=["view"])
    def log_a_call(self, request: HttpRequest, leads: QuerySet[Lead]) -> None:
        for lead in leads:
            call_api(ActivityResource, "POST", request.user, {"kind": "Call"}, contact_id=str(lead.contact_id))
        messages.success(request, "The call was logged.")

    @admin.display(description="contact")
    def contact_links(self, lead: Lead) -> str:
        """Show where to text, call or email the contact, and where to log it."""
        if lead.pk is None:
            return "-"
        log = f"{reverse('admin:crm_activity_add')}?contact={lead.contact_id}&kind=Call"
        links = [*manual.links(lead.contact_id), ("Log a call", log)]
        return format_html_join(" · ", "{}", ((link_to(url, text),) for text, url in links))


def lead_state(lead: Lead, user: User) -> dict[str, Any]:
    """Return the status of the lead in the user's time zone."""
    offers = lead.offers.filter(round=lead.distribution_round, status__in=UNDECIDED).select_related("user")
    in_order = list(offers.order_by("notify_at", "position"))
    return {"status": status_text(lead), "facts": list(status_facts(lead, in_order, user.zone))}


def lead_link(lead_id: int) -> str:
    """Return a link to a lead."""
    return link_to(reverse("admin:leads_lead_change", args=[lead_id]), f"lead {lead_id}")
