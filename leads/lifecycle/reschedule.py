"""Reschedule the remaining offers of a lead when a turn ends early: a decline, or a member who is skipped."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q

from core import scheduler
from leads.distribution.offer_plan import time_until_next
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


class OfferState(NamedTuple):
    """An offer of the lead's current team and round."""

    lead_id: int
    status: str
    notify_at: datetime


def advance_rollouts(lead_ids: Collection[int], *, now: datetime) -> None:
    """Advance the rollouts of locked leads in which a turn ended.

    If no offer of the last turn is open, the next turn begins now; if no offer is left, the lead falls back now.
    """
    states = load_offer_states(lead_ids)
    shifts = {lead_id: -ahead for lead_id, each in states.items() if (ahead := time_to_advance(each, now))}
    shift_rollouts(shifts)
    if shifts:
        scheduler.trigger("leads.jobs")
    end_exhausted(states, now)


def fall_back_if_exhausted(lead_ids: Collection[int], *, now: datetime) -> None:
    """Let locked leads fall back now if no offer is left. Other leads keep their planned times."""
    if lead_ids:
        end_exhausted(load_offer_states(lead_ids), now)


def end_exhausted(states: Mapping[int, Sequence[OfferState]], now: datetime) -> None:
    """Let each lead without an open offer fall back now."""
    ended = [lead_id for lead_id, each in states.items() if not any(is_undecided(turn) for turn in each)]
    if ended and Lead.objects.filter(IN_DISTRIBUTION, pk__in=ended).update(falls_back_at=now):
        scheduler.trigger("leads.jobs")


def load_offer_states(lead_ids: Collection[int]) -> dict[int, list[OfferState]]:
    """Return the offers of the current team and round by lead id, for unclaimed leads."""
    offers = LeadOffer.objects.filter(
        in_ids("lead_id", lead_ids), round=F("lead__distribution_round"), team=F("lead__team")
    )
    unclaimed = offers.filter(lead__claimed_by_user=None, lead__merged_into=None)
    states: dict[int, list[OfferState]] = defaultdict(list)
    for row in unclaimed.order_by().values_list("lead_id", "status", "notify_at"):
        states[row[0]].append(OfferState(*row))
    return states


def time_to_advance(states: Sequence[OfferState], now: datetime) -> timedelta:
    """Return by how much pending offers move forward; zero while an offer of the last turn is open."""
    begun = [turn for turn in states if turn.notify_at <= now]
    last = max((turn.notify_at for turn in begun), default=None)
    if last is None or any(is_undecided(turn) for turn in begun if turn.notify_at == last):
        return timedelta(0)
    return time_until_next([turn.notify_at for turn in states if turn.status == Status.PENDING], now)


def is_undecided(turn: OfferState) -> bool:
    return turn.status in (Status.PENDING, Status.SENT)


def shift_rollouts(shifts: Mapping[int, timedelta], sent_offer_ids: Collection[int] = ()) -> None:
    """Move the rest of these rollouts. `sent_offer_ids`: offers sent just now, whose windows move as well."""
    if shifts:
        columns: list[Any] = [list(shifts), list(shifts.values())]
        with connection.cursor() as cursor:
            cursor.execute(SHIFT_OFFERS_SQL, [*columns, list(sent_offer_ids)])
            cursor.execute(SHIFT_LEADS_SQL, columns)
