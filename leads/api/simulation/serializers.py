"""The request and the result of a simulation as JSON."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from rest_framework import serializers

from api.fields import LenientBoolean, LenientDateTime, LenientInteger, LenientSerializer, LenientText
from core.reasons import reason_text, with_text
from leads.api import examples
from leads.api.serializers import LeadSerializer
from leads.history.trace_log import rotation_json
from leads.models import LeadRoute
from leads.simulation.simulator import Stop

MAX_YEAR: Final = 3000
MAX_NAMES_LISTED: Final = 10
MAX_TABLE_LENGTH: Final = 1_000_000


def text() -> LenientText:
    return LenientText(max_length=255, required=False, allow_blank=True)


def number() -> LenientInteger:
    """Return a read-only field for a number or null."""
    return LenientInteger(read_only=True, allow_null=True)


def moment() -> LenientDateTime:
    return LenientDateTime(read_only=True, allow_null=True)


class ArrivalTime(LenientDateTime):
    """The time at which a lead is received. It is limited, so that later times stay within the calendar."""

    def read(self, value: object) -> datetime:
        moment = super().read(value)
        if moment.year >= MAX_YEAR:
            raise ValueError(f"must be before the year {MAX_YEAR}.")
        return moment


def unknown_keys(body: Mapping[str, Any], known: Collection[str]) -> dict[str, list[str]]:
    """Return the errors of unknown keys. They are refused: a typing error would simulate something else."""
    unknown = [key for key in body if key not in known]
    return {key: ["is not known here."] for key in unknown[:MAX_NAMES_LISTED]}


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown keys."""

    ignored_fields: ClassVar[frozenset[str]] = frozenset()  # known fields without effect

    def to_internal_value(self, data: Any) -> Any:
        known = self.fields.keys() | self.ignored_fields
        if isinstance(data, Mapping) and (unknown := unknown_keys(data, known)):
            raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


class LeadInputSerializer(StrictSerializer):
    """The fields of a lead that routing reads. All are optional. Other fields of a lead are ignored."""

    ignored_fields = frozenset(LeadSerializer.Meta.fields)

    source_id = LenientInteger(required=False, allow_null=True)
    contact_id = LenientInteger(required=False, allow_null=True)
    contact_source = text()
    type = text()
    city = text()
    zipcode = text()
    listing_price = text()
    listing_status = text()
    created_at = ArrivalTime(required=False, allow_null=True)


class SimulationSerializer(serializers.Serializer[Any]):
    """Send exactly one of `lead`, `csv` and `days`."""

    lead = LeadInputSerializer(required=False, allow_null=True, help_text="One lead.")
    csv = LenientText(
        max_length=MAX_TABLE_LENGTH,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="A table of leads. The first line has the column names, which are the fields of `lead` in any case, "
        "with blanks or hyphens for underscores. Separators: commas, semicolons or tabs. At most 1,000 rows. "
        "Unknown columns are listed in `warnings`.",
    )
    days = LenientInteger(
        min_value=1,
        max_value=3660,
        required=False,
        allow_null=True,
        help_text="Your leads of the last days, at most the latest 1,000, with their actual result.",
    )
    at = ArrivalTime(
        required=False,
        allow_null=True,
        help_text="When all leads are received. Default: their `created_at`, or now.",
    )
    routes = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        allow_null=True,
        max_length=500,
        help_text="Routes instead of the saved ones: bodies as for POST /lead-routes, or the `id` of a saved route "
        "with its changes. Default: the saved routes.",
    )

    class Meta:
        example = examples.SIMULATION_REQUEST


class SimulatedOfferSerializer(LenientSerializer[Any]):
    """A member who would be alerted."""

    user_id, at, closes_at = number(), moment(), moment()
    channels = serializers.ListField(child=LenientText(), read_only=True)
    assign_automatically = LenientBoolean(read_only=True)

    class Meta:
        model = LeadRoute
        fields = ["user_id", "at", "closes_at", "channels", "assign_automatically"]


class StopSerializer(LenientSerializer[Any]):
    """One destination of an unclaimed lead."""

    at, ends_at, team_id, user_id = moment(), moment(), number(), number()
    target, code = LenientText(read_only=True), serializers.CharField(source="reason.code", read_only=True)
    details, reason = serializers.SerializerMethodField(), serializers.SerializerMethodField()
    offers = SimulatedOfferSerializer(many=True, read_only=True)
    skipped, rotation = serializers.SerializerMethodField(), serializers.SerializerMethodField()

    class Meta:
        model = LeadRoute
        fields = ["at", "target", "team_id", "user_id", "code", "details", "reason"]
        fields += ["offers", "skipped", "rotation", "ends_at"]

    def get_skipped(self, station: Stop) -> list[dict[str, Any]]:
        return [with_text(skipped.as_json()) for skipped in station.skipped]

    def get_details(self, station: Stop) -> dict[str, Any]:
        return dict(station.reason.details)

    def get_reason(self, station: Stop) -> str:
        return reason_text(*station.reason)

    def get_rotation(self, station: Stop) -> dict[str, Any] | None:
        return rotation_json(station.plan)


class ActualSerializer(LenientSerializer[Any]):
    """The actual result of an existing lead."""

    lead_id, route_id, team_id, claimed_by_user_id = LenientInteger(source="pk"), number(), number(), number()
    claimed_at, first_alert_at = moment(), moment()
    claimed_via, claimed_through = LenientText(read_only=True), LenientText(read_only=True, allow_null=True)

    class Meta:
        model = LeadRoute
        fields = [
            "lead_id",
            "route_id",
            "team_id",
            "first_alert_at",
            "claimed_by_user_id",
            "claimed_at",
            "claimed_via",
            "claimed_through",
        ]


class SimulatedLeadSerializer(LenientSerializer[Any]):
    line, at = number(), moment()
    lead, decision = serializers.JSONField(read_only=True), serializers.JSONField(read_only=True)
    stops = StopSerializer(many=True, read_only=True)
    actual = ActualSerializer(read_only=True, allow_null=True)

    class Meta:
        model = LeadRoute
        fields = ["line", "at", "lead", "decision", "stops", "actual"]


class InvalidRowSerializer(LenientSerializer[Any]):
    line, message = LenientInteger(read_only=True), LenientText(read_only=True)

    class Meta:
        model = LeadRoute
        fields = ["line", "message"]


class InputWarningSerializer(LenientSerializer[Any]):
    """A part of the input that is not used: `code` is `unused_column`, and `details` has the `column`."""

    code, message = LenientText(read_only=True), LenientText(read_only=True)
    details = serializers.DictField(read_only=True)

    class Meta:
        model = LeadRoute
        fields = ["code", "message", "details"]


class FirstOffersSerializer(LenientSerializer[Any]):
    """The number of leads that a member is offered first, alone or together with others."""

    user_id, leads = LenientInteger(read_only=True), LenientInteger(read_only=True)

    class Meta:
        model = LeadRoute
        fields = ["user_id", "leads"]


class TeamShareSerializer(LenientSerializer[Any]):
    """The number of leads that are routed to a team."""

    team_id, leads = LenientInteger(read_only=True), LenientInteger(read_only=True)
    first_offers = FirstOffersSerializer(many=True, read_only=True)

    class Meta:
        model = LeadRoute
        fields = ["team_id", "leads", "first_offers"]


class RouteShareSerializer(LenientSerializer[Any]):
    """The number of leads that match a route."""

    route_id, leads = LenientInteger(read_only=True), LenientInteger(read_only=True)

    class Meta:
        model = LeadRoute
        fields = ["route_id", "leads"]


class SummarySerializer(LenientSerializer[Any]):
    leads, unrouted, not_notified = (LenientInteger(read_only=True) for _ in range(3))
    routes = RouteShareSerializer(many=True, read_only=True)
    teams = TeamShareSerializer(many=True, read_only=True)
    never_matched = serializers.ListField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = LeadRoute
        fields = ["leads", "routes", "teams", "unrouted", "not_notified", "never_matched"]


class SimulationResultSerializer(LenientSerializer[Any]):
    """Which members would be offered which lead, when, and what follows if the lead is not claimed."""

    leads = SimulatedLeadSerializer(many=True, read_only=True)
    invalid_rows = InvalidRowSerializer(many=True, read_only=True)
    warnings = InputWarningSerializer(many=True, read_only=True)
    summary = SummarySerializer(read_only=True)

    class Meta:
        model = LeadRoute
        example = examples.SIMULATION_RESULT
        fields = ["leads", "invalid_rows", "warnings", "summary"]
