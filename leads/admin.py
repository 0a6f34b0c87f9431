"""Leads, the rules that route them and their offers, in the admin."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from config.api.admin import ResourceAdmin
from config.api.asking import ask
from crm.views import ActivityResource
from leads.deeds.views import PondClaimResource
from leads.models import (
    DistributionReport,
    Lead,
    LeadOffer,
    LeadRoute,
    LeadSource,
    PondLead,
    RotationPlace,
    RoutingTrace,
    TraceEntry,
)
from leads.pond import pond_of
from leads.report.admin import DistributionReportAdmin
from leads.rules.admin import LeadRouteAdmin
from leads.trial.admin import pages as trial_pages
from leads.views import LeadOfferResource, UnaskedLeadResource
from leads.why.admin import RotationPlaceAdmin, RoutingTraceAdmin, TraceEntryAdmin
from leads.wording import Story
from teams.models import Team, User

admin.site.register(LeadRoute, LeadRouteAdmin)
admin.site.register(DistributionReport, DistributionReportAdmin)
admin.site.register(RoutingTrace, RoutingTraceAdmin)
admin.site.register(TraceEntry, TraceEntryAdmin)
admin.site.register(RotationPlace, RotationPlaceAdmin)


@admin.register(LeadSource)
class LeadSourceAdmin(ResourceAdmin):
    """One list for the installation; operators add to it."""

    is_for_staff = True
    list_display = ["id", "name"]
    fields = ["name"]
    search_fields = ["name"]
    ordering = ["id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def written(self, user: Any, record: LeadSource, body: dict[str, Any]) -> LeadSource:
        """No API makes lead sources, in LionDesk's as in ours."""
        return LeadSource.objects.create(name=body["name"])


@admin.register(Lead)
class LeadAdmin(ResourceAdmin):
    resource = UnaskedLeadResource
    list_display = ["__str__", "source", "type", "city", "team", "claimed_by_user", "claimed_via", "created_at"]
    list_select_related = ["contact", "source", "team", "claimed_by_user"]
    list_filter = ["claimed_via", ("source", admin.RelatedOnlyFieldListFilter)]
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
        "history",
    ]
    actions = ["log_a_call"]
    readonly_fields = ["history"]

    @admin.action(description="Log a call", permissions=["view"])
    def log_a_call(self, request: HttpRequest, leads: QuerySet[Lead]) -> None:
        for lead in leads:
            ask(ActivityResource, "POST", request.user, {"kind": "Call"}, contact_id=str(lead.contact_id))
        messages.success(request, "The call was logged.")

    @admin.display(description="contact made")
    def history(self, lead: Lead) -> str:
        """Where to write down what was said."""
        if lead.pk is None:
            return "-"
        form = reverse("admin:crm_activity_add")
        return format_html('<a href="{}?contact={}&amp;kind=Call">Log a call</a>', form, lead.contact_id)


@admin.register(LeadOffer)
class LeadOfferAdmin(ResourceAdmin):
    list_display = ["inquiry", "user", "team", "notify_at", "status", "alerted_at", "reason"]
    list_select_related = ["lead__contact", "lead__source", "user", "team"]
    list_filter = ["status"]
    fields = ["inquiry", "user", "team", "notify_at", "status", "alerted_at", "settled_at", "reason"]
    readonly_fields = ["inquiry"]
    actions = ["claim", "decline"]

    def rows_for(self, user: User) -> QuerySet[LeadOffer]:
        is_known = Q(lead__owner_user=user) | Q(status=LeadOffer.Status.CLAIMED)
        return LeadOffer.objects.visible_to(user).annotate(is_known=ExpressionWrapper(is_known, BooleanField()))

    @admin.display(description="lead")
    def inquiry(self, offer: LeadOffer) -> str:
        """As in the alert. The lead's own name may be an email address or a number: not before it is claimed."""
        story = Story(offer.lead, offer.team.claim_preview)
        return story.summary if cast(Any, offer).is_known else story.teaser

    @admin.action(description="Claim", permissions=["view"])
    def claim(self, request: HttpRequest, offers: QuerySet[LeadOffer]) -> None:
        self.say("Claimed", request, offers)

    @admin.action(description="Decline", permissions=["view"])
    def decline(self, request: HttpRequest, offers: QuerySet[LeadOffer]) -> None:
        self.say("Declined", request, offers)

    def get_urls(self) -> list[Any]:
        return [*trial_pages(), *super().get_urls()]

    def say(self, status: str, request: HttpRequest, offers: QuerySet[LeadOffer]) -> None:
        """Answer each offer as its member would through the API; somebody else's is refused there."""
        for offer in offers:
            names = {"id": str(offer.pk), "lead_id": str(offer.lead_id)}
            ask(LeadOfferResource, "PATCH", request.user, {"status": status}, **names)


@admin.register(PondLead)
class PondLeadAdmin(ResourceAdmin):
    """Leads of your teams that anybody of them may take."""

    list_display = ["inquiry", "team", "ponded_at"]
    list_display_links = None
    list_select_related = ["contact", "source", "team"]
    ordering = ["ponded_at", "pk"]
    actions = ["take"]

    def rows_for(self, user: User) -> QuerySet[Any]:
        return pond_of(user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The list alone: a lead's page tells more of it."""
        return obj is None and self.has_module_permission(request)

    @admin.display(description="lead")
    def inquiry(self, lead: Lead) -> str:
        return Story(lead, cast(Team, lead.team).claim_preview).teaser

    @admin.action(description="Take", permissions=["view"])
    def take(self, request: HttpRequest, leads: QuerySet[Any]) -> None:
        for lead in leads:
            ask(PondClaimResource, "POST", request.user, {}, lead_id=str(lead.pk))
