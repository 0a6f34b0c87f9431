"""Create, change and order lead routes, and load them as rules."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, QuerySet

from core.errors import DomainError
from crm.models import ContactSource
from leads.models import DistributionTarget, LeadRoute
from leads.routing.matching import Calendar, Conditions, normalize_cities, normalize_postal_codes, normalize_values
from leads.routing.router import Rule, position_for, sort_rules, specificity
from teams.business_hours import parse_hours
from teams.models import User
from teams.visibility import compiled_sql_for


class IncompleteRoute(DomainError):
    """This route lacks a destination, or no lead can match it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, errors={field: message})


@transaction.atomic
def add_route(owner: User, *, now: datetime, **values: Any) -> LeadRoute:
    """Create a route, before the first less specific one unless `position` is given."""
    lock_routes(owner)
    route = LeadRoute(owner_user=owner, created_at=now, modified_at=now)
    save_route(route, values)
    return route


@transaction.atomic
def change_route(route: LeadRoute, *, now: datetime, **changes: Any) -> LeadRoute:
    """Change a route, and move it if it became more or less specific."""
    lock_routes(route.owner_user)
    route.refresh_from_db()
    save_route(route, changes | {"modified_at": now})
    return route


def lock_routes(owner: User) -> None:
    """Lock the owner, so that one request at a time changes the positions of their routes."""
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)


def save_route(route: LeadRoute, values: dict[str, Any]) -> None:
    position, is_moved = apply_values(route, values)
    if is_moved:
        others = [other for other in load_routes(route.owner_user) if other.pk != route.pk]
        insert_route(route, others, position)
        LeadRoute.objects.bulk_update(others, ["position"])
    route.save()


def apply_values(route: LeadRoute, values: dict[str, Any]) -> tuple[int | None, bool]:
    """Set these values. Return the requested position, if any, and whether the route must be moved."""
    before = specificity(rule_from_route(route)) if route.pk else None
    position = values.pop("position", None)
    for name, value in values.items():
        setattr(route, name, value)
    normalize_target(route)
    return position, position is not None or specificity(rule_from_route(route)) != before


def normalize_target(route: LeadRoute) -> None:
    """Clear fields that do not apply to the target. Raise IncompleteRoute if one is missing or contradictory."""
    if route.distribution_target == DistributionTarget.MYSELF:
        route.team = route.team_selection_method = None
    elif not route.team_selection_method:
        choices = " or ".join(LeadRoute.TeamSelection.values)
        raise IncompleteRoute("team_selection_method", f"team_selection_method must be {choices} for a Team Rollout.")
    elif route.team_selection_method == LeadRoute.TeamSelection.ZIPCODE:
        route.team = None
    elif route.team_id is None:
        raise IncompleteRoute("team_id", "team_id is required if team_selection_method is Specific Team.")
    if route.price_from is not None and route.price_to is not None and route.price_from >= route.price_to:
        message = (
            f"price_from must be below price_to: no price is {route.price_from} or more, and below {route.price_to}."
        )
        raise IncompleteRoute("price_from", message)


def insert_route(route: LeadRoute, others: Sequence[LeadRoute], position: int | None) -> None:
    """Insert the route at its position, and number all routes from 1."""
    by_id = {other.pk: other for other in others}
    rules = [rule_from_route(other) for other in others]
    position = position_for(rule_from_route(route), rules) if position is None else position
    ordered = [by_id[rule.id] for rule in sort_rules(rules)]
    ordered.insert(sum(other.position < position for other in ordered), route)
    for number, other in enumerate(ordered, 1):
        other.position = number


def load_routes(owner: User) -> list[LeadRoute]:
    """Return this owner's routes with what `rule_from_route` reads."""
    routes = list(LeadRoute.objects.raw(*compiled_sql_for(owner, annotated_routes)))
    for route in routes:
        route.owner_user = owner
        if route.contact_source_id is not None:
            route.contact_source = ContactSource(pk=route.contact_source_id, name=cast(Any, route).source_name)
    return routes


def annotated_routes(owner: User) -> QuerySet[LeadRoute]:
    """Return the routes with contact source names and team calendars. The SQL is compiled once: each lead runs it."""
    names = {"source_name": F("contact_source__name"), "team_timezone": F("team__timezone")}
    names |= {"team_holidays": F("team__holidays")}
    return LeadRoute.objects.filter(owner_user=owner).annotate(**names)


def rule_from_route(route: LeadRoute) -> Rule:
    """Return the route as a rule."""
    return Rule(
        id=route.pk or 0,
        position=route.position,
        target=route.distribution_target,
        campaign_id=route.campaign_id,
        lead_source_id=route.lead_source_id,
        contact_source=route.contact_source.name if route.contact_source else "",
        filter=route.filter,
        team_selection_method=route.team_selection_method,
        team_id=route.team_id,
        conditions=conditions_from_route(route),
        is_returning_to_claimer=route.is_returning_to_claimer,
    )


def conditions_from_route(route: LeadRoute) -> Conditions:
    """Return the conditions of the route besides its sources."""
    return Conditions(
        types=normalize_values(route.types),
        price_from=route.price_from,
        price_to=route.price_to,
        cities=normalize_cities(route.cities),
        zipcodes=normalize_postal_codes(route.zipcodes),
        listing_statuses=normalize_values(route.listing_statuses),
        hours=parse_hours(route.open_hours),
        calendar=Calendar(route_zone(route), route_holidays(route)),
        is_held_until_open=route.off_hours == LeadRoute.OffHours.HOLD_UNTIL_OPEN,
    )


def route_holidays(route: LeadRoute) -> frozenset[date]:
    """Return the holidays of the route's team."""
    holidays: list[date] | None = getattr(route, "team_holidays", None)  # set by `annotated_routes`
    if holidays is None and route.team is not None:
        holidays = route.team.holidays
    return frozenset(holidays or ())


def route_zone(route: LeadRoute) -> ZoneInfo:
    """Return the time zone of the open hours: that of the team, otherwise of the owner."""
    zone: str | None = getattr(route, "team_timezone", None)  # set by `annotated_routes`
    if zone is None and route.team is not None:
        zone = route.team.timezone
    return ZoneInfo(zone or route.owner_user.timezone)
