"""Simulate an unsaved route: the API runs the simulation with the saved routes and with this one."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from api.internal_client import ApiError
from leads.admin.history import load_names
from leads.admin.routes.list_page import ordered_routes
from leads.admin.routes.simulation_diff import SimulationDiff, collect_ids, compare
from leads.models import LeadRoute
from leads.routing.route_description import conditions_text, target_text
from teams.models import User

DRAFT_PREFIX: Final = re.compile(r"routes\[\d+\]\.?")
DEFAULT_DAYS: Final = 30
NEW_ROUTE_ID: Final = -1  # what the API calls the first new one


Simulate = Callable[[dict[str, Any]], Any]  # calls the API's simulation


class PreviewInput(Protocol):
    """The form with the leads to simulate."""

    cleaned_data: dict[str, Any]

    def lead(self) -> dict[str, Any] | None: ...
    def table(self) -> str: ...
    def show(self, refusal: ApiError) -> None: ...


@dataclass(frozen=True)
class PreviewResult:
    """The result of a simulation."""

    past: SimulationDiff | None
    typed: SimulationDiff | None
    table: SimulationDiff | None
    days: int | None


def run_preview(
    simulate: Simulate, user: User, route: LeadRoute, body: dict[str, Any], preview_input: PreviewInput
) -> PreviewResult | None:
    """Simulate this route among the others. Raises ApiError as saving would. None if the leads are invalid."""
    saved_routes = ordered_routes(user)
    draft = [*({"id": other.pk} for other in saved_routes if other.pk != route.pk), route_body(route, body)]
    names = route_names([*(other for other in saved_routes if other.pk != route.pk), route])
    lead, table = preview_input.lead(), preview_input.table()
    days = preview_input.cleaned_data.get("days") or (None if lead or table else DEFAULT_DAYS)
    try:
        past_diff = compare_leads(simulate, user, {"days": days}, draft, names) if days else None
        lead_diff = compare_leads(simulate, user, {"lead": lead}, draft, names) if lead else None
        table_diff = compare_leads(simulate, user, {"csv": table}, draft, names) if table else None
    except ApiError as refusal:
        if all(DRAFT_PREFIX.match(name) for name in refusal.errors):
            raise as_form_error(refusal) from None
        preview_input.show(refusal)
        return None
    return PreviewResult(past_diff, lead_diff, table_diff, days)


def route_body(route: LeadRoute, body: dict[str, Any]) -> dict[str, Any]:
    return {"id": route.pk} | body if route.pk else body


def compare_leads(
    simulate: Simulate,
    user: User,
    leads: dict[str, Any],
    draft: Sequence[dict[str, Any]],
    routes: dict[tuple[str, int], str],
) -> SimulationDiff:
    """Simulate these leads with the saved routes and with the draft."""
    then = simulate(leads | {"routes": draft})  # first, because it can raise
    now = simulate(leads)
    return compare(now, then, routes | load_names(collect_ids([now, then]), user), user.zone)


def route_names(routes: Sequence[LeadRoute]) -> dict[tuple[str, int], str]:
    """Return the name of each route in the simulation, by id."""
    return {
        ("route", route.pk or NEW_ROUTE_ID): f"{conditions_text(route)} \N{RIGHTWARDS ARROW} {target_text(route)}"
        for route in routes
    }


def as_form_error(refusal: ApiError) -> ApiError:
    """Return the error of the route, as saving would show it."""
    errors = {DRAFT_PREFIX.sub("", name): DRAFT_PREFIX.sub("", message) for name, message in refusal.errors.items()}
    return ApiError(refusal.body | {"errors": errors, "message": "; ".join(errors.values())})
