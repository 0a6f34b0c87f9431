"""A rule rehearsed before it is saved: the API asked twice, by the rules as saved and with this one."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from api.internal_client import ApiError
from leads.admin.history import names_of
from leads.admin.routes.list_page import ordered_routes
from leads.admin.routes.simulation_diff import Comparison, compare, ids_in
from leads.models import LeadRoute
from leads.routing.route_description import conditions_text, target_text
from teams.models import User

DRAFT: Final = re.compile(r"routes\[\d+\]\.?")
USUAL_DAYS: Final = 30
NEW: Final = -1  # what the API calls the first new one


Simulate = Callable[[dict[str, Any]], Any]  # the API, as it is asked


class Asked(Protocol):
    """With which leads."""

    cleaned_data: dict[str, Any]

    def lead(self) -> dict[str, Any] | None: ...
    def table(self) -> str: ...
    def show(self, refusal: ApiError) -> None: ...


@dataclass(frozen=True)
class Rehearsal:
    """What came of it."""

    past: Comparison | None
    typed: Comparison | None
    table: Comparison | None
    days: int | None


def rehearsed(simulate: Simulate, user: User, route: LeadRoute, body: dict[str, Any], asked: Asked) -> Rehearsal | None:
    """The rehearsal of this rule among the others; raises Refusal as on saving. None where the leads are at fault."""
    standing = ordered_routes(user)
    draft = [*({"id": other.pk} for other in standing if other.pk != route.pk), given(route, body)]
    names = sentences([*(other for other in standing if other.pk != route.pk), route])
    lead, table = asked.lead(), asked.table()
    days = asked.cleaned_data.get("days") or (None if lead or table else USUAL_DAYS)
    try:
        past = compared(simulate, user, {"days": days}, draft, names) if days else None
        typed = compared(simulate, user, {"lead": lead}, draft, names) if lead else None
        tabled = compared(simulate, user, {"csv": table}, draft, names) if table else None
    except ApiError as refusal:
        if all(DRAFT.match(name) for name in refusal.errors):
            raise of_the_draft(refusal) from None
        asked.show(refusal)
        return None
    return Rehearsal(past, typed, tabled, days)


def given(route: LeadRoute, body: dict[str, Any]) -> dict[str, Any]:
    return {"id": route.pk} | body if route.pk else body


def compared(
    simulate: Simulate,
    user: User,
    leads: dict[str, Any],
    draft: Sequence[dict[str, Any]],
    routes: dict[tuple[str, int], str],
) -> Comparison:
    """These leads by the rules as saved, and by the draft."""
    then = simulate(leads | {"routes": draft})  # first, for it may be refused
    now = simulate(leads)
    return compare(now, then, routes | names_of(ids_in([now, then]), user), user.zone)


def sentences(routes: Sequence[LeadRoute]) -> dict[tuple[str, int], str]:
    """What the rules are called in a rehearsal."""
    return {
        ("route", route.pk or NEW): f"{conditions_text(route)} \N{RIGHTWARDS ARROW} {target_text(route)}"
        for route in routes
    }


def of_the_draft(refusal: ApiError) -> ApiError:
    """What is wrong with the rule, as saving it would say."""
    errors = {DRAFT.sub("", name): DRAFT.sub("", message) for name, message in refusal.errors.items()}
    return ApiError(refusal.body | {"errors": errors, "message": "; ".join(errors.values())})
