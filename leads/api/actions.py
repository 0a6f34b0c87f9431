"""Actions on leads as API operations. The functions that change rows are in leads.lifecycle."""

from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.unknown_fields import NoBody
from api.viewsets import BEYOND, Resource, get_or_404
from core.db.retry import retry_transaction
from leads.api.action_serializers import ClaimBody, MergeBody, PondLeadSerializer, ReassignBody
from leads.api.claim_channel import claim_channel
from leads.api.serializers import LeadSerializer
from leads.lifecycle import merge, pond, reassignment
from leads.models import Lead, PondLead
from teams.models import User


class PondResource(Resource[PondLead]):
    """The leads that the caller can claim from ponds, oldest first."""

    verbs = ("list", "retrieve")
    tag = BEYOND
    serializer_class = PondLeadSerializer
    default_order = ("ponded_at", "id")

    def queryset_for(self, user: User) -> QuerySet[Any]:
        return pond.pond_leads(user).select_related("contact", "team")


class LeadActionResource(Resource[Lead]):
    """An action on the lead in the URL. The response is the changed lead."""

    verbs = ("create",)
    tag = BEYOND
    serializer_class = LeadSerializer
    body_serializer: ClassVar[type[serializers.Serializer[Any]]] = NoBody

    def rows(self) -> QuerySet[Lead]:
        return Lead.objects.in_hands_of(self.user)

    @retry_transaction
    def create(self, request: Request, **kwargs: Any) -> Response:
        lead = get_or_404(self.rows(), self.kwargs["lead_id"])
        body = self.body_serializer(data=request.data, context=self.get_serializer_context())
        self.validate(body)
        return Response(self.represent(self.act(lead, body.validated_data)))

    def act(self, lead: Lead, body: dict[str, Any]) -> Lead:
        raise NotImplementedError


@extend_schema(request=ClaimBody, responses={200: LeadSerializer})
class PondClaimResource(LeadActionResource):
    """Claim a lead from the pond."""

    body_serializer = ClaimBody

    def rows(self) -> QuerySet[Lead]:
        return pond.team_leads(self.user)

    def act(self, lead: Lead, body: dict[str, Any]) -> Lead:
        via = body.get("claimed_via", Lead.ClaimedVia.NONE)
        posted = "" if via == Lead.ClaimedVia.NONE else via
        return pond.claim_from_pond(lead, self.user, through=claim_channel(self.request), via=posted, now=self.now)


@extend_schema(request=ReassignBody, responses={200: LeadSerializer})
class ReassignResource(LeadActionResource):
    """Reassign the lead to another user. Allowed for its owner and the creator of its team."""

    body_serializer = ReassignBody

    def act(self, lead: Lead, body: dict[str, Any]) -> Lead:
        return reassignment.reassign(lead, body["user"], actor=self.user, now=self.now)


@extend_schema(request=None, responses={200: LeadSerializer})
class ReturnResource(LeadActionResource):
    """Return the lead to its team's pond. Allowed for its agent and its owner."""

    def act(self, lead: Lead, body: dict[str, Any]) -> Lead:
        return reassignment.return_lead(lead, actor=self.user, now=self.now)


@extend_schema(request=MergeBody, responses={200: LeadSerializer})
class MergeResource(LeadActionResource):
    """Merge another lead of the same contact into this one. Allowed for the owner of both."""

    body_serializer = MergeBody

    def act(self, lead: Lead, body: dict[str, Any]) -> Lead:
        return merge.merge(lead, body["duplicate"], actor=self.user, now=self.now)


LEAD_ACTIONS: Final[dict[str, type[LeadActionResource]]] = {
    "claim": PondClaimResource,
    "reassign": ReassignResource,
    "return": ReturnResource,
    "merge": MergeResource,
}
