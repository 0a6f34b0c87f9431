"""What members have of a team's leads, which is asked of those who have a cap."""

from collections.abc import Collection, Sequence
from datetime import datetime, time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from teams.timezones import instant, wall_time

Workloads = dict[tuple[int, int], tuple[int, int]]  # by team and user: open leads, and those of today

# Offers whose time is, by their status and windows, and leads claimed without a contact yet; and offers of today.
WORKLOADS_SQL: Final = """
SELECT member.team_id, member.user_id,
    (SELECT count(*) FROM leads_leadoffer AS offer
     WHERE offer.user_id = member.user_id AND offer.team_id = member.team_id AND offer.notify_at <= %(at)s
        AND offer.status = ANY(%(out)s::text[]) AND (offer.closes_at IS NULL OR offer.closes_at > %(at)s))
    + (SELECT count(*) FROM leads_lead AS lead
       WHERE lead.claimed_by_user_id = member.user_id AND lead.team_id = member.team_id AND lead.contacted_at IS NULL
           AND lead.merged_into_id IS NULL),
    (SELECT count(*) FROM leads_leadoffer AS offer
     WHERE offer.user_id = member.user_id AND offer.team_id = member.team_id AND offer.notify_at <= %(at)s
        AND offer.notify_at >= member.midnight
        AND (offer.status = 'Claimed'
             OR offer.status = ANY(%(out)s::text[]) AND (offer.closes_at IS NULL OR offer.closes_at > %(at)s)))
FROM unnest(%(teams)s::bigint[], %(users)s::bigint[], %(midnights)s::timestamptz[])
    AS member(team_id, user_id, midnight)
"""
SENT: Final = ("Sent",)
SENT_OR_PENDING: Final = ("Sent", "Pending")


class CappedMember(NamedTuple):
    """Somebody of a team, with their wall clock."""

    team_id: int
    user_id: int
    zone: ZoneInfo


def load_workloads(members: Collection[CappedMember], at: datetime, out: Sequence[str]) -> Workloads:
    """What these have at that moment, which may be yet to come; `out`: the statuses of offers that count."""
    if not members:
        return {}
    given: dict[str, Any] = {
        "at": at,
        "out": list(out),
        "teams": [member.team_id for member in members],
        "users": [member.user_id for member in members],
        "midnights": [start_of_day(at, member.zone) for member in members],
    }
    with connection.cursor() as cursor:
        cursor.execute(WORKLOADS_SQL, given)
        return {(team_id, user_id): (opened, today) for team_id, user_id, opened, today in cursor.fetchall()}


def start_of_day(at: datetime, zone: ZoneInfo) -> datetime:
    """When that day began."""
    return instant(datetime.combine(wall_time(at, zone), time()), zone)
