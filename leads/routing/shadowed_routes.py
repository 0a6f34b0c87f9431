"""Find routes that no lead can take. Pure."""

from collections.abc import Collection, Sequence

from core.postal_codes import common_codes, has_code
from leads.routing.matching import Conditions, normalize_value
from leads.routing.router import TEAM_ROLLOUT, ZIPCODE, Rule, sort_rules

# The codes of leads.admin.routes.route_warnings.RouteWarning.
IMPOSSIBLE, NO_AREA, SHADOWED = "route_impossible", "route_without_area", "route_shadowed"


def unreachable_routes(rules: Sequence[Rule], area: Collection[str]) -> dict[int, tuple[str, int]]:
    """Return the unreachable rules by id: the code, and for a shadowed rule the id of the rule that shadows it.

    `area`: the ZIP codes of all teams together.
    """
    found: dict[int, tuple[str, int]] = {}
    before: list[Rule] = []
    for rule in sort_rules(rules):
        shadowing = next((other for other in before if covers(other, rule, area)), None)
        if is_impossible(rule):
            found[rule.id] = IMPOSSIBLE, 0
        elif selects_team_by_zipcode(rule) and not accepted_codes(rule, area):
            found[rule.id] = NO_AREA, 0
        elif shadowing is not None:
            found[rule.id] = SHADOWED, shadowing.id
        else:
            before.append(rule)
    return found


def covers(wide: Rule, narrow: Rule, area: Collection[str]) -> bool:
    """Whether each lead that matches the narrow rule also matches the wide one."""
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
    """Whether the wide list contains all of the narrow one; an empty list matches any value."""
    return not wide or (bool(narrow) and narrow <= wide)


def is_postal_superset(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """The same for postal codes, where a Canadian area contains all of its codes."""
    return not wide or (bool(narrow) and all(has_code(wide, code) for code in narrow))


def accepted_types(rule: Rule) -> frozenset[str]:
    """Return the types that match: `filter` has one, `types` several; with both, their intersection."""
    one, several = normalize_value(rule.filter), rule.conditions.types
    return frozenset({one}) if one else several


def accepted_codes(rule: Rule, area: Collection[str]) -> frozenset[str]:
    """Return the postal codes that match; for a rule that selects by ZIP code, only those of teams."""
    own = rule.conditions.zipcodes
    if not selects_team_by_zipcode(rule):
        return own
    return common_codes(own, area) if own else frozenset(area)


def selects_team_by_zipcode(rule: Rule) -> bool:
    return rule.target == TEAM_ROLLOUT and rule.team_selection_method == ZIPCODE


def is_impossible(rule: Rule) -> bool:
    """Whether it requires two different types."""
    one, several = normalize_value(rule.filter), rule.conditions.types
    return bool(one and several and one not in several)


def is_price_within(wide: Conditions, narrow: Conditions) -> bool:
    """If the wide rule has a limit, the narrow one must have one too: a lead without a price meets neither."""
    from_below = wide.price_from is None or (narrow.price_from is not None and narrow.price_from >= wide.price_from)
    to_above = wide.price_to is None or (narrow.price_to is not None and narrow.price_to <= wide.price_to)
    return from_below and to_above


def is_open_whenever(wide: Rule, narrow: Rule) -> bool:
    """Whether the wide rule is open whenever the narrow one is.

    True for equal hours in one zone without further holidays, for no hours, and if leads are held until the opening.
    """
    outer, inner = wide.conditions, narrow.conditions
    if not outer.hours.windows or outer.is_held_until_open:
        return True
    if inner.is_held_until_open or selects_team_by_zipcode(wide) != selects_team_by_zipcode(narrow):
        return False
    is_alike = (outer.hours, outer.calendar.zone) == (
        inner.hours,
        inner.calendar.zone,
    )
    return is_alike and outer.calendar.closed_on <= inner.calendar.closed_on
