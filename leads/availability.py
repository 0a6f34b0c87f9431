"""Whether a member takes leads at a moment. Pure: what was set, what they have, and the moment in; why not out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from teams.hours import ALWAYS, Hours
from teams.zones import wall_time


@dataclass(frozen=True, slots=True)
class Availability:
    """A member's times, on their own wall clock, and how much they take. Null caps are none; zero takes nothing."""

    paused_until: datetime | None = None
    hours: Hours = ALWAYS
    days_off: frozenset[date] = frozenset()  # theirs, and the team's holidays
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    cap_open: int | None = None
    cap_day: int | None = None
    open_leads: int = 0  # offered or claimed, without a contact yet
    leads_today: int = 0  # offered or claimed since their midnight


AT_ALL_TIMES = Availability()


def why_unavailable(member: Availability, at: datetime) -> str:
    """Why this member takes no lead at that moment, in plain words; empty when they do."""
    return next(_objections(member, at), "")


def _objections(member: Availability, at: datetime) -> Iterator[str]:
    if member.paused_until is not None and at < member.paused_until:
        yield f"paused until {member.paused_until.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    if member.days_off and wall_time(at, member.zone).date() in member.days_off:
        yield "a day off"
    if not member.hours.is_open(at, member.zone):
        yield "outside their working hours"
    if member.cap_open is not None and member.open_leads >= member.cap_open:
        yield f"at their cap of {member.cap_open} open leads: has {member.open_leads}"
    if member.cap_day is not None and member.leads_today >= member.cap_day:
        yield f"at their cap of {member.cap_day} leads a day: has {member.leads_today}"
