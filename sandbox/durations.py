"""Durations as ISO 8601 writes them. Pure."""

import re
from datetime import timedelta

DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?"
)
MAX_LENGTH = 100  # characters; the patterns take time by the square of the length
WITH_YEARS_OR_MONTHS = re.compile(r"P(?:\d+[YMWD])*\d+[YM](?:\d+[YMWD])*(?:T.*)?")


def read_duration(value: object) -> timedelta:
    """Return the duration of `P30D`, `PT5M`, `P1DT2H` or `P2W`. Raises ValueError with a predicate."""
    text = value.strip().upper() if isinstance(value, str) and len(value) <= MAX_LENGTH else ""
    if WITH_YEARS_OR_MONTHS.fullmatch(text):
        raise ValueError(
            "may not count years or months, whose length varies; give weeks, days, hours, minutes, seconds."
        )
    match = DURATION.fullmatch(text)
    given = match.groupdict("").items() if match else []
    parts = {name: float(number.replace(",", ".")) for name, number in given if number}
    if not parts:
        raise ValueError("must be an ISO 8601 duration such as P30D, PT5M or P1DT2H.")
    try:
        return timedelta(**parts)
    except OverflowError:
        raise ValueError("is too long.") from None
