"""RFC 5545 recurrence rules, as recurring tasks use them: wall times that stay put when the clocks change."""

import re
from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from api.coercion import END
from teams.timezones import to_local, to_utc


def _one_or_more(item: str) -> str:
    return f"(?:{item})(?:,(?:{item}))*"


DAY: Final = "MO|TU|WE|TH|FR|SA|SU"
PARTS: Final = {  # frequencies of a rule; reminders every minute or second are refused
    "FREQ": "YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY",
    "INTERVAL": "[1-9][0-9]{0,3}",  # dateutil never returns from an interval of 0
    "COUNT": "[1-9][0-9]{0,3}|10000",  # as many as are ever followed
    "UNTIL": "[1-9][0-9]{7}(?:T[0-9]{6}Z?)?",
    "WKST": DAY,
    "BYMONTH": _one_or_more("0?[1-9]|1[0-2]"),
    "BYWEEKNO": _one_or_more("[+-]?(?:0?[1-9]|[1-4][0-9]|5[0-3])"),
    "BYYEARDAY": _one_or_more("[+-]?0{0,2}[1-9][0-9]{0,2}"),
    "BYMONTHDAY": _one_or_more("[+-]?(?:0?[1-9]|[12][0-9]|3[01])"),
    "BYDAY": _one_or_more(f"(?:[+-]?(?:[1-9]|[1-4][0-9]|5[0-3]))?(?:{DAY})"),
    "BYHOUR": _one_or_more("[01]?[0-9]|2[0-3]"),
    "BYMINUTE": _one_or_more("[0-5]?[0-9]"),
    "BYSETPOS": _one_or_more("[+-]?[1-9][0-9]{0,2}"),
}
MAX_RULE_LENGTH: Final = 2000  # characters; each day of a year by number takes 1,500
BOUNDS: Final = ("INTERVAL", "COUNT", "UNTIL")
MOST_OCCURRENCES: Final = 10_000  # hourly for a year, daily for a working life; then a rule has ended

NEVER: Final = "No date ever fits this rule."
ANY_START: Final = datetime.fromisoformat("2001-01-01T12:00")

# The calendar repeats every 400 years, weekdays included. dateutil looks for a next date up to the year 9999;
# moved into the last such cycle, a rule that never comes true is given up after 0.2 s instead of 5.
CYCLE_YEARS: Final = 400
CYCLE: Final = timedelta(days=146_097)


def next_occurrence(rule: str, start: datetime, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first moment after `after` of a rule that began at `start`; None when it has ended.

    The wall time of the start in `zone` is kept; where the clocks leave it out, it is the first minute after.
    """
    try:
        return next(_moments(rule, start, after, zone), None)
    except (ValueError, IndexError, OverflowError):  # hours that an hourly interval never meets; the calendar's end
        return None


def what_is_wrong(rule: str) -> str:
    """Return why this recurrence rule is not supported, as a sentence; empty if it is supported."""
    try:
        parts = _parts(rule)
        _last(parts.get("UNTIL", "20010101"), ZoneInfo("UTC"))
        pattern = {name: value for name, value in parts.items() if name not in BOUNDS}
        if pattern["FREQ"] == "HOURLY":  # has the same days as DAILY; dateutil would try each hour of 400 years
            pattern["FREQ"] = "DAILY"
        return "" if next(_series(pattern, ANY_START), None) else NEVER
    except IndexError:  # dateutil's message if a month has no such day, as a 53rd Sunday
        return NEVER
    except ValueError as error:
        return f"Not a recurrence rule (RFC 5545): {error}."


def ends_before(rule: str, start: datetime, zone: ZoneInfo) -> bool:
    """Whether its UNTIL leaves a rule that begins at `start` nothing at all."""
    until = _parts(rule).get("UNTIL")
    return until is not None and _last(until, zone) < to_local(start, zone).replace(microsecond=0)


def rest_of(rule: str, start: datetime, at: datetime, zone: ZoneInfo) -> str:
    """Return the rule of the rest of a series from its occurrence at `at` on, for a series that begins there."""
    parts = _parts(rule)
    if "COUNT" in parts:
        passed = sum(1 for moment in _moments(rule, start, start - timedelta(seconds=1), zone) if moment < at)
        parts["COUNT"] = str(max(int(parts["COUNT"]) - passed, 1))
    return _as_text(parts)


def _as_text(parts: Mapping[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _parts(rule: str) -> dict[str, str]:
    """Return the parts of a rule by name. Raises ValueError for an unsupported one."""
    if len(rule) > MAX_RULE_LENGTH:
        raise ValueError(f"it is longer than {MAX_RULE_LENGTH:,} characters")
    parts: dict[str, str] = {}
    for text in rule.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, _, value = text.partition("=")
        if not re.fullmatch(PARTS.get(name, "(?!)"), value):
            raise ValueError(f"{text!r} is not understood")
        if name in parts:
            raise ValueError(f"{name} is given twice")
        parts[name] = value
    if "FREQ" not in parts:
        raise ValueError("FREQ is missing")
    if parts.keys() >= {"COUNT", "UNTIL"}:
        raise ValueError("COUNT and UNTIL exclude each other")
    if parts["FREQ"] == "HOURLY" and "BYSETPOS" in parts:
        raise ValueError("BYSETPOS picks among the days or hours of a period, and an hour has neither")
    return parts


def _moments(rule: str, start: datetime, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The moments after `after` at which the rule falls due, up to and including its UNTIL."""
    parts = _parts(rule)
    last = _last(parts.pop("UNTIL"), zone) if "UNTIL" in parts else None
    not_before = to_local(after, zone) - timedelta(days=1)  # cheap, and wider than any change of the clocks
    first = to_local(start, zone).replace(microsecond=0)
    for local in islice(_series(parts, first), MOST_OCCURRENCES):
        if last and local > last:
            return
        # The first is the start itself, also in the hour that the clocks go through twice.
        moment = start.replace(microsecond=0) if local == first else to_utc(local, zone)
        if moment >= END:
            return
        if local > not_before and moment > after:
            yield moment


def _series(parts: Mapping[str, str], start: datetime) -> Iterator[datetime]:
    shift = CYCLE * ((MAXYEAR - start.year) // CYCLE_YEARS)
    return (local - shift for local in rrulestr(_as_text(parts), dtstart=start + shift))


def _last(until: str, zone: ZoneInfo) -> datetime:
    """UNTIL as a wall time: a bare date includes its day, a `Z` means UTC."""
    moment = datetime.fromisoformat(until if "T" in until else f"{until}T235959")
    if moment.tzinfo is None:
        return moment
    return to_local(moment.replace(year=min(moment.year, MAXYEAR - 1)), zone)  # no zone may lead past the calendar
