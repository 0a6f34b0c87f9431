"""Check caps when an offer is due. Caps hold no matter how many leads arrive and how many workers run."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

from django.db import connection

from core.reasons import Reason
from leads.distribution.workload import SENT, CappedMember, Workloads, load_workloads
from teams.availability import Availability, unavailable_reason
from teams.models import User

# Members with a cap are alerted by one batch at a time. They are locked together, in one order, to avoid deadlocks.
LOCK_MEMBERS_SQL: Final = """
WITH member AS MATERIALIZED (
    SELECT team_id, user_id FROM unnest(%s::bigint[], %s::bigint[]) AS requested(team_id, user_id)
    ORDER BY team_id, user_id
)
SELECT pg_advisory_xact_lock(hashtextextended(team_id || ' ' || user_id, 10)) FROM member
"""


class CappedOffer(Protocol):
    """A due offer with the caps of its member."""

    team_id: int
    user_id: int
    user: User
    cap_open: int | None
    cap_day: int | None


class CapacityGuard:
    """The workloads of members with a cap, including the offers of the current batch."""

    def __init__(self, offers: Iterable[CappedOffer], now: datetime) -> None:
        """Lock the members until the transaction ends. The caller has locked the leads. No query without caps."""
        capped = {CappedMember(offer.team_id, offer.user_id, offer.user.zone) for offer in offers if has_cap(offer)}
        lock_members(capped)
        self.now = now
        self.loads: Workloads = load_workloads(capped, now, SENT)

    def cap_reason(self, offer: CappedOffer) -> Reason | None:
        """Return the cap that this member has reached; None if they can get another lead."""
        if not has_cap(offer):
            return None
        opened, today = self.loads[offer.team_id, offer.user_id]
        load = Availability(cap_open=offer.cap_open, cap_day=offer.cap_day, open_leads=opened, leads_today=today)
        return unavailable_reason(load, self.now)

    def count(self, offer: CappedOffer) -> None:
        """Count this offer."""
        if has_cap(offer):
            opened, today = self.loads[offer.team_id, offer.user_id]
            self.loads[offer.team_id, offer.user_id] = opened + 1, today + 1


def has_cap(offer: CappedOffer) -> bool:
    return offer.cap_open is not None or offer.cap_day is not None


def lock_members(members: Iterable[CappedMember]) -> None:
    """Lock these members until the transaction ends, so that no other batch alerts them."""
    ids = [(member.team_id, member.user_id) for member in members]
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(LOCK_MEMBERS_SQL, [list(column) for column in zip(*ids, strict=True)])
