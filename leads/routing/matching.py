"""What a route may ask of a lead besides its sources. Pure.

Values of one kind are alternatives; kinds must all be met; a kind without values asks for nothing. That is the rule
agents know from other routers.
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
from teams.timezones import wall_time

Holds = Callable[[frozenset[str], str], bool]  # whether a list of alternatives has a value

MIN_ACCENT_CLASS: Final = 200  # https://www.unicode.org/reports/tr44/#Canonical_Combining_Class_Values
CITY_WORDS: Final = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}
CITY_WORD: Final = re.compile(r"\b(st|ste|ft|mt)\b(?!['\u2019])\.?")
CITY_BREAK: Final = re.compile(r"[,/\-\u2010-\u2015]")
CITY_MARK: Final = re.compile(r"[.'`\u2018\u2019\u02bb]")
OPEN_HOURS: Final = "open_hours"
NEVER_OPEN: Final = "never_open"  # the condition of hours that do not begin within a year
MOST_TOLD: Final = 20  # values of one condition
MOST_LETTERS: Final = 200  # of its hours


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What routing looks at in a lead. Contact sources go by name: each user keeps a list of their own."""

    lead_source_id: int | None = None
    contact_source: str = ""
    type: str = ""
    zipcode: str | int | None = None
    city: str = ""
    listing_status: str = ""
    price: Decimal | None = None  # dollars; None when the lead names none that can be read
    at: datetime | None = None  # when it came in; None: opening hours are not looked at


@dataclass(frozen=True, slots=True)
class Calendar:
    """By which clock on the wall hours go, and on which days there are none: a team's holidays."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    closed_on: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a route asks for; texts as `folded`, cities as `city_name`, ZIP codes as `postal_code` returns them."""

    types: frozenset[str] = frozenset()
    price_from: int | None = None  # dollars, itself among them
    price_to: int | None = None  # dollars, itself not among them
    cities: frozenset[str] = frozenset()
    zipcodes: frozenset[str] = frozenset()
    listing_statuses: frozenset[str] = frozenset()
    hours: Hours = ALWAYS
    calendar: Calendar = field(default_factory=Calendar)  # of the hours; without hours nothing ever closes
    is_held_until_open: bool = False  # outside the hours: kept for the opening, instead of left to the next route

    @property
    def is_any(self) -> bool:
        """Whether nothing at all is asked for."""
        lists = (self.types, self.cities, self.zipcodes, self.listing_statuses, self.hours.windows)
        return not any(lists) and self.price_from is None and self.price_to is None


ANY: Final = Conditions()


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that failed: its name, what it wanted, and what the lead has."""

    condition: str
    expected: Any
    actual: Any


def first_unmet(conditions: Conditions, inquiry: Inquiry, calendar: Calendar) -> Unmet | None:
    """The first condition that the inquiry does not meet. `calendar` is that of the hours."""
    return next(_unmet(conditions, inquiry, calendar), None) if not conditions.is_any else None


def opening(conditions: Conditions, inquiry: Inquiry, calendar: Calendar) -> datetime | None:
    """When the offers of a lead that is held begin; None when at once."""
    if inquiry.at is None or conditions.hours.is_open(inquiry.at, calendar.zone, calendar.closed_on):
        return None
    return conditions.hours.next_opening(inquiry.at, calendar.zone, calendar.closed_on)


def _unmet(conditions: Conditions, inquiry: Inquiry, calendar: Calendar) -> Iterator[Unmet]:
    lists: tuple[tuple[str, frozenset[str], str | int | None, Callable[[Any], str], Holds], ...] = (
        ("types", conditions.types, inquiry.type, folded, contains),
        ("cities", conditions.cities, inquiry.city, city_name, contains),
        ("zipcodes", conditions.zipcodes, inquiry.zipcode, postal_code, has_code),
        ("listing_statuses", conditions.listing_statuses, inquiry.listing_status, folded, contains),
    )
    for name, wanted, actual, compared, holds in lists:
        if wanted and not holds(wanted, compared(actual)):
            yield Unmet(name, _some(wanted), actual)
    if not _is_in_band(conditions, inquiry.price):
        yield Unmet("price", [conditions.price_from, conditions.price_to], _plain(inquiry.price))
    if inquiry.at is not None and not conditions.hours.is_open(inquiry.at, calendar.zone, calendar.closed_on):
        if not conditions.is_held_until_open:
            yield Unmet(OPEN_HOURS, _hours(conditions, calendar), _time(inquiry.at, calendar))
        elif opening(conditions, inquiry, calendar) is None:
            yield Unmet(NEVER_OPEN, _hours(conditions, calendar), _time(inquiry.at, calendar))


def _hours(conditions: Conditions, calendar: Calendar) -> str:
    """`Mon-Fri 9:00-17:00 (America/Los_Angeles)`."""
    return f"{conditions.hours.text[:MOST_LETTERS]} ({calendar.zone.key})"


def _time(at: datetime, calendar: Calendar) -> str:
    """`Tue 18:35`, or `Fri 10:00, a holiday`, on the clock on the wall."""
    local = wall_time(at, calendar.zone)
    return f"{local:%a %H:%M}{', a holiday' if local.date() in calendar.closed_on else ''}"


def _some(wanted: frozenset[str]) -> list[str]:
    """The values in order, as many as somebody reads: each lead keeps them of each route that it did not take."""
    left_out = len(wanted) - MOST_TOLD
    return sorted(wanted)[:MOST_TOLD] + ([f"{left_out} more"] if left_out > 0 else [])


def _is_in_band(conditions: Conditions, price: Decimal | None) -> bool:
    low, high = conditions.price_from, conditions.price_to
    if low is None and high is None:
        return True
    return price is not None and (low is None or price >= low) and (high is None or price < high)


def _plain(price: Decimal | None) -> int | float | None:
    """As JSON has numbers."""
    return None if price is None else int(price) if price == int(price) else float(price)


@lru_cache(maxsize=4096)
def words(text: str) -> frozenset[str]:
    """The values of a comma list, as they are compared."""
    return frozenset(word for value in split_list(text) if (word := folded(value)))


@lru_cache(maxsize=4096)
def city_names(text: str) -> frozenset[str]:
    """The cities of a comma list, as they are compared."""
    return frozenset(name for value in split_list(text) if (name := city_name(value)))


@lru_cache(maxsize=4096)
def codes(text: str) -> frozenset[str]:
    """The ZIP codes of a list."""
    return frozenset(parse_list(text))


@lru_cache(maxsize=4096)
def folded(value: str | int | None) -> str:
    """A value as it is compared: ignoring case, accents, the Unicode form and extra blanks. None is empty."""
    text = str(value or "")
    if not text.isascii():
        apart = normalize("NFKD", normalize("NFKD", text).casefold())
        text = normalize("NFC", "".join(letter for letter in apart if not is_ignored(letter)))
    return " ".join(text.split()).casefold()


def is_ignored(letter: str) -> bool:
    """Whether it is an accent (lower combining classes are vowels of some scripts) or cannot be seen."""
    return combining(letter) >= MIN_ACCENT_CLASS or category(letter) == "Cf"


@lru_cache(maxsize=4096)
def city_name(value: str | int | None) -> str:
    """A city as it is compared: `St. Louis` is Saint Louis, `Ft Worth` Fort Worth, `Washington, D.C.` Washington DC."""
    text = CITY_WORD.sub(lambda found: f"{CITY_WORDS[found[1]]} ", folded(value))
    return " ".join(CITY_MARK.sub("", CITY_BREAK.sub(" ", text)).split())
