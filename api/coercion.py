"""Loose text read as values. Bodies and filters share these; each raises ValueError ("must be ...")."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

SMALLEST_ID, LARGEST_ID = -(2**63), 2**63 - 1  # what a bigint column holds

MAX_NUMBER_LENGTH = 100  # characters of a number
WHOLE = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")

TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
FALSE = frozenset({"false", "0", "no", "off", "f", "n"})
LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")  # an offset whose `+` was read as a space

# What a record may hold: any moment of it can be shown in any zone, and a day be reckoned from it either way.
EARLIEST, END = datetime(1000, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
PLACEHOLDER_DATES = frozenset(date(*day) for day in ((1, 1, 1), (1899, 12, 30), (1900, 1, 1), (1970, 1, 1)))
NULL_DATE = re.compile(r"\s*0001-?01-?01(\D.*)?", re.DOTALL)  # .NET's DateTime.MinValue, Go's zero Time, in any zone


def parse_integer(value: object) -> int:
    """5, "5" and 5.0 are 5."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("must be a whole number.")
    if isinstance(value, str):
        if not (digits := WHOLE.fullmatch(value.strip())):
            raise ValueError("must be a whole number.")
        if len(digits[1]) > MAX_NUMBER_LENGTH:
            raise ValueError("is too large a number.")
        value = int(digits[1])
    if not SMALLEST_ID <= value <= LARGEST_ID:
        raise ValueError("is too large a number.")
    return value


def parse_decimal(value: object) -> Decimal:
    """A number with a fraction, given as a number or as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number.")
    text = str(value).strip()
    if len(text) > MAX_NUMBER_LENGTH:
        raise ValueError("is too large a number.")
    try:
        number = Decimal(text.replace("_", "x"))  # Python would read 1_000
    except InvalidOperation:
        raise ValueError("must be a number.") from None
    if not number.is_finite() or abs(number) >= Decimal("1e100"):
        raise ValueError("must be a number of ordinary size.")
    return number


def parse_bool(value: object) -> bool:
    """true, "true", 1 and "1" are true."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, int | str) else ""
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError("must be true or false.")


def parse_datetime(value: object) -> datetime:
    """An ISO 8601 date-time or date as an aware moment in UTC; without a zone it is UTC."""
    try:
        read = read_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a date-time such as 2018-01-16T09:09:09.000Z.") from None
    if not EARLIEST <= read < END:
        raise ValueError(f"must lie between {EARLIEST:%Y-%m-%d} and {END:%Y-%m-%d}.")
    return read


def read_datetime(value: object) -> datetime:
    """A date-time in the zone it is written in; raises ValueError without a word for the client."""
    if not isinstance(value, str):
        raise ValueError
    read = datetime.fromisoformat(LOST_PLUS.sub(r"+\1", value.strip()))
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def is_null_date(value: object) -> bool:
    """Whether this is what programs send that know of no date, but have no null for one."""
    return isinstance(value, str) and bool(NULL_DATE.fullmatch(value))


def date_range(value: str) -> tuple[datetime, datetime]:
    """Return (from, before) of a date filter: a whole day for a date, otherwise the millisecond as it is printed.

    Values outside the storable range are allowed: filters such as "since the year 1" and "until the end of 9999" are
    usual.
    """
    try:
        start = read_datetime(value)
    except ValueError:
        raise ValueError("must be a date-time such as 2018-01-16T09:09:09.000Z.") from None
    length = timedelta(days=1) if is_date_only(value) else timedelta(milliseconds=1)
    start = clamp_to_calendar(start, timedelta(0))
    start = start.replace(microsecond=start.microsecond // 1000 * 1000)
    return start, clamp_to_calendar(start, length)


def clamp_to_calendar(at: datetime, later: timedelta) -> datetime:
    """This much later in UTC, or where the calendar ends."""
    try:
        return at.astimezone(UTC) + later
    except OverflowError:
        return FIRST if at.year == 1 else LAST


def is_date_only(value: str) -> bool:
    """Whether a readable date-time names a day and no time."""
    return bool(re.fullmatch(r"\s*(\d{4}-\d\d-\d\d|\d{8})\s*", value))


def parse_date(value: object) -> date:
    """Return the day of an ISO 8601 date, or of a date-time at midnight as written: many programs have no plain dates.

    Raises ValueError for any other time of day: which day is meant depends on a zone that was not sent.
    """
    try:
        read = read_datetime(value)
    except ValueError:
        raise ValueError("must be a date such as 1955-10-28.") from None
    if read.time() != time.min:
        raise ValueError("must be a date such as 1955-10-28, without a time of day.")
    return read.date()


def parse_time(value: object) -> time:
    """Return an ISO 8601 time of day, or the time of a date-time with a placeholder date (PLACEHOLDER_DATES).

    Raises ValueError for an offset or another date: this is a local time of the user, on any day.
    """
    if not isinstance(value, str):
        raise ValueError("must be a time of day such as 20:30:00.")
    text = value.strip()
    try:
        at = time.fromisoformat(text)
    except ValueError:
        at = _time_on_no_date(text)
    if at.tzinfo is not None:
        raise ValueError("must be a time of day such as 20:30:00, without an offset from UTC.")
    return at


def _time_on_no_date(text: str) -> time:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a time of day such as 20:30:00.") from None
    if read.date() not in PLACEHOLDER_DATES:
        raise ValueError("must be a time of day such as 20:30:00, without a date.")
    return read.timetz()


def parse_choice(value: object, choices: dict[str, str]) -> str:
    """The canonical spelling of an enum's value; `choices` maps lower case to canonical."""
    found = choices.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if found is None:
        raise ValueError(f"must be one of {', '.join(choices.values())}.")
    return found


def format_datetime(value: datetime) -> str:
    """How every date-time leaves: UTC, milliseconds, `Z`."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
