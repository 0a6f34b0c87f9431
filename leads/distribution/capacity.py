"""Caps at the moment of a turn: however many leads come at once and however many workers run, nobody passes theirs."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

from django.db import connection

from core.reasons import Reason
from leads.distribution.workload import SENT, CappedMember, Workloads, load_workloads
from teams.availability import Availability, unavailable_reason
from teams.models import User

# Whoever has a cap is told by one batch at a time. Its members are held at once and in one order.
LOCK_MEMBERS_SQL: Final = """
WITH member AS MATERIALIZED (
    SELECT team_id, user_id FROM unnest(%s::bigint[], %s::bigint[]) AS given(team_id, user_id)
    ORDER BY team_id, user_id
)
SELECT pg_advisory_xact_lock(hashtextextended(team_id || ' ' || user_id, 10)) FROM member
"""


class CappedOffer(Protocol):
    """An offer whose turn has come, with the caps of its member."""

    team_id: int
    user_id: int
    user: User
    cap_open: int | None
    cap_day: int | None


class CapacityGuard:
    """What the members with a cap have, counting what they are told of meanwhile."""

    def __init__(self, turns: Iterable[CappedOffer], now: datetime) -> None:
        """Hold them until the transaction ends. The caller holds the leads. Where nobody has a cap nothing is asked."""
        capped = {CappedMember(turn.team_id, turn.user_id, turn.user.zone) for turn in turns if has_cap(turn)}
        lock_members(capped)
        self.now = now
        self.loads: Workloads = load_workloads(capped, now, SENT)

    def cap_reason(self, turn: CappedOffer) -> Reason | None:
        """The cap that this member has reached; None when they may get another lead."""
        if not has_cap(turn):
            return None
        opened, today = self.loads[turn.team_id, turn.user_id]
        load = Availability(cap_open=turn.cap_open, cap_day=turn.cap_day, open_leads=opened, leads_today=today)
        return unavailable_reason(load, self.now)

    def count(self, turn: CappedOffer) -> None:
        """They are told of this one."""
        if has_cap(turn):
            opened, today = self.loads[turn.team_id, turn.user_id]
            self.loads[turn.team_id, turn.user_id] = opened + 1, today + 1


def has_cap(turn: CappedOffer) -> bool:
    return turn.cap_open is not None or turn.cap_day is not None


def lock_members(members: Iterable[CappedMember]) -> None:
    """Nobody else tells these of a lead until the transaction ends."""
    ids = [(member.team_id, member.user_id) for member in members]
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(LOCK_MEMBERS_SQL, [list(column) for column in zip(*ids, strict=True)])
