"""Why a route did not match a lead, in words. Pure: an attempt as a `RoutingTrace` keeps it in, words out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from leads.conditions import NEVER_OPENS

NOTHING: Final = "nothing"
OPEN: Final = "open"  # what traces told of hours before they named them

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
    "open_hours": "time",
    "team": "team",
}


def why_unmet(attempt: Mapping[str, Any]) -> str:
    """`the price is to be from $250,000, and is $180,000`."""
    return f"the {label(attempt)} is to be {wanted(attempt)}, and is {found(attempt)}"


def label(attempt: Mapping[str, Any]) -> str:
    """What the condition that failed is about."""
    name = str(attempt.get("condition") or "")
    return LABELS.get(name, name.replace("_", " ") or "lead")


def wanted(attempt: Mapping[str, Any]) -> str:
    """What the route asks for."""
    expected = attempt.get("expected")
    match attempt.get("condition"):
        case "lead_source":
            return f"lead source {expected}"
        case "price":
            return band(expected)
        case "open_hours":
            return "within the opening hours" if expected == OPEN else f"within {expected}"
        case "zipcode":
            return "in the list of a team"
    return any_of(expected) if isinstance(expected, list | tuple) else plain(expected)


def found(attempt: Mapping[str, Any]) -> str:
    """What the lead has instead."""
    actual = attempt.get("actual")
    match attempt.get("condition"):
        case "lead_source" if actual is not None:
            return f"lead source {actual}"
        case "price":
            return dollars(actual)
        case "open_hours" if actual == NEVER_OPENS:
            return "never within them for a year to come"
    return plain(actual)


def any_of(values: Sequence[Any]) -> str:
    """`Irvine, Tustin or Orange`."""
    told = [plain(value) for value in values]
    return " or ".join(filter(None, (", ".join(told[:-1]), *told[-1:]))) or NOTHING


def band(edges: Any) -> str:
    """The lower edge belongs to a band, the upper one does not."""
    low, high = edges if isinstance(edges, list | tuple) and len(edges) == 2 else (None, None)
    told = (f"from {dollars(low)}" if low is not None else "", f"below {dollars(high)}" if high is not None else "")
    return " and ".join(filter(None, told)) or plain(edges)


def dollars(amount: Any) -> str:
    return f"${amount:,}" if isinstance(amount, int | float) else plain(amount)


def plain(value: Any) -> str:
    return NOTHING if value is None or str(value).strip() == "" else str(value)
