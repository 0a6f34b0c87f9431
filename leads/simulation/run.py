"""Run a simulation on the current teams and routes. Queries: constant, plus some per team that is reached."""

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
from teams.visibility import in_ids


@dataclass(frozen=True, slots=True)
class LeadResult:
    """One simulated lead: its fields, the routing decision, its stops, and the lead itself if it exists."""

    line: int | None
    at: datetime
    lead: dict[str, Any]
    decision: dict[str, Any]
    stops: list[Stop]
    actual: Lead | None


@dataclass(frozen=True, slots=True)
class FirstOffers:
    """Number of leads that a member is offered first, alone or together with others."""

    user_id: int
    leads: int


@dataclass(frozen=True, slots=True)
class TeamShare:
    """Number of leads that are routed to a team."""

    team_id: int
    leads: int
    first_offers: list[FirstOffers]


@dataclass(frozen=True, slots=True)
class RouteShare:
    """Number of leads that take a route."""

    route_id: int
    leads: int


@dataclass(frozen=True, slots=True)
class Summary:
    leads: int
    routes: list[RouteShare]  # in the order of evaluation
    teams: list[TeamShare]
    unrouted: int  # no route matches
    not_notified: int  # routed to a team, but no member is offered the lead
    never_matched: list[int]  # ids of routes


@dataclass(frozen=True, slots=True)
class SimulationResult:
    leads: list[LeadResult]
    invalid_rows: list[InvalidRow]
    warnings: list[InputWarning]
    summary: Summary


def simulate(owner: User, routes: Sequence[LeadRoute], simulation_input: SimulationInput) -> SimulationResult:
    """Simulate the distribution of these leads by these routes."""
    teams = {team.pk: team for team in Team.objects.filter(creator=owner).with_fallback_user()}

    def roster_at(team_id: int, at: datetime) -> Roster:
        return load_roster(teams.get(team_id) or Team.objects.get(pk=team_id), at)

    simulator = Simulator(
        rules=[rule_from_route(route) for route in routes],
        areas=service_areas((team for team in teams.values() if team.distribution_zipcodes), owner),
        fallbacks={team.pk: fallback_policy(team) for team in teams.values()},
        roster_at=roster_at,
        claims=load_earlier_claims(simulation_input.cases, routes),
        max_fallbacks=settings.MOST_FALLBACKS,
    )
    paths = simulator.run(case.simulated_lead for case in simulation_input.cases)
    leads = [lead_result(case, path) for case, path in zip(simulation_input.cases, paths, strict=True)]
    return SimulationResult(leads, simulation_input.invalid_rows, simulation_input.warnings, summarize(paths, routes))


def load_earlier_claims(cases: Iterable[SimulationCase], routes: Iterable[LeadRoute]) -> dict[int, list[EarlierClaim]]:
    """Return the claims by members of teams, by contact id, latest first; {} if no route returns leads."""
    claims: dict[int, list[EarlierClaim]] = defaultdict(list)
    contacts = {case.simulated_lead.contact_id for case in cases if case.simulated_lead.contact_id}
    if not contacts or not any(route.is_returning_to_claimer for route in routes):
        return claims
    claimed = Lead.objects.filter(in_ids("contact_id", contacts), claimed_by_user__isnull=False, team__isnull=False)
    for lead in claimed.only("contact", "claimed_at", "claimed_by_user").order_by("-claimed_at", "-pk"):
        if lead.claimed_at and lead.claimed_by_user_id:
            claims[lead.contact_id].append(EarlierClaim(lead.claimed_at, lead.claimed_by_user_id, lead.pk))
    return claims


# Result


def lead_result(case: SimulationCase, path: LeadPath) -> LeadResult:
    fields = {name: value for name, value in case.fields.items() if name != "created_at"}
    return LeadResult(
        line=case.line,
        at=case.simulated_lead.at,
        lead=fields,
        decision=with_text(path.decision.as_json()),
        stops=path.stops,
        actual=case.lead,
    )


def summarize(paths: Sequence[LeadPath], routes: Sequence[LeadRoute]) -> Summary:
    """Count leads by route, by team and by first recipient."""
    firsts: dict[int, Counter[int]] = defaultdict(Counter)
    for path in paths:
        if path.decision.team_id is not None:
            firsts[path.decision.team_id].update(first_recipients(path.stops[0]))
    team_counts = Counter(path.decision.team_id for path in paths)
    route_counts = Counter(path.decision.route_id for path in paths)
    shares = [
        RouteShare(rule.id, route_counts[rule.id]) for rule in sort_rules([rule_from_route(route) for route in routes])
    ]
    return Summary(
        leads=len(paths),
        routes=shares,
        teams=[
            TeamShare(team_id, team_counts[team_id], [FirstOffers(*share) for share in sorted(firsts[team_id].items())])
            for team_id in sorted(firsts)
        ],
        unrouted=sum(path.decision.route_id is None for path in paths),
        not_notified=sum(is_not_notified(path) for path in paths),
        never_matched=[share.route_id for share in shares if not share.leads],
    )


def first_recipients(stop: Stop) -> list[int]:
    """Return the members who are offered the lead first: in a broadcast, all of them."""
    return [offer.user_id for offer in stop.offers if offer.at == stop.offers[0].at]


def is_not_notified(path: LeadPath) -> bool:
    """Whether a lead that is routed to a team waits for its owner without being offered to a member."""
    return path.stops[-1].target == OWNER and not path.offered_user_ids and path.decision.team_id is not None
