"""Warnings about a user's current routes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import TextChoices

from campaigns.models import Campaign
from core.reasons import Reason, reason_codes
from leads.distribution.roster import load_roster
from leads.lifecycle.intake import service_areas
from leads.lifecycle.offer_request import no_recipients
from leads.models import DistributionTarget, LeadRoute
from leads.routing.routes import rule_from_route
from leads.routing.shadowed_routes import unreachable_routes
from teams.models import Team, User


@reason_codes
class RouteWarning(TextChoices):
    """Why a route can never match, or has a problem now."""

    IMPOSSIBLE = "route_impossible", "It can never match: it requires two different types."
    NO_AREA = "route_without_area", "It can never match: none of your teams serves such a ZIP code."
    SHADOWED = "route_shadowed", "It can never match: {by_route_id:route} matches all of its leads first."
    NO_RECIPIENTS_NOW = "no_recipients_now", "Right now: {because:reason}"
    CAMPAIGN_UNAVAILABLE = (
        "campaign_unavailable",
        "Its campaign, {campaign_name}, is no longer shared with you: choose another.",
    )


def warnings_for(owner: User, routes: Sequence[LeadRoute], now: datetime) -> dict[int, list[Reason]]:
    """Return the warnings by route id. `routes` are in the order of evaluation."""
    found: dict[int, list[Reason]] = defaultdict(list)
    teams = {team.pk: team for team in Team.objects.filter(creator=owner)}
    for warnings in (
        never_matching(owner, routes, teams),
        without_recipients(routes, teams, now),
        without_campaign(owner, routes),
    ):
        for route_id, reasons in warnings.items():
            found[route_id] += reasons
    return found


def never_matching(owner: User, routes: Sequence[LeadRoute], teams: Mapping[int, Team]) -> dict[int, list[Reason]]:
    areas = service_areas((team for team in teams.values() if team.distribution_zipcodes), owner)
    area = frozenset(code for served in areas for code in served.zipcodes)
    return {
        route_id: [Reason(code, {"by_route_id": other} if code == RouteWarning.SHADOWED else {})]
        for route_id, (code, other) in unreachable_routes([rule_from_route(route) for route in routes], area).items()
    }


def without_recipients(
    routes: Sequence[LeadRoute], teams: Mapping[int, Team], now: datetime
) -> dict[int, list[Reason]]:
    """Return routes to teams in which no member could be offered a lead now."""
    by_area = [team_id for team_id, team in teams.items() if team.distribution_zipcodes]
    teams_of_routes = {route.pk: by_area if goes_by_area(route) else [route.team_id or 0] for route in routes}
    team_ids = set().union(*teams_of_routes.values()) & teams.keys()
    reasons = {team_id: no_recipients_now(teams[team_id], now) for team_id in team_ids}
    return {
        route_id: [reason for each in ids if (reason := reasons.get(each))] for route_id, ids in teams_of_routes.items()
    }


def goes_by_area(route: LeadRoute) -> bool:
    return route.distribution_target == DistributionTarget.TEAM_ROLLOUT and route.team_id is None


def no_recipients_now(team: Team, now: datetime) -> Reason | None:
    """Return why no member can be offered a lead now; None if one can."""
    plan = load_roster(team, now).plan((), now)
    if not plan.is_empty:
        return None
    return Reason(RouteWarning.NO_RECIPIENTS_NOW, {"because": no_recipients(team, plan).as_json()})


def without_campaign(owner: User, routes: Sequence[LeadRoute]) -> dict[int, list[Reason]]:
    """Return the routes whose campaign is no longer shared with the owner."""
    usable = set(Campaign.objects.visible_to(owner).values_list("pk", flat=True))
    return {
        route.pk: [Reason(RouteWarning.CAMPAIGN_UNAVAILABLE, {"campaign_name": str(route.campaign)})]
        for route in routes
        if route.campaign_id not in usable
    }
