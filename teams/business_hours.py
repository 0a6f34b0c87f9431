"""Opening hours of a week, as people write them: `Mon-Fri 9:00-12:00, 13:00-17:00; Sat 10-14`. Pure."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from teams.timezones import to_local, to_utc

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
MAX_DAYS_AHEAD = 366  # days: hours that do not open within a year count as never open
SPAN = re.compile(r"([a-z]+)(?:-([a-z]+))?")
RANGE = re.compile(r"(\d{1,2})(?::([0-5]\d))?\s*(am|pm)?\s*(?:-|to)\s*(\d{1,2})(?::([0-5]\d))?\s*(am|pm)?", re.I)
AMBIGUOUS = "which can mean two things: write 9am-5pm or 9:00-17:00; for a night, 22:00-06:00"
ENTRY = re.compile(r"([a-z, -]*[a-z])[ ,]*(.*)")


@dataclass(frozen=True, slots=True)
class Window:
    """From a minute of a weekday (Monday is 0) for so many minutes, beyond midnight where it must."""

    day: int
    start: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly opening hours in local time. Without a range they are always open, also on closed days."""

    windows: tuple[Window, ...] = ()
    text: str = field(default="", compare=False)  # as `display_text` returned it

    def is_open(self, at: datetime, zone: ZoneInfo, closed_on: Collection[date] = ()) -> bool:
        """Whether it is open at this moment. A closed day is closed from its midnight to the next."""
        if not self.windows:
            return True
        local = to_local(at, zone)
        return local.date() not in closed_on and any(covers(window, local) for window in self.windows)

    def next_opening(self, at: datetime, zone: ZoneInfo, closed_on: Collection[date] = ()) -> datetime | None:
        """Return `at` if it is open, otherwise the first opening after it (UTC). None if none is within a year."""
        if self.is_open(at, zone, closed_on):
            return at
        later = (moment for moment in self._openings(at, zone) if moment > at)
        return next((moment for moment in later if self.is_open(moment, zone, closed_on)), None)

    def _openings(self, at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Each moment at which it could open, in order: where a window begins, and every midnight."""
        today = to_local(at, zone).date()
        for ahead in range(MAX_DAYS_AHEAD):
            day = today + timedelta(days=ahead)
            starts = {window.start for window in self.windows if window.day == day.weekday()} | {0}
            for minute in sorted(starts):
                yield to_utc(datetime.combine(day, time()) + timedelta(minutes=minute), zone)


ALWAYS = Hours()


def covers(window: Window, local: datetime) -> bool:
    """Whether a window of this week or of the last one holds this wall time."""
    minute = local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute
    since = (minute - (window.day * DAY_MINUTES + window.start)) % (7 * DAY_MINUTES)
    return since < window.minutes


@lru_cache(maxsize=4096)
def parse_hours(text: str) -> Hours:
    """Read opening hours; raises ValueError with a predicate that names what cannot be read.

    Entries are parted by `;`, the days and the times within one by commas: `Mon-Fri 9-12, 13-17; Sat,Sun 10am-2pm`.
    Days alone are whole days; times that end at or before they begin end on the next day; nothing is always.
    """
    entries = [entry for part in re.split(r"[;\n]", text.lower()) if (entry := part.strip())]
    return Hours(tuple(window for entry in entries for window in _windows(entry)), display_text(text.strip()))


def _windows(entry: str) -> Iterator[Window]:
    match = ENTRY.fullmatch(entry)
    if not match:
        raise ValueError(f"contains {entry[:40]!r}: write days and times such as Mon-Fri 9:00-17:00.")
    ranges = [_range(part.strip()) for part in match[2].split(",")] if match[2].strip() else [(0, DAY_MINUTES)]
    for day in _days(match[1]):
        for start, minutes in ranges:
            yield Window(day, start, minutes)


def _days(text: str) -> list[int]:
    days: list[int] = []
    for part in re.split(r"[, ]+", re.sub(r"\s*-\s*", "-", text.strip())):
        match = SPAN.fullmatch(part)
        if not match:
            raise ValueError(f"holds {part[:20]!r}, which names no days.")
        first = _day(match[1])
        last = _day(match[2]) if match[2] else first
        days += [(first + ahead) % 7 for ahead in range((last - first) % 7 + 1)]
    return list(dict.fromkeys(days))


def _day(word: str) -> int:
    """Match `mon`, `Monday` and the abbreviations between: at least three letters."""
    whole = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for number, name in enumerate(whole):
        if len(word) >= len(DAYS[0]) and name.startswith(word):
            return number
    raise ValueError(f"contains {word[:20]!r}, which is not a day of the week.")


def _range(text: str) -> tuple[int, int]:
    """Where a range begins, and how long it is, in minutes."""
    match = RANGE.fullmatch(text)
    if not match:
        raise ValueError(f"contains {text[:20]!r}, which is not a range of times such as 9:00-17:00.")
    start, end = _ends(match)
    if start >= DAY_MINUTES:
        raise ValueError(f"holds {text[:20]!r}, which begins after the day is over.")
    return start, end - start if end > start else end - start + DAY_MINUTES


def _ends(match: re.Match[str]) -> tuple[int, int]:
    """The minutes of the day at which a range begins and ends."""
    return _minute(match[1], match[2], match[3]), _minute(match[4], match[5], match[6])


def _minute(hour: str, minute: str | None, half: str | None) -> int:
    """The minute of the day; `12am` is midnight, `24:00` the end of the day."""
    hours = int(hour)
    if half and not 1 <= hours <= 12:
        raise ValueError(f"contains {hour}{half}, which is not a time.")
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    total = hours * 60 + int(minute or 0)
    if total > DAY_MINUTES:
        raise ValueError(f"contains {hour}:{minute or '00'}, which is not a time.")
    return total


def display_text(text: str) -> str:
    """Return the hours as they were written; ranges over midnight are marked."""
    return RANGE.sub(_display_range, text)


def _display_range(match: re.Match[str]) -> str:
    start, end = _ends(match)
    if end > start:
        return match[0]
    return f"{start // 60}:{start % 60:02} until {end // 60}:{end % 60:02} the next day"


def check_unambiguous(text: str) -> None:
    """Refuse ranges such as `9-5`: most writers mean 9:00-17:00, but on a 24-hour clock it ends the next morning."""
    for match in RANGE.finditer(text):
        start, end = _ends(match)
        if end <= start and not is_unambiguous(match):
            raise ValueError(f"holds {match[0]!r}, {AMBIGUOUS}.")


def is_unambiguous(match: re.Match[str]) -> bool:
    """Return whether both ends have am or pm, or can only be times of a 24-hour clock."""
    if match[3] or match[6]:
        return bool(match[3] and match[6])
    return int(match[1]) > 12 or match[1].startswith("0") or match[4].startswith("0")


def validate_hours(text: str) -> None:
    """Refuse what cannot be read, or be read in two ways."""
    try:
        parse_hours(text)
        check_unambiguous(text)
    except ValueError as problem:
        raise ValidationError(str(problem)) from None
