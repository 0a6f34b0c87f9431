"""Alert members whose turn is due: load the due offers, decide, queue alerts, save, assign, advance.

A batch is one transaction with a constant number of statements. It locks leads that no other transaction holds, reloads
their offers, and writes offers, messages and claims together. So an alert exists exactly once, no matter where a worker
stops and how many workers run.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from django.db import connection

from core.db.bulk import bulk_update_sql
from core.reasons import Reason
from core.scheduler import Job
from leads.distribution.capacity import CapacityGuard
from leads.distribution.offer_plan import lateness_shift
from leads.jobs.due_offers import DueOffer, by_id, load_batch, pending_offers
from leads.jobs.locking import DueTimes
from leads.jobs.offer_alerts import queue_alerts
from leads.jobs.offer_decisions import decide_offers
from leads.lifecycle.claims import assign_claims, cancel_claim_alerts, end_other_offers
from leads.lifecycle.reschedule import advance_rollouts, shift_rollouts
from leads.lifecycle.round_robin_adjustments import reassign_skipped_turns
from leads.models import Lead, LeadOffer
from leads.reasons import EndReason
from teams.models import Team
from teams.visibility import in_ids

Status = LeadOffer.Status

JOB: Final = Job("leads.send_offers", Lead)

BATCH_SIZE: Final = 2000  # offers; about 160 ms

# Leads with a due offer that no other transaction has locked. Only ids: the rows are loaded after the lock.
LOCK_LEADS_SQL = """
SELECT offer.lead_id
FROM leads_leadoffer AS offer JOIN leads_lead AS lead ON lead.id = offer.lead_id
WHERE offer.status = 'Pending' AND offer.notify_at <= %s
AND lead.id NOT IN (SELECT row_id FROM operations_parkedrow WHERE job = %s AND is_parked)
ORDER BY offer.notify_at, offer.position, offer.id
LIMIT %s
FOR NO KEY UPDATE OF lead SKIP LOCKED
"""

# The outcome of an offer; many are saved in one statement.
OUTCOME_COLUMNS: Final = {
    "id": "bigint",
    "status": "text",
    "end_code": "text",
    "end_details": "jsonb",
    "reply_number": "smallint",
    "reply_phone": "text",
    "alerted_at": "timestamptz",
    "settled_at": "timestamptz",
    "alert_text_id": "bigint",
    "alert_email_id": "bigint",
    "alert_call_id": "bigint",
}
outcome_values: Final = attrgetter(*OUTCOME_COLUMNS)


def due_times() -> DueTimes:
    """Return when the next offers are due."""
    return JOB.without_parked(pending_offers(), "lead_id").values_list("notify_at")


def run_batch(now: datetime) -> int:
    """Send a batch of due offers. Return how many."""
    return JOB.run_batch(lock_batch, send, now)


def lock_batch(now: datetime) -> Sequence[int]:
    """Lock leads with a due offer. Return their ids."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_LEADS_SQL, [now, JOB.name, BATCH_SIZE])
        return list(dict.fromkeys(lead_id for (lead_id,) in cursor.fetchall()))


def send(ids: Sequence[int], now: datetime) -> int:
    """Send the earliest due offers of these locked leads. Return how many."""
    batches = load_batch(ids, now)
    guard = CapacityGuard((offer for batch in batches for offer in batch), now)
    for batch in batches:
        decide_offers(batch, guard, now)
    offers = [offer for batch in batches for offer in batch if offer.status != Status.PENDING]
    queue_alerts(offers, now)
    save_outcomes(offers)
    assign_leads([offer for offer in offers if offer.status == Status.CLAIMED], now)
    postpone_remaining([offer for offer in offers if offer.status == Status.SENT], now)
    skip_offers(offers, now)
    return len(offers)


def save_outcomes(offers: Sequence[DueOffer]) -> None:
    """Save the outcomes."""
    if offers:
        columns = list(zip(*map(outcome_values, offers), strict=True))
        with connection.cursor() as cursor:
            cursor.execute(*bulk_update_sql(LeadOffer._meta.db_table, OUTCOME_COLUMNS, columns))


def assign_leads(offers: Sequence[DueOffer], now: datetime) -> None:
    """Assign each lead to the member who gets leads automatically."""
    if not offers:
        return
    lead_ids = [offer.lead_id for offer in offers]
    leads = by_id(Lead.objects.select_related("contact"), lead_ids)
    teams = by_id(Team.objects.only("mins_until_contact"), {offer.team_id for offer in offers})
    for offer in offers:
        leads[offer.lead_id].team = teams[offer.team_id]
    claimed = Reason(EndReason.LEAD_CLAIMED)
    cancel_claim_alerts(LeadOffer.objects.filter(in_ids("lead_id", lead_ids)), reason=claimed, now=now)
    assign_claims(
        [(leads[offer.lead_id], offer.user) for offer in offers], through=Lead.ClaimedThrough.AUTOMATIC, now=now
    )
    end_other_offers(lead_ids, now=now)


def skip_offers(offers: Sequence[DueOffer], now: datetime) -> None:
    """For skipped offers: charge the round-robin turn to the next member and advance the rollout."""
    if skipped := [offer for offer in offers if offer.status == Status.CANCELLED]:
        reassign_skipped_turns({offer.id for offer in skipped if offer.end_code != EndReason.LEAD_CLAIMED}, now=now)
        advance_rollouts({offer.lead_id for offer in skipped}, now=now)


def postpone_remaining(sent: Sequence[DueOffer], now: datetime) -> None:
    """After an outage, move the remaining offers by the same delay, so that members are not all alerted together.

    A window that opened late closes later by the same time.
    """
    shifts = {offer.lead_id: lateness_shift(offer.notify_at, now) for offer in sent}
    late = {lead_id: shift for lead_id, shift in shifts.items() if shift > timedelta(0)}
    shift_rollouts(late, [offer.id for offer in sent if offer.lead_id in late])
