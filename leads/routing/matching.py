"""Conditions of a route besides its sources. Pure.

The values of one condition are alternatives, all conditions must be met, and an empty condition matches any lead, as in
other lead routers.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from operator import contains
from typing import Any, Final
from unicodedata import category, combining, normalize
from zoneinfo import ZoneInfo

from core.comma_lists import split_list
from core.postal_codes import has_code, parse_list, postal_code
from teams.business_hours import ALWAYS, Hours
from teams.timezones import to_local

Membership = Callable[[frozenset[str], str], bool]  # whether a set of values contains a value

MIN_ACCENT_CLASS: Final = 200  # https://www.unicode.org/reports/tr44/#Canonical_Combining_Class_Values
CITY_ABBREVIATIONS: Final = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}
CITY_ABBREVIATION: Final = re.compile(r"\b(st|ste|ft|mt)\b(?!['\u2019])\.?")
CITY_SEPARATOR: Final = re.compile(r"[,/\-\u2010-\u2015]")
CITY_PUNCTUATION: Final = re.compile(r"[.'`\u2018\u2019\u02bb]")
OPEN_HOURS: Final = "open_hours"
NEVER_OPEN: Final = "never_open"  # hours that do not begin within a year
MAX_LISTED_VALUES: Final = 20  # values of one condition in a trace
MAX_HOURS_LENGTH: Final = 200  # characters of the hours in a trace


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What routing reads of a lead. Contact sources are compared by name, because each user has their own list."""

    lead_source_id: int | None = None
    contact_source: str = ""
    type: str = ""
    zipcode: str | int | None = None
    city: str = ""
    listing_status: str = ""
    price: Decimal | None = None  # dollars; None if the lead has no readable price
    at: datetime | None = None  # when it was received; None: open hours are ignored


@dataclass(frozen=True, slots=True)
class Calendar:
    """Time zone of the open hours, and the holidays of the team."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    closed_on: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of a route. Texts as `normalize_value`, cities as `normalize_city`, ZIP codes as `postal_code`."""

    types: frozenset[str] = frozenset()
    price_from: int | None = None  # dollars, inclusive
    price_to: int | None = None  # dollars, exclusive
    cities: frozenset[str] = frozenset()
    zipcodes: frozenset[str] = frozenset()
    listing_statuses: frozenset[str] = frozenset()
    hours: Hours = ALWAYS
    calendar: Calendar = field(default_factory=Calendar)  # of the hours
    is_held_until_open: bool = False  # outside the hours: hold the lead, not the next route

    @property
    def is_empty(self) -> bool:
        """Return whether the route has no condition."""
        lists = (self.types, self.cities, self.zipcodes, self.listing_statuses, self.hours.windows)
        return not any(lists) and self.price_from is None and self.price_to is None


NO_CONDITIONS: Final = Conditions()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A condition that is not met: its name, the expected and the actual value."""

    condition: str
    expected: Any
    actual: Any


def first_mismatch(conditions: Conditions, inquiry: Inquiry, calendar: Calendar) -> Mismatch | None:
    """Return the first condition that the inquiry does not meet. `calendar`: of the hours."""
    return next(_mismatches(conditions, inquiry, calendar), None) if not conditions.is_empty else None


def opening_time(conditions: Conditions, inquiry: Inquiry, calendar: Calendar) -> datetime | None:
    """Return when a held lead is offered; None if immediately."""
    if inquiry.at is None or conditions.hours.is_open(inquiry.at, calendar.zone, calendar.closed_on):
        return None
    return conditions.hours.next_opening(inquiry.at, calendar.zone, calendar.closed_on)


def _mismatches(conditions: Conditions, inquiry: Inquiry, calendar: Calendar) -> Iterator[Mismatch]:
    lists: tuple[tuple[str, frozenset[str], str | int | None, Callable[[Any], str], Membership], ...] = (
        ("types", conditions.types, inquiry.type, normalize_value, contains),
        ("cities", conditions.cities, inquiry.city, normalize_city, contains),
        ("zipcodes", conditions.zipcodes, inquiry.zipcode, postal_code, has_code),
        ("listing_statuses", conditions.listing_statuses, inquiry.listing_status, normalize_value, contains),
    )
    for name, expected, actual, compared, contains_value in lists:
        if expected and not contains_value(expected, compared(actual)):
            yield Mismatch(name, _shorten_values(expected), actual)
    if not _is_in_price_range(conditions, inquiry.price):
        yield Mismatch("price", [conditions.price_from, conditions.price_to], _price_as_json(inquiry.price))
    if inquiry.at is not None and not conditions.hours.is_open(inquiry.at, calendar.zone, calendar.closed_on):
        if not conditions.is_held_until_open:
            yield Mismatch(OPEN_HOURS, _hours_text(conditions, calendar), _time_text(inquiry.at, calendar))
        elif opening_time(conditions, inquiry, calendar) is None:
            yield Mismatch(NEVER_OPEN, _hours_text(conditions, calendar), _time_text(inquiry.at, calendar))


def _hours_text(conditions: Conditions, calendar: Calendar) -> str:
    """Return `Mon-Fri 9:00-17:00 (America/Los_Angeles)`."""
    return f"{conditions.hours.text[:MAX_HOURS_LENGTH]} ({calendar.zone.key})"


def _time_text(at: datetime, calendar: Calendar) -> str:
    """Return `Tue 18:35`, or `Fri 10:00, a holiday`, in the zone of the calendar."""
    local = to_local(at, calendar.zone)
    return f"{local:%a %H:%M}{', a holiday' if local.date() in calendar.closed_on else ''}"


def _shorten_values(expected: frozenset[str]) -> list[str]:
    """Return the first values in order: each lead stores them for each route that did not match."""
    left_out = len(expected) - MAX_LISTED_VALUES
    return sorted(expected)[:MAX_LISTED_VALUES] + ([f"{left_out} more"] if left_out > 0 else [])


def _is_in_price_range(conditions: Conditions, price: Decimal | None) -> bool:
    low, high = conditions.price_from, conditions.price_to
    if low is None and high is None:
        return True
    return price is not None and (low is None or price >= low) and (high is None or price < high)


def _price_as_json(price: Decimal | None) -> int | float | None:
    """Return the price as a JSON number."""
    return None if price is None else int(price) if price == int(price) else float(price)


@lru_cache(maxsize=4096)
def normalize_values(text: str) -> frozenset[str]:
    """Return the values of a comma list, normalized for comparison."""
    return frozenset(normalized for value in split_list(text) if (normalized := normalize_value(value)))


@lru_cache(maxsize=4096)
def normalize_cities(text: str) -> frozenset[str]:
    """Return the cities of a comma list, normalized for comparison."""
    return frozenset(name for value in split_list(text) if (name := normalize_city(value)))


@lru_cache(maxsize=4096)
def normalize_postal_codes(text: str) -> frozenset[str]:
    """Return the postal codes of a list."""
    return frozenset(parse_list(text))


@lru_cache(maxsize=4096)
def normalize_value(value: str | int | None) -> str:
    """Normalize a value for comparison: ignore case, accents, Unicode form and extra blanks. None is empty."""
    text = str(value or "")
    if not text.isascii():
        decomposed = normalize("NFKD", normalize("NFKD", text).casefold())
        text = normalize("NFC", "".join(letter for letter in decomposed if not is_ignored_character(letter)))
    return " ".join(text.split()).casefold()


def is_ignored_character(letter: str) -> bool:
    """Whether it is an accent or invisible. Lower combining classes are vowels in some scripts."""
    return combining(letter) >= MIN_ACCENT_CLASS or category(letter) == "Cf"


@lru_cache(maxsize=4096)
def normalize_city(value: str | int | None) -> str:
    """Normalize a city for comparison: `St. Louis` is Saint Louis, `Ft Worth` is Fort Worth."""
    text = CITY_ABBREVIATION.sub(lambda found: f"{CITY_ABBREVIATIONS[found[1]]} ", normalize_value(value))
    return " ".join(CITY_PUNCTUATION.sub("", CITY_SEPARATOR.sub(" ", text)).split())
