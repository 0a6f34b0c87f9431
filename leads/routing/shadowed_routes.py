"""Which routes can never match, whatever lead comes in. Pure: rules in, reasons out."""

from collections.abc import Collection, Sequence

from core.postal_codes import has_code, shared
from leads.routing.matching import Conditions, normalize_value
from leads.routing.router import TEAM_ROLLOUT, ZIPCODE, Rule, sort_rules

# The codes of leads.admin.routes.route_warnings.RouteWarning.
IMPOSSIBLE, NO_AREA, SHADOWED = "route_impossible", "route_without_area", "route_shadowed"


def unreachable_routes(rules: Sequence[Rule], area: Collection[str]) -> dict[int, tuple[str, int]]:
    """By id, each rule that can take no lead: what is the matter, and for a hidden one the rule that takes all before.

    `area`: the ZIP codes of all teams together.
    """
    found: dict[int, tuple[str, int]] = {}
    before: list[Rule] = []
    for rule in sort_rules(rules):
        cover = next((other for other in before if covers(other, rule, area)), None)
        if is_impossible(rule):
            found[rule.id] = IMPOSSIBLE, 0
        elif selects_team_by_zipcode(rule) and not accepted_codes(rule, area):
            found[rule.id] = NO_AREA, 0
        elif cover is not None:
            found[rule.id] = SHADOWED, cover.id
        else:
            before.append(rule)
    return found


def covers(wide: Rule, narrow: Rule, area: Collection[str]) -> bool:
    """Whether every lead that the narrow rule takes meets all that the wide one asks for."""
    return (
        wide.lead_source_id in (None, narrow.lead_source_id)
        and normalize_value(wide.contact_source) in ("", normalize_value(narrow.contact_source))
        and is_superset(accepted_types(wide), accepted_types(narrow))
        and is_superset(wide.conditions.cities, narrow.conditions.cities)
        and is_superset(wide.conditions.listing_statuses, narrow.conditions.listing_statuses)
        and is_postal_superset(accepted_codes(wide, area), accepted_codes(narrow, area))
        and is_price_within(wide.conditions, narrow.conditions)
        and is_open_whenever(wide, narrow)
    )


def is_superset(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """Whether one list of alternatives leaves out none of the other; an empty one asks for nothing."""
    return not wide or (bool(narrow) and narrow <= wide)


def is_postal_superset(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """The same of ZIP codes, where a Canadian area holds all of its codes."""
    return not wide or (bool(narrow) and all(has_code(wide, code) for code in narrow))


def accepted_types(rule: Rule) -> frozenset[str]:
    """The types it takes: `filter` knows one, `types` several; of both, what they share."""
    one, several = normalize_value(rule.filter), rule.conditions.types
    return frozenset({one}) if one else several


def accepted_codes(rule: Rule, area: Collection[str]) -> frozenset[str]:
    """The ZIP codes it takes; of a rule that goes by them, those of the teams at most."""
    own = rule.conditions.zipcodes
    if not selects_team_by_zipcode(rule):
        return own
    return common_codes(own, area) if own else frozenset(area)


def selects_team_by_zipcode(rule: Rule) -> bool:
    return rule.target == TEAM_ROLLOUT and rule.team_selection_method == ZIPCODE


def is_impossible(rule: Rule) -> bool:
    """Whether it asks for two types at once."""
    one, several = normalize_value(rule.filter), rule.conditions.types
    return bool(one and several and one not in several)


def is_price_within(wide: Conditions, narrow: Conditions) -> bool:
    """Where the wide one names an edge the narrow one must, too: a lead without a price meets neither."""
    from_below = wide.price_from is None or (narrow.price_from is not None and narrow.price_from >= wide.price_from)
    to_above = wide.price_to is None or (narrow.price_to is not None and narrow.price_to <= wide.price_to)
    return from_below and to_above


def is_open_whenever(wide: Rule, narrow: Rule) -> bool:
    """Hours that are alike are, on one clock and with no holiday more.

    So are none, and those in which leads are kept until it opens.
    """
    mine, theirs = wide.conditions, narrow.conditions
    if not mine.hours.windows or mine.is_held_until_open:
        return True
    if theirs.is_held_until_open or selects_team_by_zipcode(wide) != selects_team_by_zipcode(narrow):
        return False
    is_alike = (mine.hours, mine.calendar.zone) == (theirs.hours, theirs.calendar.zone)
    return is_alike and mine.calendar.closed_on <= theirs.calendar.closed_on
