"""The list of a user's routes: a description of each, in order, with warnings."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse

from campaigns.models import Campaign
from leads.admin.routes.route_warnings import warnings_for
from leads.models import LeadRoute
from leads.routing.route_description import conditions_text, distribution_text, route_notes
from leads.routing.router import sort_rules
from leads.routing.routes import rule_from_route
from teams.display_names import texts_for
from teams.models import Team, TeamMemberDistributionOption, User


@dataclass(frozen=True)
class RouteLine:
    """A route as the page shows it. Its number is the route's id, as in traces and simulations."""

    route: LeadRoute
    conditions: str
    distribution: str
    notes: list[str]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SetupStep:
    """A step that is required before leads go to a team."""

    text: str
    link: str
    is_done: bool


def route_lines(owner: User, now: datetime) -> list[RouteLine]:
    """Return the owner's routes in the order of evaluation."""
    routes = ordered_routes(owner)
    teams, warnings = teams_of(owner), warnings_for(owner, routes, now)
    texts = [texts_for(warnings[route.pk], owner.zone) for route in routes]
    return [
        RouteLine(
            route, conditions_text(route), distribution_text(route, teams), list(route_notes(route)), warning_texts
        )
        for route, warning_texts in zip(routes, texts, strict=True)
    ]


def ordered_routes(owner: User) -> list[LeadRoute]:
    """Return the routes in the order of evaluation, with what their descriptions need."""
    routes = LeadRoute.objects.visible_to(owner).select_related(
        "owner_user", "lead_source", "contact_source", "team__creator", "campaign"
    )
    by_id = {route.pk: route for route in routes}
    return [by_id[rule.id] for rule in sort_rules([rule_from_route(route) for route in routes])]


def teams_of(owner: User) -> dict[int, Team]:
    """Return the teams that the owner created, by id: leads fall back only to these."""
    rows = Team.objects.filter(creator=owner).select_related("creator", "fallback_user")
    return {team.pk: team for team in rows}


def setup_steps(owner: User, lines: list[RouteLine]) -> list[SetupStep]:
    """Return the steps that are left until leads go to a team; empty if all are done."""
    team = Team.objects.filter(creator=owner).order_by("pk").first()
    options = TeamMemberDistributionOption.objects.visible_to(owner).exclude(user=owner)
    teams = reverse("admin:teams_team_change", args=[team.pk]) if team else reverse("admin:teams_team_add")
    steps = [
        SetupStep("Create a team and choose how it is offered leads", teams, team is not None),
        SetupStep("On its page, invite members and choose how each is alerted", teams, options.exists()),
        SetupStep("Create the campaign for new leads; it may be empty", *campaign_step(owner)),
        SetupStep("Add a rule, simulate it and save it", reverse("admin:leads_leadroute_add"), bool(lines)),
    ]
    return [] if all(step.is_done for step in steps) else steps


def campaign_step(owner: User) -> tuple[str, bool]:
    return reverse("admin:campaigns_campaign_add"), Campaign.objects.visible_to(owner).exists()


def list_context(owner: User, now: datetime) -> dict[str, Any]:
    lines = route_lines(owner, now)
    return {"lines": lines, "steps": setup_steps(owner, lines), "owner": owner}
