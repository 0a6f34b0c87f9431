"""When each action of a campaign happens for one enrolment. Pure: actions and the start in, a plan out."""

import re
from calendar import isleap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Final
from zoneinfo import ZoneInfo

from dateutil import parser

from campaigns.reasons import ScheduleReason
from campaigns.recurrence import next_occurrence, what_is_wrong
from core.reasons import Reason
from core.text import to_ascii, trim
from teams.timezones import to_local, to_utc

TASK_TYPES: Final = (
    "Agent Task - Email Reminder",
    "Agent Task - Call Reminder",
    "Agent Task - Text Reminder",
    "Agent Task - No Reminder",
)
EMAIL: Final = "Email Contact"
CALL: Final = "Call Contact"
TEXT: Final = "Text Contact"

DAY_AND_TIME: Final = "Delay by Day and Time"
MINUTES: Final = "Delay by Minutes"
EXACT: Final = "Exact Date and Time"
RECURRING: Final = "Recurring"

ON_START: Final = 1  # what sets an action off: the start of the campaign,
ON_BIRTHDAY: Final = 2  # or each birthday of the contact

# Why an action runs at another time than configured, or never
PAST: Final = Reason(ScheduleReason.PAST)
AT_ONCE: Final = Reason(ScheduleReason.AT_ONCE)
NEXT_DAY: Final = Reason(ScheduleReason.NEXT_DAY)
EXHAUSTED: Final = Reason(ScheduleReason.RECURRENCE_ENDED)

REQUIRED: Final = "Required for this timing type."
MOST_DAYS: Final = 36_500  # a century; beyond, the calendar itself would end
MOST_SECONDS: Final = 2**31 - 1  # what an integer column holds: 68 years

BIRTHDAY_TIME: Final = time(9)  # where the action names none
MOST_DAYS_AFTER_BIRTHDAY: Final = 364
LONGEST_BIRTHDAY: Final = 100  # characters; dateutil must not see more
LEAP_YEAR: Final = 2000
# Year first, or in its place the dashes of vCard's date without a year (RFC 6350); or the year last, if at all.
YEAR_FIRST: Final = re.compile(r"(?P<year>\d{4})([-/. ])(?P<one>\d\d?)\2(?P<two>\d\d?)\.?(?:[T ].*)?")
COMPACT: Final = re.compile(r"(?:(?P<year>\d{4})|--)(?P<one>\d\d)-?(?P<two>\d\d)(?:[T ].*)?")
YEAR_LAST: Final = re.compile(
    r"(?P<one>\d\d?) ?([-/. ]) ?(?P<two>\d\d?)(?: ?\2 ?(?P<year>\d{4}|\d\d)?)?(?:[T ]+\d\d?:.*)?"
)
MONTH_NAME: Final = re.compile(r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)
UNLIKE: Final = (datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2004-02-02"))  # both of leap years


@dataclass(frozen=True, slots=True)
class Action:
    """The timing of one `CampaignAction`."""

    id: int
    type: str
    timing_type: str
    delay_by_days: int | None = None
    dispatch_time: time | None = None
    delay_by_seconds: int | None = None
    dispatch_datetime: datetime | None = None
    recurrence: str | None = None
    trigger_type: int = ON_START


@dataclass(frozen=True, slots=True)
class Planned:
    """When an action happens, in UTC; None when it never will. `reason` records a choice that was made."""

    action_id: int
    at: datetime | None
    reason: Reason | None = None


ZoneOf = Callable[[Action], ZoneInfo]


def plan(actions: Sequence[Action], start: datetime, zone_of: ZoneOf) -> list[Planned]:
    """Return one `Planned` per action, in their order, each relative to the start, not to the step before it.

    `zone_of` returns the time zone of an action's sender, in which its time of day is meant.
    """
    return [PLANNERS[action.timing_type](action, start, zone_of) for action in actions]


def validate_timing(action: Action) -> dict[str, str]:
    """What is missing or wrong for the action's timing type, by field."""
    if action.timing_type not in PLANNERS:
        return {"timing_type": f"Must be one of: {', '.join(PLANNERS)}."}
    if action.timing_type == RECURRING and action.type not in TASK_TYPES:
        return {"timing_type": "Recurring is only for agent tasks."}
    if action.trigger_type == ON_BIRTHDAY and action.timing_type != DAY_AND_TIME:
        return {"timing_type": f"Must be {DAY_AND_TIME} for an action on birthdays."}
    needs = BIRTHDAY_NEEDS if action.trigger_type == ON_BIRTHDAY else NEEDS[action.timing_type]
    faults = ((field, fault(action)) for field, fault in needs.items())
    return {field: message for field, message in faults if message}


def month_and_day(text: str) -> tuple[int, int] | None:
    """Return month and day of a birthday in any usual format, with or without a year; None if it is ambiguous.

    Of two numbers the first is the month, unless only the second can be. A text with the name of a month is parsed
    twice against two dates that have nothing in common: the parts that are equal come from the text.
    """
    text = to_ascii(trim(text)) if len(text) <= LONGEST_BIRTHDAY else ""
    if found := YEAR_FIRST.fullmatch(text) or COMPACT.fullmatch(text):
        return _existing(found["year"] or "", int(found["one"]), int(found["two"]))
    if found := YEAR_LAST.fullmatch(text):
        month, day = int(found["one"]), int(found["two"])
        return _existing(found["year"] or "", *((day, month) if month > 12 else (month, day)))
    if not MONTH_NAME.search(text):
        return None
    try:
        one, other = (parser.parse(text, default=default, ignoretz=True) for default in UNLIKE)
    except (ValueError, OverflowError):
        return None
    is_told = (one.month, one.day) == (other.month, other.day)
    return (one.month, one.day) if is_told else None


def _existing(year: str, month: int, day: int) -> tuple[int, int] | None:
    """Return month and day if the date exists; a year of four digits must be valid, 0000 means no year."""
    if year == "0001" and (month, day) == (1, 1):
        return None  # .NET's DateTime.MinValue: the date is not known
    try:
        date(int(year) if len(year) == 4 and int(year) else LEAP_YEAR, month, day)
    except ValueError:
        return None
    return month, day


def next_birthday(
    action: Action, born: tuple[int, int], after: datetime, zone: ZoneInfo, last_year: int | None = None
) -> tuple[int, datetime]:
    """Return the year of the next birthday on which the action has not run yet, and when it runs.

    For a birthday on 29 February it is the 28th in other years.
    """
    month, day = born
    delay = timedelta(days=action.delay_by_days or 0)
    for year in count(max(to_local(after, zone).year - 1, (last_year or 0) + 1)):
        kept = day if (month, day) != (2, 29) or isleap(year) else 28
        local = datetime.combine(date(year, month, kept) + delay, action.dispatch_time or BIRTHDAY_TIME)
        if (moment := to_utc(local, zone)) >= after:
            return year, moment
    raise AssertionError("years do not end")


def _by_seconds(action: Action, start: datetime, zone_of: ZoneOf) -> Planned:
    return Planned(action.id, start + timedelta(seconds=action.delay_by_seconds or 0))


def _by_day_and_time(action: Action, start: datetime, zone_of: ZoneOf) -> Planned:
    """Return the sender's local time, some days after the local date of the start.

    On the first day it may have passed: a text then waits a day, so that it is sent at the configured hour."""
    zone = zone_of(action)
    day = to_local(start, zone).date() + timedelta(days=action.delay_by_days or 0)
    local = datetime.combine(day, action.dispatch_time or time.min)
    if (at := to_utc(local, zone)) >= start:
        return Planned(action.id, at)
    if action.type == TEXT:
        return Planned(action.id, to_utc(local + timedelta(days=1), zone), NEXT_DAY)
    return Planned(action.id, start, AT_ONCE)


def _on_the_date(action: Action, start: datetime, zone_of: ZoneOf) -> Planned:
    """A date gone by is left out: what was written for it would come out of season."""
    if action.dispatch_datetime is None or action.dispatch_datetime < start:
        return Planned(action.id, None, PAST)
    return Planned(action.id, action.dispatch_datetime)


def _recurring(action: Action, start: datetime, zone_of: ZoneOf) -> Planned:
    """The first occurrence, which may be the start itself; the engine asks for each next one in its turn."""
    just_before = start - timedelta(seconds=1)  # a rule knows whole seconds only
    at = next_occurrence(action.recurrence or "", start, just_before, zone_of(action))
    return Planned(action.id, at, None if at else EXHAUSTED)


PLANNERS: Final = {
    DAY_AND_TIME: _by_day_and_time,
    MINUTES: _by_seconds,
    EXACT: _on_the_date,
    RECURRING: _recurring,
}


def _wrong_number(given: int | None, most: int) -> str:
    if given is None:
        return REQUIRED
    return "" if 0 <= given <= most else f"must lie between 0 and {most}."


def _missing(given: object) -> str:
    return REQUIRED if given is None else ""


NEEDS: Final[dict[str, dict[str, Callable[[Action], str]]]] = {
    DAY_AND_TIME: {
        "delay_by_days": lambda action: _wrong_number(action.delay_by_days, MOST_DAYS),
        "dispatch_time": lambda action: _missing(action.dispatch_time),
    },
    MINUTES: {"delay_by_seconds": lambda action: _wrong_number(action.delay_by_seconds, MOST_SECONDS)},
    EXACT: {"dispatch_datetime": lambda action: _missing(action.dispatch_datetime)},
    RECURRING: {"recurrence": lambda action: what_is_wrong(action.recurrence) if action.recurrence else REQUIRED},
}
BIRTHDAY_NEEDS: Final[dict[str, Callable[[Action], str]]] = {
    "delay_by_days": lambda action: _wrong_number(action.delay_by_days or 0, MOST_DAYS_AFTER_BIRTHDAY),
}
