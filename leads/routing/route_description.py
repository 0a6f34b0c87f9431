"""Describe a route in text: its conditions, and where its leads go. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from core.comma_lists import quoted, split_list
from leads.models import DistributionTarget, LeadRoute
from leads.routing.mismatch_text import format_dollars
from teams.business_hours import display_text
from teams.models import Team

MAX_LISTED_VALUES: Final = 4  # of one condition; the rest is counted
ORDER_TEXTS: Final = {
    Team.OrderMethod.RANK: "one after the other, by rank",
    Team.OrderMethod.TIME: "to each member after their own delay",
    Team.OrderMethod.ROUND_ROBIN: "in a round robin",
    Team.OrderMethod.BROADCAST: "to all members at the same time",
}


def conditions_text(route: LeadRoute) -> str:
    """Return `Zillow, Buyer, $500,000 to $1,000,000, in Irvine, ZIP 92618, Mon-Fri 9-17`."""
    return ", ".join(_condition_texts(route))


def _condition_texts(route: LeadRoute) -> Iterator[str]:
    sources = (str(source) for source in (route.lead_source, route.contact_source) if source)
    yield " and ".join(dict.fromkeys(sources)) or "Any source"
    for text, before in (
        (route.filter, ""),
        (route.types, ""),
        (route.listing_statuses, ""),
        (price_range_text(route.price_from, route.price_to), ""),
        (route.cities, "in "),
        (route.zipcodes, "ZIP "),
    ):
        if text:
            yield before + (text if text.startswith(("$", "under")) else alternatives_text(text))
    if route.open_hours:
        yield display_text(route.open_hours)


def alternatives_text(text: str) -> str:
    """Return the first values of a comma list: `Irvine, Tustin or Orange`."""
    values = [quoted(value) for value in split_list(text)]
    if len(values) > MAX_LISTED_VALUES:
        return f"{', '.join(values[: MAX_LISTED_VALUES - 1])} or {len(values) - MAX_LISTED_VALUES + 1} others"
    return " or ".join(filter(None, (", ".join(values[:-1]), *values[-1:])))


def price_range_text(low: int | None, high: int | None) -> str:
    if low is None:
        return "" if high is None else f"under {format_dollars(high)}"
    return f"{format_dollars(low)} or more" if high is None else f"{format_dollars(low)} to {format_dollars(high)}"


def distribution_text(route: LeadRoute, teams: Mapping[int, Team]) -> str:
    """Return `offered to Pride in a round robin; if unclaimed, into its pond`. `teams`: by id, for fallbacks."""
    if route.distribution_target == DistributionTarget.MYSELF:
        return "assigned to you immediately"
    if route.team is None:
        return "offered to your team that has the ZIP code"
    team = teams.get(route.team.pk, route.team)
    return f"offered to {team} {order_text(team)}; if unclaimed, {fallback_text(team, teams)}"


def target_text(route: LeadRoute) -> str:
    """Return the destination in a few parts."""
    if route.distribution_target == DistributionTarget.MYSELF:
        return "you"
    return str(route.team) if route.team_id else "the team of the ZIP code"


def order_text(team: Team) -> str:
    order = ORDER_TEXTS[Team.OrderMethod(team.order_method)]
    return f"{order}, each may claim until the next turn" if team.is_exclusive_window else order


def fallback_text(team: Team, teams: Mapping[int, Team]) -> str:
    """Describe the fallbacks of unclaimed leads, team after team, until they end or repeat."""
    visited, parts = {team.pk}, []
    while (next_team := teams.get(team.fallback_team_id or 0)) and next_team.pk not in visited:
        team = next_team
        visited.add(team.pk)
        parts.append(f"to {team}")
    return ", then ".join([*parts, final_fallback_text(team)])


def final_fallback_text(team: Team) -> str:
    if team.fallback_target == Team.FallbackTarget.POND:
        return f"into the pond of {team}"
    if team.fallback_target == Team.FallbackTarget.USER:
        return f"to {team.fallback_user}"
    return "they wait for you"


def route_notes(route: LeadRoute) -> Iterator[str]:
    """Yield further notes about a route, each a sentence."""
    if route.open_hours and route.off_hours == LeadRoute.OffHours.HOLD_UNTIL_OPEN:
        yield "Outside these hours and on the team's holidays, leads are held until the team opens."
    if route.is_returning_to_claimer:
        yield "A contact who inquires again goes to the previous agent."
    yield f"Starts {route.campaign}." if route.is_automatic else "Not automatic: a program requests the offers."
