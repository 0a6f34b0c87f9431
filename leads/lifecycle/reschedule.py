"""Reschedule the remaining offers of a lead when a turn ends early: a decline, or a member who is skipped."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q

from core import scheduler
from leads.distribution.process import Turn, is_exhausted, time_to_advance
from leads.models import Lead, LeadOffer, TraceEntry
from teams.visibility import in_ids

Status = LeadOffer.Status

# The rest of a rollout moves together: pending offers with their windows, the windows of sent offers, the fallback.
SHIFT_OFFERS_SQL: Final = """
UPDATE leads_leadoffer AS offer
SET notify_at = CASE WHEN offer.status = 'Pending' THEN offer.notify_at + shifted.shift ELSE offer.notify_at END,
    closes_at = offer.closes_at + shifted.shift
FROM unnest(%s::bigint[], %s::interval[]) AS shifted(lead_id, shift)
WHERE offer.lead_id = shifted.lead_id AND (offer.status = 'Pending' OR offer.id = ANY(%s::bigint[]))
"""
SHIFT_LEADS_SQL: Final = """
UPDATE leads_lead AS lead SET falls_back_at = lead.falls_back_at + shifted.shift
FROM unnest(%s::bigint[], %s::interval[]) AS shifted(lead_id, shift)
WHERE lead.id = shifted.lead_id AND lead.falls_back_at IS NOT NULL
"""

# Leads still being distributed. `falls_back_at` is null once the owner was notified, and always without a fallback:
# then the trace shows whether the owner was.
WITHOUT_FALLBACK: Final = Q(team__fallback_target=None, team__is_exclusive_window=False)
WAITS_FOR_OWNER: Final = Exists(TraceEntry.objects.filter(lead=OuterRef("pk"), kind=TraceEntry.Kind.NO_MEMBER))
IN_DISTRIBUTION: Final = Q(claimed_by_user=None, merged_into=None, ponded_at=None) & (
    Q(falls_back_at__isnull=False) | WITHOUT_FALLBACK | Q(~WAITS_FOR_OWNER)
)


def advance_rollouts(lead_ids: Collection[int], *, now: datetime) -> None:
    """Advance the rollouts of locked leads in which a turn ended.

    If no offer of the last turn is open, the next turn begins now; if no offer is left, the lead falls back now.
    """
    turns = load_turns(lead_ids)
    shifts = {lead_id: -ahead for lead_id, each in turns.items() if (ahead := time_to_advance(each, now))}
    shift_rollouts(shifts)
    if shifts:
        scheduler.trigger("leads.jobs")
    end_exhausted(turns, now)


def fall_back_if_exhausted(lead_ids: Collection[int], *, now: datetime) -> None:
    """Let locked leads fall back now if no offer is left. Other leads keep their planned times."""
    if lead_ids:
        end_exhausted(load_turns(lead_ids), now)


def end_exhausted(turns: Mapping[int, Sequence[Turn]], now: datetime) -> None:
    """Let each lead without an open offer fall back now."""
    ended = [lead_id for lead_id, each in turns.items() if is_exhausted(each)]
    if ended and Lead.objects.filter(IN_DISTRIBUTION, pk__in=ended).update(falls_back_at=now):
        scheduler.trigger("leads.jobs")


def load_turns(lead_ids: Collection[int]) -> dict[int, list[Turn]]:
    """Return the offers of the current team and round by lead id, for unclaimed leads."""
    offers = LeadOffer.objects.filter(
        in_ids("lead_id", lead_ids), round=F("lead__distribution_round"), team=F("lead__team")
    )
    unclaimed = offers.filter(lead__claimed_by_user=None, lead__merged_into=None)
    turns: dict[int, list[Turn]] = defaultdict(list)
    for lead_id, status, notify_at in unclaimed.order_by().values_list("lead_id", "status", "notify_at"):
        turns[lead_id].append(Turn(notify_at, is_pending=status == Status.PENDING, is_open=status == Status.SENT))
    return turns


def shift_rollouts(shifts: Mapping[int, timedelta], sent_offer_ids: Collection[int] = ()) -> None:
    """Move the rest of these rollouts. `sent_offer_ids`: offers sent just now, whose windows move as well."""
    if shifts:
        columns: list[Any] = [list(shifts), list(shifts.values())]
        with connection.cursor() as cursor:
            cursor.execute(SHIFT_OFFERS_SQL, [*columns, list(sent_offer_ids)])
            cursor.execute(SHIFT_LEADS_SQL, columns)
