"""Presets of a pause, one tap each. Pure: takes the time and the user's zone, returns times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from teams.timezones import to_local, to_utc

DAY_START: Final = time(8)
DAYS_PER_WEEK: Final = 7


@dataclass(frozen=True)
class PausePreset:
    """The label of the button, and the end of the pause."""

    name: str
    label: str
    until: datetime


def pause_presets(now: datetime, zone: ZoneInfo) -> list[PausePreset]:
    """Return the presets by end, without duplicates."""
    by_end = {pause.until: pause for pause in reversed(list(_presets(now, zone)))}
    return [by_end[end] for end in sorted(by_end)]


def _presets(now: datetime, zone: ZoneInfo) -> Iterator[PausePreset]:
    today = to_local(now, zone).date()
    yield PausePreset("hour", "For 1 hour", now + timedelta(hours=1))
    yield PausePreset("morning", "Until tomorrow morning", start_of_day(today + timedelta(days=1), zone))
    yield PausePreset(
        "monday", "Until Monday", start_of_day(today + timedelta(days=DAYS_PER_WEEK - today.weekday()), zone)
    )


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return to_utc(datetime.combine(day, DAY_START), zone)
