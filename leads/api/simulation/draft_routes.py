"""A draft set of routes: the saved ones with the requested changes, additions and removals."""

from collections.abc import Mapping, Sequence
from typing import Any

from api import coercion
from leads.api.serializers import LeadRouteSerializer
from leads.api.simulation.errors import InvalidSimulation
from leads.api.simulation.serializers import unknown_keys
from leads.models import LeadRoute
from leads.routing.router import sort_rules
from leads.routing.routes import IncompleteRoute, apply_values, insert_route, rule_from_route
from teams.models import User


def draft_routes(owner: User, bodies: Sequence[Any], context: Mapping[str, Any]) -> list[LeadRoute]:
    """Return the routes of `bodies`: one with an `id` is the saved route with changes, others are new.

    New routes have the ids -1, -2 and so on. Nothing is saved. Errors are reported by the index of the body.
    """
    standing = {route.pk: route for route in load_routes(owner)}
    listed: list[LeadRoute] = []
    faults: dict[int, Any] = {}
    for index, body in enumerate(bodies):
        route = find_route(body, standing) or LeadRoute(owner_user=owner)
        strange = unknown_keys(body, LeadRouteSerializer.Meta.fields)
        if fault := id_error(body, route, listed):
            strange["id"] = [fault]
        if strange:
            faults[index] = strange
        listed.append(route)
    raise_errors(faults)
    draft = [route for route in ordered(list(standing.values())) if route in listed]
    for index, (route, body) in enumerate(zip(listed, bodies, strict=True)):
        if fault := apply_body(draft, route, body, context):
            faults[index] = fault
    raise_errors(faults)
    return draft


def load_routes(owner: User) -> list[LeadRoute]:
    """Return the saved routes with their teams, which the draft may change."""
    routes = list(LeadRoute.objects.visible_to(owner).select_related("team", "contact_source"))
    for route in routes:
        route.owner_user = owner
    return routes


def find_route(body: Any, standing: Mapping[int, LeadRoute]) -> LeadRoute | None:
    """Return the saved route that a body refers to; None for a new one."""
    try:
        return standing.get(coercion.parse_integer(body.get("id")))
    except ValueError:
        return None


def id_error(body: Any, route: LeadRoute, before: Sequence[LeadRoute]) -> str:
    """Return the error of the id in a body, as a predicate; "" if it is valid."""
    if route.pk is None and body.get("id") not in (None, "", 0):
        return f"names no route of yours: there is no {str(body['id'])[:20]}."
    if route.pk is not None and route in before:
        return f"names route {route.pk} a second time."
    return ""


def apply_body(draft: list[LeadRoute], route: LeadRoute, body: dict[str, Any], context: Mapping[str, Any]) -> Any:
    """Change a route in the draft, or add it, as the API would. Return the errors."""
    is_new = route.pk is None
    serializer = LeadRouteSerializer(None if is_new else route, data=body, partial=not is_new, context=dict(context))
    if not serializer.is_valid():
        return serializer.errors
    try:
        wanted, is_moved = apply_values(route, dict(serializer.validated_data))
    except IncompleteRoute as error:
        return {name: [text.removeprefix(f"{name} ")] for name, text in error.errors.items()}
    others = [other for other in draft if other is not route]
    if is_moved:
        insert_route(route, others, wanted)
    if is_new:
        route.pk = min([0, *(other.pk for other in others)]) - 1
        draft.append(route)
    return None


def ordered(routes: Sequence[LeadRoute]) -> list[LeadRoute]:
    by_id = {route.pk: route for route in routes}
    return [by_id[rule.id] for rule in sort_rules([rule_from_route(route) for route in routes])]


def raise_errors(faults: Mapping[int, Any]) -> None:
    """Raise the errors of each body, by its index."""
    if faults:
        raise InvalidSimulation({"routes": [faults.get(index, {}) for index in range(max(faults) + 1)]})
