"""Pick the route of a new lead, and record why the others did not match. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from core.postal_codes import has_code, postal_code
from core.reasons import Reason
from leads.reasons import RoutingReason
from leads.routing.matching import (
    NO_CONDITIONS,
    Calendar,
    Conditions,
    Inquiry,
    Mismatch,
    first_mismatch,
    normalize_value,
    opening_time,
)

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
    conditions: Conditions = NO_CONDITIONS
    is_returning_to_claimer: bool = False


@dataclass(frozen=True, slots=True)
class TeamServiceArea:
    """The postal codes (as `postal_code` returns them) of a team, and its calendar."""

    team_id: int
    zipcodes: frozenset[str]
    calendar: Calendar | None = None  # None: use that of the rule


@dataclass(frozen=True, slots=True)
class RouteEvaluation:
    """The evaluation of one route. `condition`: the first one that is not met, with the expected and actual value."""

    route_id: int
    matched: bool
    condition: str = ""
    expected: Any = None
    actual: Any = None

    def as_json(self) -> dict[str, Any]:
        """Spelled out, because for 200 routes `asdict` takes longer than the decision."""
        return {
            "route_id": self.route_id,
            "matched": self.matched,
            "condition": self.condition,
            "expected": self.expected,
            "actual": self.actual,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """Where the lead goes, and why. Without a route, the owner gets it and no campaign starts."""

    tried: tuple[RouteEvaluation, ...]
    reason: Reason
    target: str = MYSELF
    route_id: int | None = None
    team_id: int | None = None
    campaign_id: int | None = None
    starts_at: datetime | None = None  # when a held lead is offered; None = immediately
    is_returning_to_claimer: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the decision as `RoutingTrace` stores it."""
        starts_at = self.starts_at.isoformat() if self.starts_at else None
        columns = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "reason"}
        tried = [attempt.as_json() for attempt in self.tried]
        return columns | {"tried": tried, "starts_at": starts_at} | self.reason.as_json()


def pick_route(inquiry: Inquiry, rules: Sequence[Rule], teams: Sequence[TeamServiceArea]) -> Decision:
    """Evaluate the rules in order and pick the first that matches. Without a match, the owner gets the lead."""
    tried: list[RouteEvaluation] = []
    for rule in sort_rules(rules):
        area = _service_area_for(rule, inquiry, teams)
        unmet = _first_mismatch(rule, inquiry, area)
        if unmet is None:
            return _matching_decision(rule, inquiry, area, [*tried, RouteEvaluation(rule.id, matched=True)])
        tried.append(RouteEvaluation(rule.id, False, unmet.condition, unmet.expected, unmet.actual))
    return Decision(tuple(tried), Reason(RoutingReason.NO_ROUTE_MATCHES))


def sort_rules(rules: Sequence[Rule]) -> list[Rule]:
    """Sort rules by position, which users can change; equal positions by LionDesk's order."""
    return sorted(rules, key=lambda rule: (rule.position, specificity(rule), rule.id))


def specificity(rule: Rule) -> tuple[int, bool, bool]:
    """Return the sort key of a rule, most specific first.

    LionDesk's order: both sources, lead source only, contact source only; with a filter before without. Ours: rules for
    any source come last, and among otherwise equal rules, those with conditions come first.
    """
    sources = (bool(rule.lead_source_id), bool(normalize_value(rule.contact_source)))
    rank = [(True, True), (True, False), (False, True), (False, False)].index(sources)
    return rank, not normalize_value(rule.filter), rule.conditions.is_empty


def position_for(new: Rule, existing: Sequence[Rule]) -> int:
    """Return the position before the first less specific rule, otherwise after the last rule.

    New rules thus stay in LionDesk's order until a user rearranges them. The caller moves later rules by one.
    """
    others = [rule for rule in sort_rules(existing) if rule.id != new.id]
    for rule in others:
        if specificity(rule) > specificity(new):
            return rule.position
    return others[-1].position + 1 if others else 1


def _service_area_for(rule: Rule, inquiry: Inquiry, teams: Sequence[TeamServiceArea]) -> TeamServiceArea | None:
    """Return the service area of the team that gets leads of this rule."""
    if rule.target != TEAM_ROLLOUT:
        return None
    if rule.team_selection_method != ZIPCODE:
        return None if rule.team_id is None else TeamServiceArea(rule.team_id, frozenset())
    code = postal_code(inquiry.zipcode)
    return min((team for team in teams if has_code(team.zipcodes, code)), key=lambda team: team.team_id, default=None)


def _first_mismatch(rule: Rule, inquiry: Inquiry, area: TeamServiceArea | None) -> Mismatch | None:
    """Return the first condition of the rule that the inquiry does not meet."""
    wanted = (
        ("lead_source", rule.lead_source_id, inquiry.lead_source_id),
        ("contact_source", rule.contact_source, inquiry.contact_source),
        ("filter", rule.filter, inquiry.type),
    )
    for condition, expected, actual in wanted:
        if expected and normalize_value(expected) not in ("", normalize_value(actual)):
            return Mismatch(condition, expected, actual)
    if rule.target == TEAM_ROLLOUT and area is None:
        return _team_mismatch(rule, inquiry)
    return first_mismatch(rule.conditions, inquiry, _calendar_for(rule, area))


def _decision_reason(rule: Rule, team_id: int | None, starts_at: datetime | None) -> Reason:
    details: dict[str, Any] = {"route_id": rule.id}
    if team_id is None:
        return Reason(RoutingReason.TO_OWNER, details)
    if starts_at is None:
        return Reason(RoutingReason.TO_TEAM, details | {"team_id": team_id})
    return Reason(RoutingReason.HELD_FOR_TEAM, details | {"team_id": team_id, "starts_at": starts_at.isoformat()})


def _calendar_for(rule: Rule, area: TeamServiceArea | None) -> Calendar:
    """Return the calendar of this rule's hours: that of its team, also if selected by ZIP code."""
    return area.calendar if area and area.calendar else rule.conditions.calendar


def _team_mismatch(rule: Rule, inquiry: Inquiry) -> Mismatch:
    if rule.team_selection_method == ZIPCODE:
        return Mismatch("zipcode", None, inquiry.zipcode)
    return Mismatch("team", None, None)


def _matching_decision(
    rule: Rule, inquiry: Inquiry, area: TeamServiceArea | None, tried: Sequence[RouteEvaluation]
) -> Decision:
    team_id = area.team_id if area else None
    starts_at = opening_time(rule.conditions, inquiry, _calendar_for(rule, area)) if area else None
    return Decision(
        tried=tuple(tried),
        reason=_decision_reason(rule, team_id, starts_at),
        target=MYSELF if team_id is None else TEAM_ROLLOUT,
        route_id=rule.id,
        team_id=team_id,
        campaign_id=rule.campaign_id,
        starts_at=starts_at,
        is_returning_to_claimer=rule.is_returning_to_claimer,
    )
