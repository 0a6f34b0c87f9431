"""Write the trace of a lead: what happened to it, and the plans that were made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.reasons import Reason
from leads.distribution.offer_plan import Plan
from leads.distribution.round_robin import RotationMember
from leads.models import Lead, TraceEntry
from leads.notifications.notices import MessageIds
from teams.models import User


def trace_entry(lead: Lead, kind: str, reason: Reason, now: datetime, plan: Plan | None = None) -> TraceEntry:
    """Return an unsaved entry about an event of a lead, with the plan that was made, if any."""
    details = dict(reason.details) | (plan_json(plan) if plan else {})
    return TraceEntry(lead=lead, at=now, kind=kind, code=reason.code, details=details)


def with_alerts(entries: Sequence[TraceEntry], message_ids: MessageIds) -> Sequence[TraceEntry]:
    """Add the ids of the messages that were sent about each entry."""
    for each in entries:
        if sent := message_ids.get(each.lead_id):
            each.details["alerts"] = sent
    return entries


def trace_all(entries: Sequence[TraceEntry]) -> None:
    TraceEntry.objects.bulk_create(entries)


def trace(lead: Lead, kind: str, code: str, *, now: datetime, actor: User | None = None, **details: Any) -> TraceEntry:
    """Save an entry about an event of a lead. Without an actor, the server caused it."""
    return TraceEntry.objects.create(lead=lead, at=now, kind=kind, code=code, actor_user=actor, details=details)


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return the skipped members and the round-robin turn of a plan, as traces store them."""
    return {"skipped": [skipped.as_json() for skipped in plan.skipped], "rotation": rotation_json(plan)}


def rotation_json(plan: Plan) -> dict[str, Any] | None:
    """Return the round-robin pointer before and after, with weights and credits; None without a round robin."""
    if plan.allocation is None:
        return None
    recipient, after = plan.allocation.order[0], {place.user_id: place for place in plan.allocation.places}
    last = max(plan.allocation.order, key=lambda place: place.last_turn)
    return {
        "turn": after[recipient.user_id].last_turn,
        "pointer_before": last.user_id if last.last_turn else None,
        "pointer_after": recipient.user_id,
        "places": [
            rotation_member_json(place) | {"credit_after": after[place.user_id].credit}
            for place in plan.allocation.order
        ],
    }


def rotation_member_json(place: RotationMember) -> dict[str, int]:
    """Spelled out, because `asdict` takes longer than the allocation itself."""
    return {
        "user_id": place.user_id,
        "weight": place.weight,
        "credit": place.credit,
        "last_turn": place.last_turn,
    }
