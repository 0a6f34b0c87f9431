"""Expire offers whose exclusive window has ended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection

from core.reasons import Reason
from core.scheduler import Job
from leads.jobs.locking import DueTimes
from leads.lifecycle.claims import cancel_claim_alerts, end_columns
from leads.lifecycle.reschedule import advance_rollouts
from leads.models import Lead, LeadOffer
from leads.reasons import EndReason
from teams.visibility import in_ids

Status = LeadOffer.Status

JOB: Final = Job("leads.expire_offers", Lead)

BATCH_SIZE: Final = 500
WINDOW_ENDED: Final = Reason(EndReason.WINDOW_ENDED)

# Leads with an ended window that no other transaction has locked. Only ids: the rows are loaded after the lock.
LOCK_LEADS_SQL: Final = """
SELECT offer.lead_id
FROM leads_leadoffer AS offer JOIN leads_lead AS lead ON lead.id = offer.lead_id
WHERE offer.status = 'Sent' AND offer.closes_at <= %s
AND lead.id NOT IN (SELECT row_id FROM operations_parkedrow WHERE job = %s AND is_parked)
ORDER BY offer.closes_at, offer.id
LIMIT %s
FOR NO KEY UPDATE OF lead SKIP LOCKED
"""


def due_times() -> DueTimes:
    """Return when the next windows end."""
    closing = JOB.without_parked(LeadOffer.objects.filter(status=Status.SENT, closes_at__isnull=False), "lead_id")
    return closing.order_by("closes_at", "pk").values_list("closes_at")


def run_batch(now: datetime) -> int:
    """Expire a batch of offers. Return how many."""
    return JOB.run_batch(lock_batch, expire, now)


def lock_batch(now: datetime) -> Sequence[int]:
    """Lock leads with an ended window. Return their ids."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_LEADS_SQL, [now, JOB.name, BATCH_SIZE])
        return list(dict.fromkeys(lead_id for (lead_id,) in cursor.fetchall()))


def expire(ids: Sequence[int], now: datetime) -> int:
    """Expire the ended offers of these locked leads. Return how many."""
    ended = LeadOffer.objects.filter(in_ids("lead_id", ids), status=Status.SENT, closes_at__lte=now)
    cancel_claim_alerts(ended, reason=WINDOW_ENDED, now=now)
    expired = ended.update(status=Status.EXPIRED, settled_at=now, **end_columns(WINDOW_ENDED))
    advance_rollouts(ids, now=now)
    return expired
