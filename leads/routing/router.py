"""Which of the owner's routes a new lead takes, and why not the others. Pure: rows in, a decision out."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from core.postal_codes import has_code, postal_code
from core.reasons import Reason
from leads.reasons import RoutingReason
from leads.routing.matching import ANY, Calendar, Conditions, Inquiry, Unmet, first_unmet, folded, opening

MYSELF: Final = "Myself"
TEAM_ROLLOUT: Final = "Team Rollout"
SPECIFIC_TEAM: Final = "Specific Team"
ZIPCODE: Final = "Zipcode"


@dataclass(frozen=True, slots=True)
class Rule:
    """One `LeadRoute` of the lead's owner. An empty source or filter means any."""

    id: int
    position: int
    target: str = MYSELF
    campaign_id: int | None = None
    lead_source_id: int | None = None
    contact_source: str = ""
    filter: str = ""
    team_selection_method: str | None = None
    team_id: int | None = None
    conditions: Conditions = ANY
    is_returning_to_claimer: bool = False


@dataclass(frozen=True, slots=True)
class TeamArea:
    """The postal codes, as `postal_code` has them, of a team that the routes' owner created, and its calendar."""

    team_id: int
    zipcodes: frozenset[str]
    calendar: Calendar | None = None  # None: that of the rule's conditions


@dataclass(frozen=True, slots=True)
class Attempt:
    """One route that was tried; `condition` is the first one that failed, with what it wanted and what it got."""

    route_id: int
    matched: bool
    condition: str = ""
    expected: Any = None
    actual: Any = None

    def as_json(self) -> dict[str, Any]:
        """Spelled out: of two hundred, `asdict` would take longer than deciding them."""
        return {
            "route_id": self.route_id,
            "matched": self.matched,
            "condition": self.condition,
            "expected": self.expected,
            "actual": self.actual,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """Who gets the lead, and how that came about. Without a route it is the owner's, and starts no campaign."""

    tried: tuple[Attempt, ...]
    reason: Reason
    target: str = MYSELF
    route_id: int | None = None
    team_id: int | None = None
    campaign_id: int | None = None
    starts_at: datetime | None = None  # the opening for which the lead is held; None = at once
    is_returning_to_claimer: bool = False

    def as_json(self) -> dict[str, Any]:
        """The decision as a `RoutingTrace` stores it."""
        starts_at = self.starts_at.isoformat() if self.starts_at else None
        columns = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "reason"}
        tried = [attempt.as_json() for attempt in self.tried]
        return columns | {"tried": tried, "starts_at": starts_at} | self.reason.as_json()


def route(inquiry: Inquiry, rules: Sequence[Rule], teams: Sequence[TeamArea]) -> Decision:
    """Try the rules in order and take the first that matches; the owner gets what none matches."""
    tried: list[Attempt] = []
    for rule in in_order(rules):
        area = _team_for(rule, inquiry, teams)
        unmet = _unmet(rule, inquiry, area)
        if unmet is None:
            return _chosen(rule, inquiry, area, [*tried, Attempt(rule.id, matched=True)])
        tried.append(Attempt(rule.id, False, unmet.condition, unmet.expected, unmet.actual))
    return Decision(tuple(tried), Reason(RoutingReason.NO_ROUTE_MATCHES))


def in_order(rules: Sequence[Rule]) -> list[Rule]:
    """By position, which a team lead may rearrange; where two share one, LionDesk's order decides."""
    return sorted(rules, key=lambda rule: (rule.position, specificity(rule), rule.id))


def specificity(rule: Rule) -> tuple[int, bool, bool]:
    """Return the sort key of a rule, most specific first.

    LionDesk's order: both sources, lead source only, contact source only; a filter before none. Ours: rules for every
    source come last, and of rules that are equal otherwise those with conditions come first.
    """
    sources = (bool(rule.lead_source_id), bool(folded(rule.contact_source)))
    rank = [(True, True), (True, False), (False, True), (False, False)].index(sources)
    return rank, not folded(rule.filter), rule.conditions.is_any


def position_for(new: Rule, existing: Sequence[Rule]) -> int:
    """The position just before the first less specific rule, else after the last.

    Rules given theirs so stay in LionDesk's order until somebody rearranges them. Moving those that stand at
    it or behind it on by one keeps positions distinct; the order is the same without.
    """
    others = [rule for rule in in_order(existing) if rule.id != new.id]
    for rule in others:
        if specificity(rule) > specificity(new):
            return rule.position
    return others[-1].position + 1 if others else 1


def _team_for(rule: Rule, inquiry: Inquiry, teams: Sequence[TeamArea]) -> TeamArea | None:
    """The team a rollout by this rule would go to."""
    if rule.target != TEAM_ROLLOUT:
        return None
    if rule.team_selection_method != ZIPCODE:
        return None if rule.team_id is None else TeamArea(rule.team_id, frozenset())
    code = postal_code(inquiry.zipcode)
    return min((team for team in teams if has_code(team.zipcodes, code)), key=lambda team: team.team_id, default=None)


def _unmet(rule: Rule, inquiry: Inquiry, area: TeamArea | None) -> Unmet | None:
    """The first condition of the rule that the inquiry does not meet."""
    wanted = (
        ("lead_source", rule.lead_source_id, inquiry.lead_source_id),
        ("contact_source", rule.contact_source, inquiry.contact_source),
        ("filter", rule.filter, inquiry.type),
    )
    for condition, expected, actual in wanted:
        if expected and folded(expected) not in ("", folded(actual)):
            return Unmet(condition, expected, actual)
    if rule.target == TEAM_ROLLOUT and area is None:
        return _teamless(rule, inquiry)
    return first_unmet(rule.conditions, inquiry, _calendar(rule, area))


def _reason(rule: Rule, team_id: int | None, starts_at: datetime | None) -> Reason:
    details: dict[str, Any] = {"route_id": rule.id}
    if team_id is None:
        return Reason(RoutingReason.TO_OWNER, details)
    if starts_at is None:
        return Reason(RoutingReason.TO_TEAM, details | {"team_id": team_id})
    return Reason(RoutingReason.HELD_FOR_TEAM, details | {"team_id": team_id, "starts_at": starts_at.isoformat()})


def _calendar(rule: Rule, area: TeamArea | None) -> Calendar:
    """That by which this rule is open: its team's, however the team is chosen."""
    return area.calendar if area and area.calendar else rule.conditions.calendar


def _teamless(rule: Rule, inquiry: Inquiry) -> Unmet:
    if rule.team_selection_method == ZIPCODE:
        return Unmet("zipcode", None, inquiry.zipcode)
    return Unmet("team", None, None)


def _chosen(rule: Rule, inquiry: Inquiry, area: TeamArea | None, tried: Sequence[Attempt]) -> Decision:
    team_id = area.team_id if area else None
    starts_at = opening(rule.conditions, inquiry, _calendar(rule, area)) if area else None
    return Decision(
        tried=tuple(tried),
        reason=_reason(rule, team_id, starts_at),
        target=MYSELF if team_id is None else TEAM_ROLLOUT,
        route_id=rule.id,
        team_id=team_id,
        campaign_id=rule.campaign_id,
        starts_at=starts_at,
        is_returning_to_claimer=rule.is_returning_to_claimer,
    )
