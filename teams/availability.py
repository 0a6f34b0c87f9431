"""Whether a member takes leads at a moment. Pure: settings, workload and the moment in, a reason out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from core.reasons import Reason
from teams.business_hours import ALWAYS, Hours
from teams.eligibility import SkipReason
from teams.timezones import to_local


@dataclass(frozen=True, slots=True)
class Availability:
    """A member's schedule, in their time zone, and caps. A cap of None is unlimited, 0 means no leads."""

    paused_until: datetime | None = None
    hours: Hours = ALWAYS
    days_off: frozenset[date] = frozenset()  # the member's days off and the team's holidays
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    cap_open: int | None = None
    cap_day: int | None = None
    open_leads: int = 0  # offered or claimed, without a contact yet
    leads_today: int = 0  # offered or claimed since their midnight


ALWAYS_AVAILABLE = Availability()


def unavailable_reason(member: Availability, at: datetime) -> Reason | None:
    """Why this member takes no lead at that moment; None when they do."""
    return next(_reasons(member, at), None)


def _reasons(member: Availability, at: datetime) -> Iterator[Reason]:
    if member.paused_until is not None and at < member.paused_until:
        yield Reason(SkipReason.PAUSED, {"until": member.paused_until.astimezone(UTC).isoformat()})
    if member.days_off and to_local(at, member.zone).date() in member.days_off:
        yield Reason(SkipReason.DAY_OFF)
    if not member.hours.is_open(at, member.zone):
        yield Reason(SkipReason.OUTSIDE_WORKING_HOURS)
    if member.cap_open is not None and member.open_leads >= member.cap_open:
        yield Reason(SkipReason.OPEN_LEAD_CAP, {"cap": member.cap_open, "count": member.open_leads})
    if member.cap_day is not None and member.leads_today >= member.cap_day:
        yield Reason(SkipReason.DAILY_CAP, {"cap": member.cap_day, "count": member.leads_today})
