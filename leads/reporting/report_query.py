"""What a distribution report is asked about: a period, and perhaps one source. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api import coercion
from api.lists.query_parser import BadQuery, Query
from teams.timezones import to_local, to_utc

NAMES: Final = ("from", "to", "source_id")
USUAL: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=366)
YEARS: Final = range(1970, 3000)  # far from where calendars end: days are counted from here in any zone


@dataclass(frozen=True)
class Asked:
    """Leads that came in from `start` until before `end`, on the days of `zone`."""

    start: datetime
    end: datetime
    zone: ZoneInfo
    source_id: int | None = None

    def days(self) -> list[tuple[date, datetime]]:
        """Each day with the moment it begins; the first begins where the period does."""
        first = to_local(self.start, self.zone).date()
        begun = [(first, self.start)]
        while (begins := midnight(first + timedelta(days=len(begun)), self.zone)) < self.end:
            begun.append((first + timedelta(days=len(begun)), begins))
        return begun


def read_query(query: Query, zone: ZoneInfo, now: datetime) -> Asked:
    """What a query string asks for; what it leaves out is the last 30 days, of all sources."""
    given = texts_of(query)
    end = moment_of("to", given["to"], zone) if "to" in given else now
    start = moment_of("from", given["from"], zone) if "from" in given else end - USUAL
    check_period(start, end)
    return Asked(start, end, zone, source_of(given["source_id"]) if "source_id" in given else None)


def texts_of(query: Query) -> dict[str, str]:
    """Each parameter's text; an empty one counts as not given."""
    if query.alternatives or query.sort:
        name = "$or" if query.alternatives else "$sort"
        raise refusal(name, "cannot be asked of a report.")
    for term in query.terms:
        if term.field not in NAMES:
            raise refusal(term.field[:100], f"is nothing a report asks for; it takes {', '.join(NAMES)}.")
        if term.operator or len(term.values) > 1:
            raise refusal(term.field, "takes one value.")
    return {term.field: term.values[0] for term in query.terms if term.values[0].strip()}


def moment_of(name: str, text: str, zone: ZoneInfo) -> datetime:
    """A date is its midnight in `zone`; a date-time is itself."""
    try:
        read = coercion.read_datetime(text)
    except ValueError:
        raise refusal(name, "must be a date such as 2027-03-01, or a date-time with its zone.") from None
    if read.year not in YEARS:
        raise refusal(name, f"must lie between the years {YEARS[0]} and {YEARS[-1]}.")
    return midnight(read.date(), zone) if coercion.is_date_only(text) else read


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a day begins in `zone`."""
    return to_utc(datetime.combine(day, time.min), zone)


def check_period(start: datetime, end: datetime) -> None:
    if start >= end:
        raise refusal("from", "must be before to, which is the present moment unless you give it.")
    if end - start > LONGEST:
        raise refusal("from", f"may be at most {LONGEST.days} days before to.")


def source_of(text: str) -> int:
    try:
        return coercion.parse_integer(text)
    except ValueError as error:
        raise refusal("source_id", str(error)) from None


def refusal(name: str, what: str) -> BadQuery:
    message = f"{name} {what}"
    return BadQuery(message, errors={name: message})
