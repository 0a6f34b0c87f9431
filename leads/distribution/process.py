"""The steps of distribution: what happens to a lead next, given its state and an event. Pure.

The engine (leads.lifecycle, leads.jobs) applies these decisions to rows, the simulator (leads.simulation) to values in
memory. The plan of a team's turns is in offer_plan, the next destination after a team in fallback.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, Protocol, TypeVar

from core.reasons import Reason
from leads.distribution.offer_plan import time_until_next
from leads.reasons import EventCode


class AutomaticOffer(Protocol):
    """An offer whose member may get the lead at their turn, without a claim."""

    @property
    def assign_automatically(self) -> bool: ...


OfferT = TypeVar("OfferT", bound=AutomaticOffer)


@dataclass(frozen=True, slots=True)
class TurnDecision(Generic[OfferT]):
    """What happens to the due offers of a lead: `assigned` gets the lead, otherwise each of `alerted` is alerted."""

    skipped: list[tuple[OfferT, Reason]]
    assigned: OfferT | None
    alerted: list[OfferT]


class Turn(NamedTuple):
    """An offer of the lead's current team and round. `is_open`: its member was alerted and can still claim."""

    notify_at: datetime
    is_pending: bool = False
    is_open: bool = False

    @property
    def is_undecided(self) -> bool:
        return self.is_pending or self.is_open


def return_to_claimer(
    unavailable: Reason | None, is_available_at_start: Callable[[], bool], *, start: datetime, now: datetime
) -> EventCode:
    """Decide whether the member who claimed the contact's last lead gets this one.

    `unavailable`: why they cannot take it now. EARLIER_CLAIM: they get it now. EARLIER_CLAIMER_LATER: it is held until
    `start`, and they get the first turn then. EARLIER_CLAIMER_UNAVAILABLE: it is offered to their team.
    """
    if unavailable is None:
        return EventCode.EARLIER_CLAIM
    if start > now and is_available_at_start():
        return EventCode.EARLIER_CLAIMER_LATER
    return EventCode.EARLIER_CLAIMER_UNAVAILABLE


def decide_turn(due: Sequence[OfferT], skip_reason: Callable[[OfferT], Reason | None]) -> TurnDecision[OfferT]:
    """Decide the offers of one lead that are due at the same time.

    If one member gets the lead automatically, the others stay pending and end with the lead: they are not alerted.
    """
    reasons = [(offer, skip_reason(offer)) for offer in due]
    available = [offer for offer, reason in reasons if reason is None]
    assigned = next((offer for offer in available if offer.assign_automatically), None)
    skipped = [(offer, reason) for offer, reason in reasons if reason is not None]
    return TurnDecision(skipped, assigned, [] if assigned else available)


def time_to_advance(turns: Sequence[Turn], now: datetime) -> timedelta:
    """Return by how much pending offers move forward; zero while an offer of the last turn is undecided."""
    begun = [turn for turn in turns if turn.notify_at <= now]
    last = max((turn.notify_at for turn in begun), default=None)
    if last is None or any(turn.is_undecided for turn in begun if turn.notify_at == last):
        return timedelta(0)
    return time_until_next([turn.notify_at for turn in turns if turn.is_pending], now)


def is_exhausted(turns: Sequence[Turn]) -> bool:
    """Return whether no offer is left, so that the lead falls back now."""
    return not any(turn.is_undecided for turn in turns)
