"""Rehearsing leads on the teams and routes that there are: a few queries for them, and some for each team."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from core.reasons import with_text
from leads.distribution.roster import Roster, roster_of
from leads.lifecycle.intake import areas_in
from leads.lifecycle.offers import fallback_of
from leads.models import Lead, LeadRoute
from leads.routing.router import in_order
from leads.routing.routes import rule_of
from leads.simulation.cases import BadRow, Case, Cases, Warned
from leads.simulation.simulator import OWNER, Claim, Journey, Rehearsal, Station
from teams.models import Team, User
from teams.visibility import any_of


@dataclass(frozen=True, slots=True)
class RehearsedLead:
    """One lead: what it is, what was decided, where it would go, and what really became of it."""

    line: int | None
    at: datetime
    lead: dict[str, Any]
    decision: dict[str, Any]
    stations: list[Station]
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
class Answer:
    leads: list[RehearsedLead]
    bad_rows: list[BadRow]
    warnings: list[Warned]
    summary: Summary


def rehearse(owner: User, routes: Sequence[LeadRoute], asked: Cases) -> Answer:
    """What would become of these leads by these routes."""
    teams = {team.pk: team for team in Team.objects.filter(creator=owner).with_fallback_user()}

    def roster_at(team_id: int, at: datetime) -> Roster:
        return roster_of(teams.get(team_id) or Team.objects.get(pk=team_id), at)

    rehearsal = Rehearsal(
        rules=[rule_of(route) for route in routes],
        areas=areas_in((team for team in teams.values() if team.distribution_zipcodes), owner),
        fallbacks={team.pk: fallback_of(team) for team in teams.values()},
        roster_at=roster_at,
        claims=claims_of(asked.cases, routes),
        most=settings.MOST_FALLBACKS,
    )
    journeys = rehearsal.run(case.newcomer for case in asked.cases)
    leads = [told_case(case, journey) for case, journey in zip(asked.cases, journeys, strict=True)]
    return Answer(leads, asked.bad_rows, asked.warnings, summed_up(journeys, routes))


def claims_of(cases: Iterable[Case], routes: Iterable[LeadRoute]) -> dict[int, list[Claim]]:
    """By contact, the leads of theirs that somebody of a team claimed, the latest first; where a route asks for it."""
    claims: dict[int, list[Claim]] = defaultdict(list)
    contacts = {case.newcomer.contact_id for case in cases if case.newcomer.contact_id}
    if not contacts or not any(route.is_returning_to_claimer for route in routes):
        return claims
    claimed = Lead.objects.filter(any_of("contact_id", contacts), claimed_by_user__isnull=False, team__isnull=False)
    for lead in claimed.only("contact", "claimed_at", "claimed_by_user").order_by("-claimed_at", "-pk"):
        if lead.claimed_at and lead.claimed_by_user_id:
            claims[lead.contact_id].append(Claim(lead.claimed_at, lead.claimed_by_user_id, lead.pk))
    return claims


# What is answered


def told_case(case: Case, journey: Journey) -> RehearsedLead:
    given = {name: value for name, value in case.given.items() if name != "created_at"}
    return RehearsedLead(
        line=case.line,
        at=case.newcomer.at,
        lead=given,
        decision=with_text(journey.decision.as_json()),
        stations=journey.stations,
        really=case.lead,
    )


def summed_up(journeys: Sequence[Journey], routes: Sequence[LeadRoute]) -> Summary:
    """Who would hear first of how many leads, and what of the routes is of no use."""
    firsts: dict[int, Counter[int]] = defaultdict(Counter)
    for journey in journeys:
        if journey.decision.team_id is not None:
            firsts[journey.decision.team_id].update(told_first(journey.stations[0]))
    leads = Counter(journey.decision.team_id for journey in journeys)
    taken = Counter(journey.decision.route_id for journey in journeys)
    shares = [RouteShare(rule.id, taken[rule.id]) for rule in in_order([rule_of(route) for route in routes])]
    return Summary(
        leads=len(journeys),
        routes=shares,
        teams=[
            TeamShare(team_id, leads[team_id], [FirstOffers(*share) for share in sorted(firsts[team_id].items())])
            for team_id in sorted(firsts)
        ],
        unrouted=sum(journey.decision.route_id is None for journey in journeys),
        untold=sum(is_untold(journey) for journey in journeys),
        never_matched=[share.route_id for share in shares if not share.leads],
    )


def told_first(station: Station) -> list[int]:
    """Whoever is told at the first moment: in a Broadcast everybody."""
    return [offer.user_id for offer in station.offers if offer.at == station.offers[0].at]


def is_untold(journey: Journey) -> bool:
    """Whether a lead meant for a team would wait for its owner without anybody having been offered it."""
    return journey.stations[-1].target == OWNER and not journey.had and journey.decision.team_id is not None
