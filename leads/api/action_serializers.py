"""Bodies of lead actions, and leads in the pond, as JSON."""

from typing import Any

from rest_framework import serializers

from api.fields import LenientChoice, Reference
from leads.api import examples
from leads.api.serializers import NamedTeamSerializer, OfferedLeadSerializer
from leads.models import Lead, PondLead
from teams.models import Team, User


class PondLeadSerializer(OfferedLeadSerializer):
    """A lead in the pond, with what an offer shows, and when it arrived there."""

    team = NamedTeamSerializer(read_only=True)

    class Meta:
        model = PondLead
        example = examples.POND_LEAD
        fields = [*OfferedLeadSerializer.Meta.fields, "team", "ponded_at"]

    def to_representation(self, lead: PondLead) -> dict[str, Any]:  # type: ignore[override]
        data: dict[str, Any] = super().to_representation(lead)
        if lead.team and lead.team.claim_preview == Team.ClaimPreview.AREA:
            data["contact"] |= {"first_name": "", "last_name": ""}
        return data


class ClaimBody(serializers.Serializer[Any]):
    claimed_via = LenientChoice(choices=Lead.ClaimedVia.values, required=False)

    class Meta:
        example = {"claimed_via": "Phone"}


class ReassignBody(serializers.Serializer[Any]):
    user_id = Reference("user", model=User, visible=False)

    class Meta:
        example = {"user_id": 1002}


class MergeBody(serializers.Serializer[Any]):
    lead_id = Reference("duplicate", model=Lead)

    class Meta:
        example = {"lead_id": 789}
