"""Why a route did not match a lead, as text. Pure: an attempt as a `RoutingTrace` keeps it in, text out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.reasons import FOR_PROGRAMS, Names
from leads.routing.matching import NEVER_OPEN, OPEN_HOURS

NOTHING: Final = "nothing"

# What a condition is about. What is not here is called by its own name.
LABELS: Final = {
    "lead_source": "source",
    "contact_source": "contact source",
    "filter": "type",
    "types": "type",
    "cities": "city",
    "zipcode": "ZIP code",
    "zipcodes": "ZIP code",
    "listing_statuses": "listing status",
    "price": "price",
    OPEN_HOURS: "time",
    NEVER_OPEN: "time",
    "team": "team",
}


def mismatch_text(attempt: Mapping[str, Any], names: Names = FOR_PROGRAMS) -> str:
    """`price $180,000, required: from $250,000`."""
    return f"{condition_label(attempt)} {actual_text(attempt, names)}, required: {expected_text(attempt, names)}"


def condition_label(attempt: Mapping[str, Any]) -> str:
    """What the condition that failed is about."""
    name = str(attempt.get("condition") or "")
    return LABELS.get(name, name.replace("_", " ") or "lead")


def expected_text(attempt: Mapping[str, Any], names: Names = FOR_PROGRAMS) -> str:
    """What the route asks for."""
    expected = attempt.get("expected")
    match attempt.get("condition"):
        case "lead_source":
            return source_text(expected, names)
        case "price":
            return price_range_text(expected)
        case "open_hours":
            return f"within {expected}"
        case "never_open":
            return f"hours that begin within a year: {expected}"
        case "zipcode":
            return "a ZIP code in the list of a team"
        case "team":
            return "a team"
    return alternatives_text(expected) if isinstance(expected, list | tuple) else value_text(expected)


def actual_text(attempt: Mapping[str, Any], names: Names = FOR_PROGRAMS) -> str:
    """What the lead has instead."""
    actual = attempt.get("actual")
    match attempt.get("condition"):
        case "lead_source":
            return source_text(actual, names)
        case "price":
            return format_dollars(actual)
    return value_text(actual)


def source_text(pk: Any, names: Names) -> str:
    return names.record("lead source", pk) if isinstance(pk, int) else value_text(pk)


def alternatives_text(values: Sequence[Any]) -> str:
    """`Irvine, Tustin or Orange`."""
    listed = [value_text(value) for value in values]
    return " or ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:]))) or NOTHING


def price_range_text(edges: Any) -> str:
    """The lower edge belongs to a band, the upper one does not."""
    low, high = edges if isinstance(edges, list | tuple) and len(edges) == 2 else (None, None)
    parts = (
        f"from {format_dollars(low)}" if low is not None else "",
        f"below {format_dollars(high)}" if high is not None else "",
    )
    return " and ".join(filter(None, parts)) or value_text(edges)


def format_dollars(amount: Any) -> str:
    return f"${amount:,}" if isinstance(amount, int | float) else value_text(amount)


def value_text(value: Any) -> str:
    return NOTHING if value is None or str(value).strip() == "" else str(value)
