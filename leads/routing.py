"""Which of the owner's routes a new lead takes, and why not the others. Pure: rows in, a decision out (design 6)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from teams.zipcodes import five_digits

MYSELF: Final = "Myself"
TEAM_ROLLOUT: Final = "Team Rollout"
SPECIFIC_TEAM: Final = "Specific Team"
ZIPCODE: Final = "Zipcode"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What routing looks at in a lead. Contact sources go by name: each user keeps a list of their own."""

    lead_source_id: int | None = None
    contact_source: str = ""
    type: str = ""
    zipcode: str | int | None = None


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


@dataclass(frozen=True, slots=True)
class TeamArea:
    """The ZIP codes, five digits each, of a team that the routes' owner created."""

    team_id: int
    zipcodes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One route that was tried; `condition` is the first one that failed, with what it wanted and what it got."""

    route_id: int
    matched: bool
    condition: str = ""
    expected: str | int | None = None
    actual: str | int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Who gets the lead, and how that came about. Without a route it is the owner's, and starts no campaign."""

    tried: tuple[Attempt, ...]
    reason: str
    target: str = MYSELF
    route_id: int | None = None
    team_id: int | None = None
    campaign_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The decision as a `RoutingTrace` stores it."""
        return asdict(self) | {"tried": [asdict(attempt) for attempt in self.tried]}


def route(inquiry: Inquiry, rules: Sequence[Rule], teams: Sequence[TeamArea]) -> Decision:
    """Try the rules in order and take the first that matches; the owner gets what none matches."""
    tried: list[Attempt] = []
    for rule in in_order(rules):
        team_id = _team_for(rule, inquiry, teams)
        mismatch = _mismatch(rule, inquiry, team_id)
        tried.append(mismatch or Attempt(rule.id, matched=True))
        if mismatch is None:
            return _chosen(rule, team_id, tried)
    return Decision(tuple(tried), "None of the routes matches: the lead goes to its owner.")


def in_order(rules: Sequence[Rule]) -> list[Rule]:
    """By position, which a team lead may rearrange; where two share one, LionDesk's order decides."""
    return sorted(rules, key=lambda rule: (rule.position, specificity(rule), rule.id))


def specificity(rule: Rule) -> tuple[int, bool]:
    """LionDesk's order, lowest first: both sources, lead source only, contact source only; filter before none."""
    sources = (bool(rule.lead_source_id), bool(_folded(rule.contact_source)))
    return [(True, True), (True, False), (False, True), (False, False)].index(sources), not _folded(rule.filter)


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


def _team_for(rule: Rule, inquiry: Inquiry, teams: Sequence[TeamArea]) -> int | None:
    """The team a rollout by this rule would go to."""
    if rule.target != TEAM_ROLLOUT:
        return None
    if rule.team_selection_method != ZIPCODE:
        return rule.team_id
    code = five_digits(inquiry.zipcode)
    return min((team.team_id for team in teams if code in team.zipcodes), default=None)


def _mismatch(rule: Rule, inquiry: Inquiry, team_id: int | None) -> Attempt | None:
    """The first condition of the rule that the inquiry does not meet."""
    wanted = (
        ("lead_source", rule.lead_source_id, inquiry.lead_source_id),
        ("contact_source", rule.contact_source, inquiry.contact_source),
        ("filter", rule.filter, inquiry.type),
    )
    for condition, expected, actual in wanted:
        if _folded(expected) not in ("", _folded(actual)):
            return Attempt(rule.id, matched=False, condition=condition, expected=expected, actual=actual)
    if rule.target == TEAM_ROLLOUT and team_id is None:
        return _teamless(rule, inquiry)
    return None


def _teamless(rule: Rule, inquiry: Inquiry) -> Attempt:
    if rule.team_selection_method == ZIPCODE:
        return Attempt(rule.id, False, "zipcode", "a ZIP code in the list of one of your teams", inquiry.zipcode)
    return Attempt(rule.id, False, "team", "a team")


def _chosen(rule: Rule, team_id: int | None, tried: Sequence[Attempt]) -> Decision:
    taker = "goes to its owner" if team_id is None else f"is offered to team {team_id}"
    target = MYSELF if team_id is None else TEAM_ROLLOUT
    reason = f"Route {rule.id} matches: the lead {taker}."
    return Decision(tuple(tried), reason, target, rule.id, team_id, rule.campaign_id)


def _folded(value: str | int | None) -> str:
    """A value as it is compared: ignoring case and stray blanks, nothing being empty."""
    return str(value or "").strip().casefold()
