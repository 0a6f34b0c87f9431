"""Rehearsing leads on the teams and routes that there are: a few queries for them, and some for each team."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from core.reasons import with_text
from leads.distribution.roster import Roster, load_roster
from leads.lifecycle.intake import service_areas
from leads.lifecycle.offers import fallback_policy
from leads.models import Lead, LeadRoute
from leads.routing.router import sort_rules
from leads.routing.routes import rule_from_route
from leads.simulation.cases import InputWarning, InvalidRow, SimulationCase, SimulationInput
from leads.simulation.simulator import OWNER, EarlierClaim, LeadPath, Simulator, Stop
from teams.models import Team, User
from teams.visibility import any_of


@dataclass(frozen=True, slots=True)
class LeadResult:
    """One lead: what it is, what was decided, where it would go, and what really became of it."""

    line: int | None
    at: datetime
    lead: dict[str, Any]
    decision: dict[str, Any]
    stations: list[Stop]
    really: Lead | None


@dataclass(frozen=True, slots=True)
class FirstOffers:
    """How many leads a member would be the first to hear of, if only together with others."""

    user_id: int
    leads: int


@dataclass(frozen=True, slots=True)
class TeamShare:
    """How many leads would go to a team first."""

    team_id: int
    leads: int
    first_offers: list[FirstOffers]


@dataclass(frozen=True, slots=True)
class RouteShare:
    """How many leads a route would take."""

    route_id: int
    leads: int


@dataclass(frozen=True, slots=True)
class Summary:
    leads: int
    routes: list[RouteShare]  # in the order in which they are tried
    teams: list[TeamShare]
    unrouted: int  # no route fits
    untold: int  # meant for a team, and nobody would be told
    never_matched: list[int]  # routes


@dataclass(frozen=True, slots=True)
class SimulationResult:
    leads: list[LeadResult]
    bad_rows: list[InvalidRow]
    warnings: list[InputWarning]
    summary: Summary


def simulate(owner: User, routes: Sequence[LeadRoute], asked: SimulationInput) -> SimulationResult:
    """What would become of these leads by these routes."""
    teams = {team.pk: team for team in Team.objects.filter(creator=owner).with_fallback_user()}

    def roster_at(team_id: int, at: datetime) -> Roster:
        return load_roster(teams.get(team_id) or Team.objects.get(pk=team_id), at)

    rehearsal = Simulator(
        rules=[rule_from_route(route) for route in routes],
        areas=service_areas((team for team in teams.values() if team.distribution_zipcodes), owner),
        fallbacks={team.pk: fallback_policy(team) for team in teams.values()},
        roster_at=roster_at,
        claims=load_earlier_claims(asked.cases, routes),
        most=settings.MOST_FALLBACKS,
    )
    journeys = rehearsal.run(case.newcomer for case in asked.cases)
    leads = [lead_result(case, journey) for case, journey in zip(asked.cases, journeys, strict=True)]
    return SimulationResult(leads, asked.bad_rows, asked.warnings, summarize(journeys, routes))


def load_earlier_claims(cases: Iterable[SimulationCase], routes: Iterable[LeadRoute]) -> dict[int, list[EarlierClaim]]:
    """By contact, the leads of theirs that somebody of a team claimed, the latest first; where a route asks for it."""
    claims: dict[int, list[EarlierClaim]] = defaultdict(list)
    contacts = {case.newcomer.contact_id for case in cases if case.newcomer.contact_id}
    if not contacts or not any(route.is_returning_to_claimer for route in routes):
        return claims
    claimed = Lead.objects.filter(any_of("contact_id", contacts), claimed_by_user__isnull=False, team__isnull=False)
    for lead in claimed.only("contact", "claimed_at", "claimed_by_user").order_by("-claimed_at", "-pk"):
        if lead.claimed_at and lead.claimed_by_user_id:
            claims[lead.contact_id].append(EarlierClaim(lead.claimed_at, lead.claimed_by_user_id, lead.pk))
    return claims


# What is answered


def lead_result(case: SimulationCase, journey: LeadPath) -> LeadResult:
    given = {name: value for name, value in case.given.items() if name != "created_at"}
    return LeadResult(
        line=case.line,
        at=case.newcomer.at,
        lead=given,
        decision=with_text(journey.decision.as_json()),
        stations=journey.stations,
        really=case.lead,
    )


def summarize(journeys: Sequence[LeadPath], routes: Sequence[LeadRoute]) -> Summary:
    """Who would hear first of how many leads, and what of the routes is of no use."""
    firsts: dict[int, Counter[int]] = defaultdict(Counter)
    for journey in journeys:
        if journey.decision.team_id is not None:
            firsts[journey.decision.team_id].update(first_recipients(journey.stations[0]))
    leads = Counter(journey.decision.team_id for journey in journeys)
    taken = Counter(journey.decision.route_id for journey in journeys)
    shares = [RouteShare(rule.id, taken[rule.id]) for rule in sort_rules([rule_from_route(route) for route in routes])]
    return Summary(
        leads=len(journeys),
        routes=shares,
        teams=[
            TeamShare(team_id, leads[team_id], [FirstOffers(*share) for share in sorted(firsts[team_id].items())])
            for team_id in sorted(firsts)
        ],
        unrouted=sum(journey.decision.route_id is None for journey in journeys),
        untold=sum(is_not_notified(journey) for journey in journeys),
        never_matched=[share.route_id for share in shares if not share.leads],
    )


def first_recipients(station: Stop) -> list[int]:
    """Whoever is told at the first moment: in a Broadcast everybody."""
    return [offer.user_id for offer in station.offers if offer.at == station.offers[0].at]


def is_not_notified(journey: LeadPath) -> bool:
    """Whether a lead meant for a team would wait for its owner without anybody having been offered it."""
    return journey.stations[-1].target == OWNER and not journey.had and journey.decision.team_id is not None
