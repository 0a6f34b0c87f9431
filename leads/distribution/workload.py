"""Workload of members with a cap: open leads of the team, and leads of the day."""

from collections.abc import Collection, Sequence
from datetime import datetime, time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from teams.timezones import to_local, to_utc

Workloads = dict[tuple[int, int], tuple[int, int]]  # by team id and user id: open leads, leads of today

# Open leads: current offers, by status and window, and claimed leads without a first contact. Leads of today: offers.
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
    """A member of a team, with their time zone."""

    team_id: int
    user_id: int
    zone: ZoneInfo


def load_workloads(members: Collection[CappedMember], at: datetime, statuses: Sequence[str]) -> Workloads:
    """Return the workloads at a time, which may be in the future. `statuses`: the statuses of offers that count."""
    if not members:
        return {}
    parameters: dict[str, Any] = {
        "at": at,
        "out": list(statuses),
        "teams": [member.team_id for member in members],
        "users": [member.user_id for member in members],
        "midnights": [start_of_day(at, member.zone) for member in members],
    }
    with connection.cursor() as cursor:
        cursor.execute(WORKLOADS_SQL, parameters)
        return {(team_id, user_id): (opened, today) for team_id, user_id, opened, today in cursor.fetchall()}


def start_of_day(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the start of that day in the zone."""
    return to_utc(datetime.combine(to_local(at, zone), time()), zone)
