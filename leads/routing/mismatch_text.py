"""Text of why a route did not match a lead. Pure: takes a route evaluation as `RoutingTrace` stores it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.reasons import FOR_PROGRAMS, Names
from leads.routing.matching import NEVER_OPEN, OPEN_HOURS

NOTHING: Final = "nothing"

# Names of conditions, where they differ from the field.
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


def mismatch_text(evaluation: Mapping[str, Any], names: Names = FOR_PROGRAMS) -> str:
    """Return `price $180,000, required: from $250,000`."""
    return (
        f"{condition_label(evaluation)} {actual_text(evaluation, names)}, required: {expected_text(evaluation, names)}"
    )


def condition_label(evaluation: Mapping[str, Any]) -> str:
    """Return the name of the condition that is not met."""
    name = str(evaluation.get("condition") or "")
    return LABELS.get(name, name.replace("_", " ") or "lead")


def expected_text(evaluation: Mapping[str, Any], names: Names = FOR_PROGRAMS) -> str:
    """Return the text of the expected value."""
    expected = evaluation.get("expected")
    match evaluation.get("condition"):
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


def actual_text(evaluation: Mapping[str, Any], names: Names = FOR_PROGRAMS) -> str:
    """Return the text of the actual value."""
    actual = evaluation.get("actual")
    match evaluation.get("condition"):
        case "lead_source":
            return source_text(actual, names)
        case "price":
            return format_dollars(actual)
    return value_text(actual)


def source_text(pk: Any, names: Names) -> str:
    return names.record("lead source", pk) if isinstance(pk, int) else value_text(pk)


def alternatives_text(values: Sequence[Any]) -> str:
    """Return `Irvine, Tustin or Orange`."""
    listed = [value_text(value) for value in values]
    return " or ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:]))) or NOTHING


def price_range_text(edges: Any) -> str:
    """Return `from $250,000 and below $500,000`."""
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
