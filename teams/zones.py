"""Wall time in somebody's zone, and the instant it means."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The UTC moment of a naive wall time. One that occurs twice means the first; one that a change of the
    clocks leaves out means the first minute after the gap."""
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while wall_time(moment, zone) != local:
        local = local.replace(second=0, microsecond=0) + MINUTE
        moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return moment


def wall_time(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows in `zone`, naive."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
