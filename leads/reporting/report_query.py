"""The parameters of a distribution report: period and source. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api import coercion
from api.lists.query_parser import BadQuery, Query
from teams.timezones import to_local, to_utc

PARAMETERS: Final = ("from", "to", "source_id")
DEFAULT_PERIOD: Final = timedelta(days=30)
MAX_PERIOD: Final = timedelta(days=366)
YEARS: Final = range(1970, 3000)  # far from the ends of the calendar in any time zone


@dataclass(frozen=True)
class ReportQuery:
    """Leads received from `start` until before `end`, by days of `zone`."""

    start: datetime
    end: datetime
    zone: ZoneInfo
    source_id: int | None = None

    def days(self) -> list[tuple[date, datetime]]:
        """Return each day with the time it begins. The first one begins at the start of the period."""
        first = to_local(self.start, self.zone).date()
        begun = [(first, self.start)]
        while (begins := midnight(first + timedelta(days=len(begun)), self.zone)) < self.end:
            begun.append((first + timedelta(days=len(begun)), begins))
        return begun


def read_query(query: Query, zone: ZoneInfo, now: datetime) -> ReportQuery:
    """Parse the query string. The default is the last 30 days and all sources."""
    texts = parameter_texts(query)
    end = parse_moment("to", texts["to"], zone) if "to" in texts else now
    start = parse_moment("from", texts["from"], zone) if "from" in texts else end - DEFAULT_PERIOD
    check_period(start, end)
    return ReportQuery(start, end, zone, parse_source_id(texts["source_id"]) if "source_id" in texts else None)


def parameter_texts(query: Query) -> dict[str, str]:
    """Return the text of each parameter. Empty ones count as missing."""
    if query.alternatives or query.sort:
        name = "$or" if query.alternatives else "$sort"
        raise query_error(name, "is not a parameter of the report.")
    for term in query.terms:
        if term.field not in PARAMETERS:
            raise query_error(term.field[:100], f"is not a parameter of the report: use {', '.join(PARAMETERS)}.")
        if term.operator or len(term.values) > 1:
            raise query_error(term.field, "takes one value.")
    return {term.field: term.values[0] for term in query.terms if term.values[0].strip()}


def parse_moment(name: str, text: str, zone: ZoneInfo) -> datetime:
    """Parse a date, which means its midnight in `zone`, or a date-time."""
    try:
        read = coercion.read_datetime(text)
    except ValueError:
        raise query_error(name, "must be a date such as 2027-03-01, or a date-time with its zone.") from None
    if read.year not in YEARS:
        raise query_error(name, f"must be between the years {YEARS[0]} and {YEARS[-1]}.")
    return midnight(read.date(), zone) if coercion.is_date_only(text) else read


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the time at which a day begins in `zone`."""
    return to_utc(datetime.combine(day, time.min), zone)


def check_period(start: datetime, end: datetime) -> None:
    if start >= end:
        raise query_error("from", "must be before to. Without a to, it must be before now.")
    if end - start > MAX_PERIOD:
        raise query_error("from", f"may be at most {MAX_PERIOD.days} days before to.")


def parse_source_id(text: str) -> int:
    try:
        return coercion.parse_integer(text)
    except ValueError as error:
        raise query_error("source_id", str(error)) from None


def query_error(name: str, problem: str) -> BadQuery:
    message = f"{name} {problem}"
    return BadQuery(message, errors={name: message})
