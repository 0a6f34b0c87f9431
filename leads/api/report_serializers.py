"""The distribution report as JSON."""

from typing import Any

from api.fields import LenientDate, LenientDateTime, LenientDecimal, LenientInteger, LenientSerializer, LenientText
from leads.api import examples
from leads.api.serializers import NamedTeamSerializer, OfferedUserSerializer
from leads.models import DistributionReport

COUNTS = ["offers", "alerted", "claims", "declines", "lost", "expired"]
LEAD_SECONDS = [
    "median_seconds_to_alert",
    "p95_seconds_to_alert",
    "median_seconds_to_claim",
    "p95_seconds_to_claim",
]
OFFER_SECONDS = ["median_seconds_from_alert_to_claim", "p95_seconds_from_alert_to_claim"]
LEAD_FIGURES = ["leads", *COUNTS, "unalerted", "unclaimed", "passed_on", *LEAD_SECONDS]
OFFER_FIGURES = [*COUNTS, *OFFER_SECONDS]


def count() -> LenientInteger:
    return LenientInteger(read_only=True)


def seconds() -> LenientDecimal:
    """Return a field for seconds; null without data."""
    return LenientDecimal(read_only=True, allow_null=True)


def nullable_decimal() -> LenientDecimal:
    """Return a field for a decimal number or null."""
    return LenientDecimal(read_only=True, allow_null=True)


def nullable_integer() -> LenientInteger:
    """Return a field for an integer or null."""
    return LenientInteger(read_only=True, allow_null=True)


class CountsSerializer(LenientSerializer[Any]):
    """Counts of events."""

    offers, alerted, claims, declines, lost, expired = count(), count(), count(), count(), count(), count()


class LeadFiguresSerializer(CountsSerializer):
    """Results of a group of leads."""

    leads, unalerted, unclaimed, passed_on = count(), count(), count(), count()
    median_seconds_to_alert, p95_seconds_to_alert = seconds(), seconds()
    median_seconds_to_claim, p95_seconds_to_claim = seconds(), seconds()

    class Meta:
        model = DistributionReport
        fields = LEAD_FIGURES


class MemberFiguresSerializer(CountsSerializer):
    """Results of the offers to one member."""

    user = OfferedUserSerializer(read_only=True)
    first_offers, expected_first_offers = count(), nullable_decimal()
    median_seconds_from_alert_to_claim, p95_seconds_from_alert_to_claim = seconds(), seconds()

    class Meta:
        model = DistributionReport
        fields = ["user", "first_offers", "expected_first_offers", *OFFER_FIGURES]


class MemberSourceFiguresSerializer(CountsSerializer):
    user_id, source_id = count(), nullable_integer()
    median_seconds_from_alert_to_claim, p95_seconds_from_alert_to_claim = seconds(), seconds()

    class Meta:
        model = DistributionReport
        fields = ["user_id", "source_id", *OFFER_FIGURES]


class MemberPriceFiguresSerializer(CountsSerializer):
    user_id, least, below = count(), nullable_integer(), nullable_integer()
    median_seconds_from_alert_to_claim, p95_seconds_from_alert_to_claim = seconds(), seconds()

    class Meta:
        model = DistributionReport
        fields = ["user_id", "least", "below", *OFFER_FIGURES]


class SourceFiguresSerializer(LeadFiguresSerializer):
    source_id, name = nullable_integer(), LenientText(read_only=True)

    class Meta:
        model = DistributionReport
        fields = ["source_id", "name", *LEAD_FIGURES]


class PriceFiguresSerializer(LeadFiguresSerializer):
    """Leads with prices from `least` (inclusive) to `below` (exclusive), in dollars."""

    least, below = nullable_integer(), nullable_integer()

    class Meta:
        model = DistributionReport
        fields = ["least", "below", *LEAD_FIGURES]


class DayFiguresSerializer(LeadFiguresSerializer):
    day = LenientDate(read_only=True)

    class Meta:
        model = DistributionReport
        fields = ["day", *LEAD_FIGURES]


class ClaimTimeSerializer(LenientSerializer[Any]):
    """Number of leads that were claimed within these seconds."""

    least, below, claims = count(), nullable_integer(), count()

    class Meta:
        model = DistributionReport
        fields = ["least", "below", "claims"]


class DistributionReportSerializer(LenientSerializer[Any]):
    locals()["from"] = LenientDateTime(source="query.start", read_only=True)  # no name that Python lets us assign to
    to = LenientDateTime(source="query.end", read_only=True)
    timezone = LenientText(source="query.zone.key", read_only=True)
    source_id = LenientInteger(source="query.source_id", read_only=True, allow_null=True)
    team = NamedTeamSerializer(read_only=True)
    totals = LeadFiguresSerializer(read_only=True)
    by_member = MemberFiguresSerializer(many=True, read_only=True)
    by_source = SourceFiguresSerializer(many=True, read_only=True)
    by_member_and_source = MemberSourceFiguresSerializer(many=True, read_only=True)
    by_member_and_price_band = MemberPriceFiguresSerializer(many=True, read_only=True)
    by_price_band = PriceFiguresSerializer(many=True, read_only=True)
    by_day = DayFiguresSerializer(many=True, read_only=True)
    by_time_to_claim = ClaimTimeSerializer(many=True, read_only=True)

    class Meta:
        model = DistributionReport
        example = examples.DISTRIBUTION_REPORT
        fields = [
            "team",
            "from",
            "to",
            "timezone",
            "source_id",
            "totals",
            "by_member",
            "by_source",
            "by_price_band",
            "by_member_and_source",
            "by_member_and_price_band",
            "by_day",
            "by_time_to_claim",
        ]
