"""What is the matter with a user's routes as they stand: in words, by route."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from campaigns.models import Campaign
from leads.intake import areas_in
from leads.models import DistributionTarget, LeadRoute
from leads.on_request import nobody_to_tell
from leads.roster import roster_of
from leads.routes import rule_of
from leads.rules.overlaps import HIDDEN, IMPOSSIBLE, NO_AREA, useless
from teams.models import Team, User

NEVER = {
    IMPOSSIBLE: "It can never match: it asks for two different types at once.",
    NO_AREA: "It can never match: none of your teams serves such a ZIP code.",
}


def matters_of(owner: User, routes: Sequence[LeadRoute], now: datetime) -> dict[int, list[str]]:
    """By route, in order, what a team lead should know of it. `routes` come in their order."""
    found: dict[int, list[str]] = defaultdict(list)
    teams = {team.pk: team for team in Team.objects.filter(creator=owner)}
    for said in (never_matching(owner, routes, teams), mute(routes, teams, now), without_campaign(owner, routes)):
        for route_id, words in said.items():
            found[route_id].append(words)
    return found


def never_matching(owner: User, routes: Sequence[LeadRoute], teams: Mapping[int, Team]) -> dict[int, str]:
    areas = areas_in((team for team in teams.values() if team.distribution_zipcodes), owner)
    area = frozenset(code for served in areas for code in served.zipcodes)
    return {
        route_id: f"It can never match: rule {other} takes all that it would." if why == HIDDEN else NEVER[why]
        for route_id, (why, other) in useless([rule_of(route) for route in routes], area).items()
    }


def mute(routes: Sequence[LeadRoute], teams: Mapping[int, Team], now: datetime) -> dict[int, str]:
    """Routes to a team of which nobody could be told of a lead that came in now."""
    by_area = [team_id for team_id, team in teams.items() if team.distribution_zipcodes]
    asked = {route.pk: by_area if goes_by_area(route) else [route.team_id or 0] for route in routes}
    reasons = {team_id: why_mute(teams[team_id], now) for team_id in set().union(*asked.values()) & teams.keys()}
    said = {route_id: " ".join(filter(None, map(reasons.get, ids))) for route_id, ids in asked.items()}
    return {route_id: words for route_id, words in said.items() if words}


def goes_by_area(route: LeadRoute) -> bool:
    return route.distribution_target == DistributionTarget.TEAM_ROLLOUT and route.team_id is None


def why_mute(team: Team, now: datetime) -> str:
    """Empty when somebody could be told."""
    plan = roster_of(team, now).plan((), now)
    return f"Right now: {nobody_to_tell(team, plan)}." if plan.is_empty else ""


def without_campaign(owner: User, routes: Sequence[LeadRoute]) -> dict[int, str]:
    """Routes whose campaign was shared with the owner once, and is not any more."""
    usable = set(Campaign.objects.visible_to(owner).values_list("pk", flat=True))
    missing = [route for route in routes if route.campaign_id not in usable]
    return {
        route.pk: f"Its campaign, {route.campaign}, is not yours to use any more: choose another." for route in missing
    }
