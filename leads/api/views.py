"""Leads, routes and offers over HTTP."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api import coercion
from api.exceptions import RecordNotFound
from api.viewsets import BEYOND, Resource, get_or_404
from core.db.retry import retry_transaction
from leads.api import examples
from leads.api.claim_channel import claim_channel
from leads.api.filters import LeadFilters, LeadOfferFilters, LeadRouteFilters, LeadSourceFilters
from leads.api.serializers import (
    LeadOfferSerializer,
    LeadRouteSerializer,
    LeadSerializer,
    LeadSourceSerializer,
    SubmittedLeadSerializer,
)
from leads.lifecycle import claims
from leads.lifecycle.intake import receive_lead
from leads.lifecycle.offer_request import offer_lead
from leads.models import Lead, LeadOffer, LeadRoute, LeadSource
from leads.routing.routes import add_route, change_route
from teams.models import User

OFFERS = {  # no envelope, as documented
    "type": "array",
    "items": {"$ref": "#/components/schemas/LeadOffer"},
    "examples": [[examples.OFFER]],
}


class LeadSourceResource(Resource[LeadSource]):
    """Lead sources, the same for all users."""

    verbs = ("list", "retrieve")
    serializer_class = LeadSourceSerializer
    filterset_class = LeadSourceFilters

    def queryset_for(self, user: User) -> QuerySet[LeadSource]:
        return LeadSource.objects.all()


class LeadRouteResource(Resource[LeadRoute]):
    serializer_class = LeadRouteSerializer
    filterset_class = LeadRouteFilters

    def queryset_for(self, user: User) -> QuerySet[LeadRoute]:
        return LeadRoute.objects.visible_to(user).select_related("team", "campaign", "lead_source", "contact_source")

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = add_route(self.user, now=self.now, **serializer.validated_data)

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = change_route(serializer.instance, now=self.now, **serializer.validated_data)


class LeadResource(Resource[Lead]):
    """Leads are created and read. Only claims and actions change them."""

    verbs = ("list", "create", "retrieve")
    serializer_class = LeadSerializer
    filterset_class = LeadFilters

    auto_distribute: ClassVar[bool] = False

    def perform_create(self, serializer: Any) -> None:
        fields = serializer.validated_data
        serializer.instance = receive_lead(
            owner=self.user, now=self.now, auto_distribute=self.auto_distribute, **fields
        )


class AutoDistributedLeadResource(LeadResource):
    """A lead created in the admin or by API v1. It is always distributed, because no program requests its offers."""

    auto_distribute = True


class SubmittedLeadResource(AutoDistributedLeadResource):
    """A lead submitted to API v1, with the phone numbers of the submission."""

    serializer_class = SubmittedLeadSerializer


class OfferResource(Resource[LeadOffer]):
    """Offers, read only."""

    serializer_class = LeadOfferSerializer
    filterset_class = LeadOfferFilters

    def queryset_for(self, user: User) -> QuerySet[LeadOffer]:
        return LeadOffer.objects.visible_to(user).select_related("lead__contact", "team", "user")


class LeadOfferResource(OfferResource):
    """The offers of one lead. An offered member sees their own offer before they can see the lead."""

    verbs = ("list", "create", "retrieve", "partial_update")
    beyond = ("list", "retrieve", "partial_update")

    @property
    def lead_id(self) -> int:
        try:
            return coercion.parse_integer(self.kwargs["lead_id"])
        except ValueError:
            raise RecordNotFound(self.kwargs["lead_id"]) from None

    def queryset_for(self, user: User) -> QuerySet[LeadOffer]:
        return super().queryset_for(user).filter(lead_id=self.lead_id)

    def list(self, request: Request, **kwargs: Any) -> Response:
        if not self.get_queryset().exists():
            self.lead()
        return super().list(request, **kwargs)

    def lead(self) -> Lead:
        """Return the lead in the URL, if the caller can see it."""
        found: Lead = get_or_404(Lead.objects.visible_to(self.user), self.kwargs["lead_id"])
        return found

    @extend_schema(request=None, responses=dict.fromkeys((200, 201), OFFERS))
    @retry_transaction
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Offer the lead to its team. The body is ignored, but must be valid JSON."""
        _ = request.data
        rollout = offer_lead(self.lead(), caller=self.user, now=self.now)
        visible = super().queryset_for(self.user)  # of a duplicate, the offers are those of the first lead
        offers = visible.filter(pk__in=[offer.pk for offer in rollout.offers]).order_by("pk")
        return Response([self.represent(offer) for offer in offers], status=201 if rollout.is_new else 200)

    def perform_update(self, serializer: Any) -> None:
        fields = serializer.validated_data
        via = fields.get("claimed_via", Lead.ClaimedVia.NONE)
        if fields.get("status") == LeadOffer.Status.CLAIMED:
            posted = "" if via == Lead.ClaimedVia.NONE else via
            claims.claim(serializer.instance, through=claim_channel(self.request), via=posted, now=self.now)
        elif fields.get("status") == LeadOffer.Status.DECLINED:
            claims.decline(serializer.instance, now=self.now)


class MyOfferResource(OfferResource):
    """The caller's offers of all leads."""

    verbs = ("list", "retrieve")
    tag = BEYOND

    def queryset_for(self, user: User) -> QuerySet[LeadOffer]:
        return super().queryset_for(user).filter(user=user)
