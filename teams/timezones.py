"""Conversions between UTC and local time."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError

MINUTE = timedelta(minutes=1)


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The UTC moment of a naive wall time. One that occurs twice means the first; one that a change of the
    clocks leaves out means the first minute after the gap."""
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while to_local(moment, zone) != local:
        local = local.replace(second=0, microsecond=0) + MINUTE
        moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return moment


def to_local(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows in `zone`, naive."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def format_local_time(at: str, zone: ZoneInfo) -> str:
    day = to_local(datetime.fromisoformat(at), zone)
    return f"{day:%b} {day.day}, {day:%H:%M}"


def hours_from_gmt(moment: datetime, zone: ZoneInfo) -> float:
    """-8, or 5.5."""
    offset = moment.astimezone(zone).utcoffset()
    hours = offset.total_seconds() / 3600 if offset else 0.0
    return int(hours) if hours == int(hours) else hours


def zones_by_offset(moment: datetime) -> Iterable[tuple[float, list[str]]]:
    """The names of all zones that are as far from GMT at the moment, with how many hours that is."""
    found: dict[float, list[str]] = defaultdict(list)
    for name in zones_by_lower_name().values():
        found[hours_from_gmt(moment, ZoneInfo(name))].append(name)
    return found.items()


@cache
def zones_by_lower_name() -> dict[str, str]:
    """Every IANA name under its lower case; reading the folder of zones takes 20 ms."""
    return {name.lower(): name for name in available_timezones()}


def zone_named(text: str) -> str:
    """Return the IANA name for `text`, in any case. Raises ValueError with a predicate."""
    try:
        return zones_by_lower_name()[text.strip().lower()]
    except KeyError:
        raise ValueError("must be an IANA time zone such as America/Denver.") from None


def validate_zone(text: str) -> None:
    """Refuse what is not the exact name of a zone: ZoneInfo must find it."""
    if zones_by_lower_name().get(text.lower()) != text:
        raise ValidationError("%(text)s is not an IANA time zone such as America/Denver.", params={"text": text})
