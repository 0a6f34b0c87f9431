"""The routing trace as JSON."""

from typing import Any

from rest_framework import serializers

from api.fields import LenientDateTime, LenientInteger, LenientSerializer, LenientText
from core.reasons import with_text
from leads.api import examples
from leads.models import RoutingTrace, TraceEntry


def nullable_integer() -> LenientInteger:
    """Return a field for an id or null."""
    return LenientInteger(read_only=True, allow_null=True)


class TimelineEntrySerializer(LenientSerializer[Any]):
    """An event of the lead. Without an actor, the server caused it."""

    at = LenientDateTime(read_only=True)
    kind, code, reason = LenientText(read_only=True), LenientText(read_only=True), LenientText(read_only=True)
    actor_user_id, user_id, team_id, route_id = (
        nullable_integer(),
        nullable_integer(),
        nullable_integer(),
        nullable_integer(),
    )
    offer_id, message_id = nullable_integer(), nullable_integer()
    details = serializers.DictField(read_only=True)

    class Meta:
        model = TraceEntry
        fields = [
            "at",
            "kind",
            "code",
            "reason",
            "actor_user_id",
            "user_id",
            "team_id",
            "route_id",
            "offer_id",
            "message_id",
            "details",
        ]


class RoutingTraceSerializer(LenientSerializer[RoutingTrace]):
    decision, skipped = serializers.SerializerMethodField(), serializers.SerializerMethodField()
    rotation = serializers.DictField(read_only=True, allow_null=True)
    timeline = TimelineEntrySerializer(many=True, read_only=True)

    class Meta:
        model = RoutingTrace
        example = examples.ROUTING_TRACE
        fields = ["id", "lead_id", "decided_at", "decision", "skipped", "rotation", "timeline"]

    def get_decision(self, trace: RoutingTrace) -> dict[str, Any]:
        return with_text(trace.decision)

    def get_skipped(self, trace: RoutingTrace) -> list[dict[str, Any]]:
        return [with_text(skipped) for skipped in trace.skipped]
