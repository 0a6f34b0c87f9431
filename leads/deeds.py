"""What is done with a lead that stands, over HTTP: taken from the pond, given away, returned, merged. All ours."""

from typing import Any, ClassVar, Final

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.fields import LooseChoice, Reference
from config.api.resources import BEYOND, Resource, find
from leads import doubles, examples, handover, pond
from leads.models import Lead, PondLead
from leads.serializers import LeadSerializer, NamedTeamSerializer, OfferedLeadSerializer
from teams.models import Team, User

Body = serializers.Serializer  # its type parameter does not exist at run time


class PondLeadSerializer(OfferedLeadSerializer):
    """A lead of the pond: no more of it than an offer shows, and when it came there."""

    team = NamedTeamSerializer(read_only=True)

    class Meta:
        model = PondLead
        example = examples.POND_LEAD
        fields = [*OfferedLeadSerializer.Meta.fields, "team", "ponded_at"]

    def to_representation(self, lead: PondLead) -> dict[str, Any]:  # type: ignore[override]
        shown: dict[str, Any] = super().to_representation(lead)
        if lead.team and lead.team.claim_preview == Team.ClaimPreview.AREA:
            shown["contact"] |= {"first_name": "", "last_name": ""}
        return shown


class PondResource(Resource[PondLead]):
    """The leads that the caller may take, the longest there first."""

    verbs = ("list", "retrieve")
    tag = BEYOND
    serializer_class = PondLeadSerializer
    default_order = ("ponded_at", "id")

    def queryset_for(self, user: User) -> QuerySet[Any]:
        return pond.pond_of(user).select_related("contact", "team")


class ClaimBody(Body):  # type: ignore[type-arg]
    claimed_via = LooseChoice(choices=Lead.ClaimedVia.values, required=False)


class ReassignBody(Body):  # type: ignore[type-arg]
    user_id = Reference("user", model=User, visible=False)


class MergeBody(Body):  # type: ignore[type-arg]
    lead_id = Reference("double", model=Lead)


class NoBody(Body):  # type: ignore[type-arg]
    """There is nothing to say."""


class Deed(Resource[Lead]):
    """Something that is done with the lead of the URL; the answer is the lead as it is then."""

    verbs = ("create",)
    tag = BEYOND
    serializer_class = LeadSerializer
    body: ClassVar[type[Body]] = NoBody  # type: ignore[type-arg]

    def rows(self) -> QuerySet[Lead]:
        """Whoever leads a team may not see its leads' contacts."""
        seen = Lead.objects.visible_to(self.user).values("pk")
        return Lead.objects.filter(pk__in=seen) | Lead.objects.filter(team__creator=self.user)

    def create(self, request: Request, **kwargs: Any) -> Response:
        with transaction.atomic():
            lead = find(self.rows(), self.kwargs["lead_id"])
            body = self.body(data=request.data, context=self.get_serializer_context())
            body.is_valid(raise_exception=True)
            return Response(self.represent(self.act(lead, body.validated_data)))

    def act(self, lead: Lead, given: dict[str, Any]) -> Lead:
        raise NotImplementedError


@extend_schema(request=ClaimBody, responses={200: LeadSerializer})
class PondClaimResource(Deed):
    """Take a lead from the pond."""

    body = ClaimBody

    def rows(self) -> QuerySet[Lead]:
        return pond.leads_of_teams(self.user)

    def act(self, lead: Lead, given: dict[str, Any]) -> Lead:
        via = given.get("claimed_via", Lead.ClaimedVia.NONE)
        return pond.take(lead, self.user, via="" if via == Lead.ClaimedVia.NONE else via, now=self.now)


@extend_schema(request=ReassignBody, responses={200: LeadSerializer})
class ReassignResource(Deed):
    """Give the lead to another user: its owner may, and the creator of its team."""

    body = ReassignBody

    def act(self, lead: Lead, given: dict[str, Any]) -> Lead:
        return handover.reassign(lead, given["user"], actor=self.user, now=self.now)


@extend_schema(request=None, responses={200: LeadSerializer})
class ReturnResource(Deed):
    """Put the lead back into its team's pond: whoever has claimed it may, and its owner."""

    def act(self, lead: Lead, given: dict[str, Any]) -> Lead:
        return handover.return_lead(lead, actor=self.user, now=self.now)


@extend_schema(request=MergeBody, responses={200: LeadSerializer})
class MergeResource(Deed):
    """Make another lead of the same contact part of this one: the owner of both may."""

    body = MergeBody

    def act(self, lead: Lead, given: dict[str, Any]) -> Lead:
        return doubles.merge(lead, given["double"], actor=self.user, now=self.now)


DEEDS: Final[dict[str, type[Deed]]] = {
    "claim": PondClaimResource,
    "reassign": ReassignResource,
    "return": ReturnResource,
    "merge": MergeResource,
}
