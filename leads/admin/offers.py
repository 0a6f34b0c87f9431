"""Offers and the pond in the admin: a button for each answer, and its result as a message."""

from functools import partial
from typing import Any, Final, cast

from django.contrib import admin, messages
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST

from api.admin.resource_admin import ResourceAdmin
from api.internal_client import ApiError, call_api
from leads.admin.actions import link_to
from leads.admin.my_availability import availability_urls
from leads.api.actions import PondClaimResource
from leads.api.views import LeadOfferResource
from leads.lifecycle.pond import pond_leads
from leads.models import Lead, LeadOffer
from leads.notifications.alert_text import LeadAlertText
from teams.display_names import texts_for
from teams.models import Team, User

Status = LeadOffer.Status

FORM: Final = "admin/leads/leadoffer/answer_form.html"  # which the buttons send
BUTTON: Final = "border cursor-pointer font-medium px-3 py-2 rounded-default text-sm"
PRIMARY: Final = "bg-primary-600 border-primary-600 text-white"
SECONDARY: Final = "border-base-200 dark:border-base-700"


class LeadOfferAdmin(ResourceAdmin):
    list_display = ["inquiry", "answer", "user", "team", "notify_at", "status", "alerted_at", "why_ended"]
    list_select_related = ["lead__contact", "lead__source", "user", "team"]
    list_filter = ["status"]
    list_before_template = change_form_outer_before_template = FORM
    fields = ["inquiry", "answer", "user", "team", "notify_at", "status", "alerted_at", "settled_at", "why_ended"]
    readonly_fields = ["inquiry", "answer", "why_ended"]
    actions = ["claim", "decline"]

    def rows_for(self, user: User) -> QuerySet[LeadOffer]:
        is_contact_visible = Q(lead__owner_user=user) | Q(status=Status.CLAIMED)
        is_answerable = Q(user=user, status=Status.SENT, lead__claimed_by_user=None)
        return LeadOffer.objects.visible_to(user).annotate(
            is_contact_visible=ExpressionWrapper(is_contact_visible, BooleanField()),
            is_answerable=ExpressionWrapper(is_answerable, BooleanField()),
        )

    def get_urls(self) -> list[URLPattern]:
        answers = {"claim": Status.CLAIMED, "decline": Status.DECLINED}
        pages = [
            path(
                f"<int:pk>/{name}/",
                post_view(self, partial(respond_to_offer, status=status)),
                name=f"leads_leadoffer_{name}",
            )
            for name, status in answers.items()
        ]
        return [*pages, *availability_urls(), *super().get_urls()]

    @admin.display(description="lead")
    def inquiry(self, offer: LeadOffer) -> str:
        """Return the preview of the team, because the lead's own name may be an email address or a phone number."""
        story = LeadAlertText(offer.lead, offer.team.claim_preview)
        return story.summary if cast(Any, offer).is_contact_visible else story.preview_line

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Name the users in the reasons of all rows together."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        ended = [offer for offer in changelist.result_list if offer.end_reason is not None]
        texts = texts_for([offer.end_reason for offer in ended], timezone.get_current_timezone())
        for offer, text in zip(ended, texts, strict=True):
            offer.why_ended_text = text
        return changelist

    @admin.display(description="reason")
    def why_ended(self, offer: LeadOffer) -> str:
        """Return why the offer ended."""
        if offer.end_reason is None:
            return "-"
        text: str | None = getattr(offer, "why_ended_text", None)
        return text or texts_for([offer.end_reason], timezone.get_current_timezone())[0]

    @admin.display(description="your answer")
    def answer(self, offer: LeadOffer) -> str:
        """Show the buttons to the offered member while the offer is open."""
        if not cast(Any, offer).is_answerable:
            return "-"
        claim, decline = (reverse(f"admin:leads_leadoffer_{name}", args=[offer.pk]) for name in ("claim", "decline"))
        return format_html("{} {}", button("Claim", claim, PRIMARY), button("Decline", decline, SECONDARY))

    @admin.action(description="Claim", permissions=["view"])
    def claim(self, request: HttpRequest, offers: QuerySet[LeadOffer]) -> None:
        for offer in with_alert_columns(offers):
            respond_to_offer(request, offer, status=Status.CLAIMED)

    @admin.action(description="Decline", permissions=["view"])
    def decline(self, request: HttpRequest, offers: QuerySet[LeadOffer]) -> None:
        for offer in with_alert_columns(offers):
            respond_to_offer(request, offer, status=Status.DECLINED)


class PondLeadAdmin(ResourceAdmin):
    """The leads in the ponds of the user's teams."""

    list_display = ["inquiry", "claim_button", "team", "ponded_at"]
    list_display_links = None
    list_select_related = ["contact", "source", "team"]
    list_before_template = FORM
    ordering = ["ponded_at", "pk"]
    actions = ["claim"]

    def rows_for(self, user: User) -> QuerySet[Any]:
        return pond_leads(user)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:pk>/claim/", post_view(self, claim_from_pond), name="leads_pondlead_claim"),
            *super().get_urls(),
        ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow only the list: the page of a lead shows more."""
        return obj is None and self.has_module_permission(request)

    @admin.display(description="lead")
    def inquiry(self, lead: Lead) -> str:
        return LeadAlertText(lead, cast(Team, lead.team).claim_preview).preview_line

    @admin.display(description="claim")
    def claim_button(self, lead: Lead) -> str:
        return button("Claim", reverse("admin:leads_pondlead_claim", args=[lead.pk]), PRIMARY)

    @admin.action(description="Claim", permissions=["view"])
    def claim(self, request: HttpRequest, leads: QuerySet[Any]) -> None:
        for lead in leads.select_related("contact", "source"):
            claim_from_pond(request, lead)


# Buttons


def button(text: str, url: str, style: str) -> str:
    """Return a button for a row of a list. It has its own form, so that the Enter key in the list presses no button."""
    return format_html(
        '<button type="submit" form="answer" formaction="{}" class="{} {}">{}</button>', url, BUTTON, style, text
    )


def post_view(page: ResourceAdmin, action: Any) -> Any:
    """Return a view that runs the action on the record of the pressed button and returns to the list with a message."""

    def view(request: HttpRequest, pk: int) -> HttpResponse:
        record = with_alert_columns(page.get_queryset(request).filter(pk=pk)).first()
        if record is None:
            messages.error(request, "This lead is no longer available to you.")
        else:
            action(request, record)
        return HttpResponseRedirect(reverse(f"admin:leads_{page.opts.model_name}_changelist"))

    return admin.site.admin_view(require_POST(view))


def with_alert_columns(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Add the columns that the texts need."""
    is_offer = issubclass(rows.model, LeadOffer)
    return rows.select_related(*(("lead__contact", "lead__source", "team") if is_offer else ("contact", "source")))


# Answers


def respond_to_offer(request: HttpRequest, offer: LeadOffer, *, status: str) -> None:
    """Claim or decline through the API, which refuses offers of other members."""
    names = {"id": str(offer.pk), "lead_id": str(offer.lead_id)}
    try:
        call_api(LeadOfferResource, "PATCH", request.user, {"status": status}, **names)
    except ApiError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, claimed_message(offer.lead) if status == Status.CLAIMED else declined_message(offer))


def claim_from_pond(request: HttpRequest, lead: Lead) -> None:
    """Claim the lead through the API."""
    try:
        call_api(PondClaimResource, "POST", request.user, {}, lead_id=str(lead.pk))
    except ApiError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, claimed_message(lead))


def claimed_message(lead: Lead) -> str:
    """Return the message after a claim, with links to contact the person."""
    story = LeadAlertText(lead)
    urls = [*story.contact_links, ("Open the lead", reverse("admin:leads_lead_change", args=[lead.pk]))]
    links = format_html_join(" · ", "{}", ((link_to(url, text),) for text, url in urls))
    return format_html("The lead is yours: {}. {}", story.summary, links)


def declined_message(offer: LeadOffer) -> str:
    """Return the message after a decline."""
    preview = LeadAlertText(offer.lead, offer.team.claim_preview).preview_line
    return f"You declined a lead: {preview}. It is offered to the next member."
