"""Metrics of a team's leads and offers in a period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from leads.models import LeadSource
from leads.reasons import EndReason
from leads.reporting.metrics_sql import (
    FIRST_OFFERS_SQL,
    LEAD_FIGURES_SQL,
    OFFER_FIGURES_SQL,
    OFFERS_SQL,
    PERIOD_SQL,
    PRICES_SQL,
)
from leads.reporting.report_query import ReportQuery, query_error
from leads.routing.price_parsing import parse_price
from teams.models import Team, TeamMember, User

# Edges of the price bands, in dollars.
PRICE_EDGES: Final = (0, 250_000, 500_000, 1_000_000)
NO_PRICE_BAND: Final = 0  # index of leads without a readable price; the bands follow from 1
# Seconds within which a lead was claimed: a minute, five, a quarter of an hour, one hour, four, a day, and later.
CLAIM_EDGES: Final = (0, 60, 300, 900, 3600, 14_400, 86_400)


@dataclass(frozen=True)
class Counts:
    """Counts of events. An offer is alerted once its member was notified, or was assigned the lead automatically."""

    offers: int = 0
    alerted: int = 0
    claims: int = 0
    declines: int = 0
    lost: int = 0
    expired: int = 0


@dataclass(frozen=True)
class LeadFigures(Counts):
    """Results of a group of leads: each is claimed, unclaimed, or passed on to another team."""

    leads: int = 0
    unalerted: int = 0
    unclaimed: int = 0
    passed_on: int = 0
    median_seconds_to_alert: float | None = None
    p95_seconds_to_alert: float | None = None
    median_seconds_to_claim: float | None = None
    p95_seconds_to_claim: float | None = None


@dataclass(frozen=True)
class OfferFigures(Counts):
    """What members did with their offers. Automatic assignments have no time to claim."""

    median_seconds_from_alert_to_claim: float | None = None
    p95_seconds_from_alert_to_claim: float | None = None


@dataclass(frozen=True, kw_only=True)
class MemberFigures(OfferFigures):
    """First offers and expected first offers of a member. `expected_first_offers` is null without a round robin."""

    user: User
    first_offers: int = 0
    expected_first_offers: float | None = None


@dataclass(frozen=True, kw_only=True)
class MemberSourceFigures(OfferFigures):
    user_id: int
    source_id: int | None


@dataclass(frozen=True, kw_only=True)
class MemberPriceFigures(OfferFigures):
    user_id: int
    least: int | None
    below: int | None


@dataclass(frozen=True, kw_only=True)
class SourceFigures(LeadFigures):
    source_id: int | None
    name: str


@dataclass(frozen=True, kw_only=True)
class PriceFigures(LeadFigures):
    """Prices from `least` up to, but not including, `below`. Both are None for leads without a price."""

    least: int | None
    below: int | None


@dataclass(frozen=True, kw_only=True)
class DayFigures(LeadFigures):
    day: date


@dataclass(frozen=True)
class ClaimTime:
    """Number of leads that were claimed within these seconds."""

    least: int
    below: int | None
    claims: int


@dataclass(frozen=True)
class Report:
    team: Team
    query: ReportQuery
    totals: LeadFigures
    by_member: list[MemberFigures]
    by_source: list[SourceFigures]
    by_member_and_source: list[MemberSourceFigures]
    by_member_and_price_band: list[MemberPriceFigures]
    by_price_band: list[PriceFigures]
    by_day: list[DayFigures]
    by_time_to_claim: list[ClaimTime]


NO_LEADS: Final = LeadFigures()


FirstOffers = Mapping[int, tuple[int, float | None]]  # by member
LeadFiguresByKey = Mapping[tuple[str, int | None], LeadFigures]  # by dimension and key
OfferFigureRows = Sequence[tuple[int, str, int | None, OfferFigures]]  # by member, then by dimension and key


def build_report(team: Team, query: ReportQuery) -> Report:
    """Build the report of a team."""
    if query.source_id is not None and not LeadSource.objects.filter(pk=query.source_id).exists():
        raise query_error("source_id", f"names no lead source: there is no {query.source_id}.")
    named = {"team": team.pk, "start": query.start, "end": query.end, "source": query.source_id}
    prices = [price for (price,) in fetch_rows(PRICES_SQL, named)]
    priced = named | {"prices": prices, "bands": [price_band(price) for price in prices]}
    days = query.days()
    found = load_lead_figures(priced, [begins for _, begins in days])
    turns = load_offer_figures(priced)
    begun = fetch_rows(OFFERS_SQL + FIRST_OFFERS_SQL, {**named, "claimed": EndReason.LEAD_CLAIMED.value})
    firsts = {user_id: (first, expected) for user_id, first, expected in begun}
    return Report(
        team=team,
        query=query,
        totals=found["all", None],
        by_member=member_figures(
            team, {user_id: figures for user_id, kind, _, figures in turns if kind == "all"}, firsts
        ),
        by_source=source_figures(found),
        by_member_and_source=[
            MemberSourceFigures(**vars(figures), user_id=user_id, source_id=source_id)
            for user_id, kind, source_id, figures in turns
            if kind == "source"
        ],
        by_member_and_price_band=member_price_figures(turns),
        by_price_band=price_figures(found),
        by_day=[
            DayFigures(**vars(found.get(("day", at), NO_LEADS)), day=day) for at, (day, _) in enumerate(days, start=1)
        ],
        by_time_to_claim=claim_times(found),
    )


# Queries


def load_lead_figures(named: Mapping[str, Any], days: Sequence[datetime]) -> LeadFiguresByKey:
    """Load the results of all leads, and by source, price band, day and time to claim."""
    more = {"days": list(days), "claims": list(CLAIM_EDGES)}
    return {
        (kind, key): LeadFigures(*[*counts, *rounded_percentiles(to_alert), *rounded_percentiles(to_claim)])
        for kind, key, *counts, to_alert, to_claim in fetch_rows(OFFERS_SQL + LEAD_FIGURES_SQL, {**named, **more})
    }


def load_offer_figures(named: Mapping[str, Any]) -> OfferFigureRows:
    """Load the results of each member: in total, and by source and price band."""
    return [
        (user_id, kind, key, OfferFigures(*[*counts, *rounded_percentiles(to_claim)]))
        for user_id, kind, key, *counts, to_claim in fetch_rows(OFFERS_SQL + OFFER_FIGURES_SQL, named)
    ]


def fetch_rows(statement: str, named: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(PERIOD_SQL + statement, named)
        return list(cursor.fetchall())


def rounded_percentiles(percentiles: Sequence[float] | None) -> tuple[float | None, float | None]:
    """Return median and 95th percentile, rounded to milliseconds; None without data."""
    median, p95 = percentiles or (None, None)
    return (None if median is None else round(median, 3)), (None if p95 is None else round(p95, 3))


# Assembly


def price_band(price: str) -> int:
    """Return the index of the price's band: the number of edges that it reaches."""
    number = parse_price(price)
    return NO_PRICE_BAND if number is None else sum(edge <= number for edge in PRICE_EDGES)


def ranges(edges: Sequence[int]) -> list[tuple[int, int | None]]:
    """Return the ranges between edges. The last one has no end."""
    return list(zip(edges, [*edges[1:], None], strict=True))


BANDS: Final[Sequence[tuple[int | None, int | None]]] = [(None, None), *ranges(PRICE_EDGES)]


def member_figures(team: Team, found: Mapping[int, OfferFigures], firsts: FirstOffers) -> list[MemberFigures]:
    """Return all accepted members, also without an offer, and former members with offers. Most offers first."""
    accepted = TeamMember.objects.accepted().filter(team=team).values("user_id")
    users = User.objects.filter(Q(pk__in=accepted) | Q(pk__in=[*found, *firsts]))
    is_owed = any(expected is not None for _, expected in firsts.values())
    members = [
        figures_of_member(user, found.get(user.pk, OfferFigures()), firsts.get(user.pk), is_owed) for user in users
    ]
    return sorted(members, key=lambda member: (-member.offers, -member.claims, member.user.pk))


def figures_of_member(
    user: User, figures: OfferFigures, begun: tuple[int, float | None] | None, is_owed: bool
) -> MemberFigures:
    first, expected = begun or (0, 0.0)
    owed = round(expected, 3) if is_owed and expected is not None else None
    return MemberFigures(**vars(figures), user=user, first_offers=first, expected_first_offers=owed)


def source_figures(found: LeadFiguresByKey) -> list[SourceFigures]:
    """Return the results by source, most leads first."""
    of_source = {key: figures for (kind, key), figures in found.items() if kind == "source"}
    known = LeadSource.objects.filter(pk__in=[key for key in of_source if key is not None])
    names: dict[int | None, str] = dict(known.values_list("pk", "name"))
    sources = [
        SourceFigures(**vars(figures), source_id=key, name=names.get(key, "")) for key, figures in of_source.items()
    ]
    return sorted(sources, key=lambda source: (-source.leads, source.name))


def price_figures(found: LeadFiguresByKey) -> list[PriceFigures]:
    """Return the results of all price bands, those without a price first."""
    return [
        PriceFigures(**vars(found.get(("band", at), NO_LEADS)), least=least, below=below)
        for at, (least, below) in enumerate(BANDS)
    ]


def member_price_figures(turns: OfferFigureRows) -> list[MemberPriceFigures]:
    """Return the price bands in which a member had leads."""
    return [
        MemberPriceFigures(**vars(figures), user_id=user_id, least=BANDS[band][0], below=BANDS[band][1])
        for user_id, kind, band, figures in turns
        if kind == "band" and band is not None
    ]


def claim_times(found: LeadFiguresByKey) -> list[ClaimTime]:
    return [
        ClaimTime(least, below, found.get(("claim_time", at), NO_LEADS).claims)
        for at, (least, below) in enumerate(ranges(CLAIM_EDGES), start=1)
    ]
