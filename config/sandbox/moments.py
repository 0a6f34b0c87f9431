"""Durations and moments as ISO 8601 writes them. Pure."""

import re
from datetime import UTC, datetime, timedelta

DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?"
)
CALENDAR = re.compile(r"P(?:\d+W)?(?:\d+[YM])+(?:\d+D)?(?:T.*)?", re.IGNORECASE)


def read_duration(text: str) -> timedelta:
    """The span that `P30D`, `PT5M`, `P1DT2H` or `P2W` names, or ValueError saying what is wrong with it."""
    if CALENDAR.fullmatch(text):
        raise ValueError("Years and months have no fixed length; give weeks, days, hours, minutes or seconds.")
    match = DURATION.fullmatch(text.upper())
    given = match.groupdict("").items() if match else []
    parts = {name: float(value.replace(",", ".")) for name, value in given if value}
    if not parts:
        raise ValueError("This is no ISO 8601 duration such as P30D, PT5M or P1DT2H.")
    try:
        return timedelta(**parts)
    except OverflowError:
        raise ValueError("This duration is too long.") from None


def read_moment(text: str) -> datetime:
    """The moment an ISO 8601 text names, UTC unless it says otherwise, or ValueError."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("This is no ISO 8601 moment such as 2027-01-05T18:00:00Z.") from None
