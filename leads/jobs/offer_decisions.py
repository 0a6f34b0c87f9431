"""Decide due offers: alert, assign or skip. Pure, except that the capacity guard counts workloads."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from core.reasons import Reason
from leads.distribution.capacity import CapacityGuard
from leads.distribution.process import decide_turn
from leads.jobs.due_offers import DueOffer
from leads.models import LeadOffer
from leads.reasons import EndReason
from teams.availability import ALWAYS_AVAILABLE, Availability, unavailable_reason
from teams.business_hours import parse_hours
from teams.eligibility import SkipReason, member_reasons

Status = LeadOffer.Status


def decide_offers(offers: Sequence[DueOffer], guard: CapacityGuard, now: datetime) -> None:
    """Decide the offers of one lead that are due at the same time, and set their outcomes."""
    decision = decide_turn(offers, lambda offer: skip_reason(offer, now) or guard.cap_reason(offer))
    for offer, reason in decision.skipped:
        offer.status, offer.settled_at = Status.CANCELLED, now
        offer.end_code, offer.end_details = reason.code, Jsonb(reason.details) if reason.details else None
    for offer in decision.alerted:
        offer.status, offer.alerted_at = Status.SENT, now
        guard.count(offer)
    if assigned := decision.assigned:
        assigned.status, assigned.alerted_at, assigned.settled_at = Status.CLAIMED, now, now
        guard.count(assigned)


def skip_reason(offer: DueOffer, now: datetime) -> Reason | None:
    """Return why this member is skipped at their turn; None if they are alerted."""
    if offer.is_claimed:
        return Reason(EndReason.LEAD_CLAIMED)
    if offer.user.is_active and not offer.is_member:
        return Reason(SkipReason.LEFT_TEAM)
    return next(member_reasons(offer), None) or unavailable_reason(availability(offer), now)


def availability(offer: DueOffer) -> Availability:
    """Return the member's current schedule: the turn may come earlier or later than planned."""
    user = offer.user
    pauses = [until for until in (user.paused_until, offer.option_paused_until) if until]
    if not (pauses or user.working_hours or user.days_off or offer.holidays):
        return ALWAYS_AVAILABLE
    return Availability(
        paused_until=max(pauses, default=None),
        hours=parse_hours(user.working_hours),
        days_off=frozenset((*user.days_off, *offer.holidays)),
        zone=user.zone,
    )
