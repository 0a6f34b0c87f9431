"""For how long somebody takes no leads, at one tap. Pure: the moment and their zone in, moments out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from teams.timezones import to_local, to_utc

MORNING: Final = time(8)
DAYS_OF_A_WEEK: Final = 7


@dataclass(frozen=True)
class Pause:
    """What the button says, and until when it lasts."""

    name: str
    says: str
    until: datetime


def pauses(now: datetime, zone: ZoneInfo) -> list[Pause]:
    """The pauses there are to choose from; no two of them are the same."""
    by_end = {pause.until: pause for pause in reversed(list(_pauses(now, zone)))}
    return [by_end[end] for end in sorted(by_end)]


def _pauses(now: datetime, zone: ZoneInfo) -> Iterator[Pause]:
    today = to_local(now, zone).date()
    yield Pause("hour", "For 1 hour", now + timedelta(hours=1))
    yield Pause("morning", "Until tomorrow morning", morning(today + timedelta(days=1), zone))
    yield Pause("monday", "Until Monday", morning(today + timedelta(days=DAYS_OF_A_WEEK - today.weekday()), zone))


def morning(day: date, zone: ZoneInfo) -> datetime:
    return to_utc(datetime.combine(day, MORNING), zone)
