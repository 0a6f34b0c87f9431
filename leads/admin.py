"""Leads, the rules that route them and their offers, in the admin."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join

from config.api.admin import ResourceAdmin
from config.api.asking import ask
from crm.views import ActivityResource
from leads.deeds.admin import TeamLeadAdmin, link_to, links
from leads.deeds.admin import pages as deed_pages
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
    TeamLead,
    TraceEntry,
)
from leads.pond import pond_of
from leads.report.admin import DistributionReportAdmin
from leads.rules.admin import LeadRouteAdmin
from leads.trial.admin import pages as trial_pages
from leads.views import LeadOfferResource, UnaskedLeadResource
from leads.why.admin import RotationPlaceAdmin, RoutingTraceAdmin, TraceEntryAdmin
from leads.wording import Story
from messaging.by_hand.admin import links as links_by_hand
from teams.models import Team, User

admin.site.register(LeadRoute, LeadRouteAdmin)
admin.site.register(DistributionReport, DistributionReportAdmin)
admin.site.register(RoutingTrace, RoutingTraceAdmin)
admin.site.register(TraceEntry, TraceEntryAdmin)
admin.site.register(RotationPlace, RotationPlaceAdmin)
admin.site.register(TeamLead, TeamLeadAdmin)


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


class Merged(admin.SimpleListFilter):
    """Doubles are left out of the list, unless they are asked for."""

    title, parameter_name = "doubles", "doubles"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("merged", "Merged into another"), ("all", "With those merged")]

    def choices(self, changelist: Any) -> Any:
        """What is shown without a choice has a name, too."""
        first, *others = super().choices(changelist)
        return [first | {"display": "Without those merged"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(merged_into__isnull=self.value() != "merged")


@admin.register(Lead)
class LeadAdmin(ResourceAdmin):
    resource = UnaskedLeadResource
    list_display = ["__str__", "source", "type", "city", "team", "claimed_by_user", "claimed_via", "created_at"]
    list_select_related = ["contact", "source", "team", "claimed_by_user"]
    list_filter = [Merged, "claimed_via", ("source", admin.RelatedOnlyFieldListFilter)]
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
    readonly_fields = ["history", "part_of", "doubles"]

    def get_urls(self) -> list[Any]:
        return [*deed_pages(), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Of doubles, what they are part of."""
        return [*self.list_display, "part_of"] if Merged.parameter_name in request.GET else self.list_display

    def get_fields(self, request: HttpRequest, obj: Lead | None = None) -> list[str]:
        """What was merged, above all else."""
        merged = ["part_of"] if obj and obj.merged_into_id else ["doubles"] if obj and obj.doubles.exists() else []
        return [*merged, *self.fields]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """With a button for each thing that this user may do with it by hand."""
        lead = kwargs.get("obj")
        context |= {"deeds": links(lead, cast(User, request.user)) if lead else []}
        return cast(HttpResponse, super().render_change_form(request, context, **kwargs))

    @admin.display(description="part of")
    def part_of(self, lead: Lead) -> str:
        return named(lead.merged_into_id) if lead.merged_into_id else "-"

    @admin.display(description="doubles merged into it")
    def doubles(self, lead: Lead) -> str:
        return format_html_join(", ", "{}", ((named(pk),) for pk in lead.doubles.values_list("pk", flat=True)))

    @admin.action(description="Log a call", permissions=["view"])
    def log_a_call(self, request: HttpRequest, leads: QuerySet[Lead]) -> None:
        for lead in leads:
            ask(ActivityResource, "POST", request.user, {"kind": "Call"}, contact_id=str(lead.contact_id))
        messages.success(request, "The call was logged.")

    @admin.display(description="contact made")
    def history(self, lead: Lead) -> str:
        """Where to get in touch, and to write down what was said."""
        if lead.pk is None:
            return "-"
        log = f"{reverse('admin:crm_activity_add')}?contact={lead.contact_id}&kind=Call"
        links = [*links_by_hand(lead.contact_id), ("Log a call", log)]
        return format_html_join(" · ", "{}", ((link_to(address, words),) for words, address in links))


def named(lead_id: int) -> str:
    """A lead, with the way to it."""
    return link_to(reverse("admin:leads_lead_change", args=[lead_id]), f"lead {lead_id}")


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
