"""What the trace of a lead keeps of what happened to it, and of the plans that were made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.reasons import Reason
from leads.distribution.offer_plan import Plan
from leads.distribution.round_robin import RotationMember
from leads.models import Lead, TraceEntry
from leads.notifications.notices import Told
from teams.models import User


def trace_entry(lead: Lead, kind: str, reason: Reason, now: datetime, plan: Plan | None = None) -> TraceEntry:
    """Something that happened to a lead, with the plan that was tried, if any."""
    details = dict(reason.details) | (plan_json(plan) if plan else {})
    return TraceEntry(lead=lead, at=now, kind=kind, code=reason.code, details=details)


def with_alerts(entries: Sequence[TraceEntry], told: Told) -> Sequence[TraceEntry]:
    """The entries, each naming the messages that were sent about it."""
    for each in entries:
        if sent := told.get(each.lead_id):
            each.details["alerts"] = sent
    return entries


def trace_all(entries: Sequence[TraceEntry]) -> None:
    TraceEntry.objects.bulk_create(entries)


def trace(lead: Lead, kind: str, code: str, *, now: datetime, actor: User | None = None, **details: Any) -> TraceEntry:
    """Note that something happened to this lead; without an actor it was the server's doing."""
    return TraceEntry.objects.create(lead=lead, at=now, kind=kind, code=code, actor_user=actor, details=details)


def plan_json(plan: Plan) -> dict[str, Any]:
    """Who was passed over, and whose turn the round robin made it."""
    return {"skipped": [skipped.as_json() for skipped in plan.skipped], "rotation": rotation_json(plan)}


def rotation_json(plan: Plan) -> dict[str, Any] | None:
    """The pointer before and after, with everybody's weight and what they are owed; null without a round robin."""
    if plan.turn is None:
        return None
    taker, after = plan.turn.order[0], {place.user_id: place for place in plan.turn.places}
    last = max(plan.turn.order, key=lambda place: place.last_turn)
    return {
        "turn": after[taker.user_id].last_turn,
        "pointer_before": last.user_id if last.last_turn else None,
        "pointer_after": taker.user_id,
        "places": [
            rotation_member_json(place) | {"credit_after": after[place.user_id].credit} for place in plan.turn.order
        ],
    }


def rotation_member_json(place: RotationMember) -> dict[str, int]:
    """Spelled out: `asdict` would take longer than taking the turn."""
    return {
        "user_id": place.user_id,
        "weight": place.weight,
        "credit": place.credit,
        "last_turn": place.last_turn,
    }
