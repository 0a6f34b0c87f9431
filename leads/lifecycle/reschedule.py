"""Whose turn it is when somebody's has ended before its time: a decline, or a member who cannot be told after all."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q

from core import scheduler
from leads.distribution.offer_plan import time_until_next
from leads.models import Lead, LeadOffer, TraceEntry
from teams.visibility import any_of

Status = LeadOffer.Status

# The rest of a rollout moves as one: turns to come with their windows, the windows of those just told, the fallback.
SHIFT_OFFERS_SQL: Final = """
UPDATE leads_leadoffer AS offer
SET notify_at = CASE WHEN offer.status = 'Pending' THEN offer.notify_at + given.shift ELSE offer.notify_at END,
    closes_at = offer.closes_at + given.shift
FROM unnest(%s::bigint[], %s::interval[]) AS given(lead_id, shift)
WHERE offer.lead_id = given.lead_id AND (offer.status = 'Pending' OR offer.id = ANY(%s::bigint[]))
"""
SHIFT_LEADS_SQL: Final = """
UPDATE leads_lead AS lead SET falls_back_at = lead.falls_back_at + given.shift
FROM unnest(%s::bigint[], %s::interval[]) AS given(lead_id, shift)
WHERE lead.id = given.lead_id AND lead.falls_back_at IS NOT NULL
"""

# Leads that are on their way still. One that waits for its owner, who knows, has no time any more; without a fallback
# it had none before.
WITHOUT_FALLBACK: Final = Q(team__fallback_target=None, team__is_exclusive_window=False)
WAITS_FOR_OWNER: Final = Exists(TraceEntry.objects.filter(lead=OuterRef("pk"), kind=TraceEntry.Kind.NOBODY))
IN_DISTRIBUTION: Final = Q(claimed_by_user=None, merged_into=None, ponded_at=None) & (
    Q(falls_back_at__isnull=False) | WITHOUT_FALLBACK | Q(~WAITS_FOR_OWNER)
)


class OfferState(NamedTuple):
    """An offer of a lead's present team and round, as far as succession looks at it."""

    lead_id: int
    status: str
    notify_at: datetime


def advance_rollouts(lead_ids: Collection[int], *, now: datetime) -> None:
    """Of these leads, which the caller holds, somebody's turn has ended: nobody waits for nothing.

    Where nobody alerted later is still open, the next turn is now; where nobody is left, the lead falls back at once.
    """
    turns = load_offer_states(lead_ids)
    shifts = {lead_id: -ahead for lead_id, each in turns.items() if (ahead := time_to_advance(each, now))}
    shift_rollouts(shifts)
    if shifts:
        scheduler.trigger("leads.jobs")
    end_exhausted(turns, now)


def fall_back_if_exhausted(lead_ids: Collection[int], *, now: datetime) -> None:
    """These leads, which the caller holds, fall back at once if nobody is left to claim them; turns stay as planned."""
    if lead_ids:
        end_exhausted(load_offer_states(lead_ids), now)


def end_exhausted(turns: Mapping[int, Sequence[OfferState]], now: datetime) -> None:
    """Where nobody of the team may claim it any more, the lead's time is over."""
    ended = [lead_id for lead_id, each in turns.items() if not any(is_undecided(turn) for turn in each)]
    if ended and Lead.objects.filter(IN_DISTRIBUTION, pk__in=ended).update(falls_back_at=now):
        scheduler.nudge("leads.jobs")


def load_offer_states(lead_ids: Collection[int]) -> dict[int, list[OfferState]]:
    """By lead, the turns in its present team and round; of unclaimed leads alone."""
    offers = LeadOffer.objects.filter(any_of("lead_id", lead_ids), round=F("lead__round"), team=F("lead__team"))
    unclaimed = offers.filter(lead__claimed_by_user=None, lead__merged_into=None)
    turns: dict[int, list[OfferState]] = defaultdict(list)
    for row in unclaimed.order_by().values_list("lead_id", "status", "notify_at"):
        turns[row[0]].append(OfferState(*row))
    return turns


def time_to_advance(turns: Sequence[OfferState], now: datetime) -> timedelta:
    """By how much the turns to come move forward: the time of the last turn that began has ended."""
    begun = [turn for turn in turns if turn.notify_at <= now]
    last = max((turn.notify_at for turn in begun), default=None)
    if last is None or any(is_undecided(turn) for turn in begun if turn.notify_at == last):
        return timedelta(0)
    return time_until_next([turn.notify_at for turn in turns if turn.status == Status.PENDING], now)


def is_undecided(turn: OfferState) -> bool:
    return turn.status in (Status.PENDING, Status.SENT)


def shift_rollouts(shifts: Mapping[int, timedelta], told: Collection[int] = ()) -> None:
    """Move what is to come of these leads by so much; `told`: offers whose windows have opened only now."""
    if shifts:
        given: list[Any] = [list(shifts), list(shifts.values())]
        with connection.cursor() as cursor:
            cursor.execute(SHIFT_OFFERS_SQL, [*given, list(told)])
            cursor.execute(SHIFT_LEADS_SQL, given)
