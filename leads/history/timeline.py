"""Build the timeline of a lead. Pure: rows in, events out.

The decision at intake is a `RoutingTrace`, later events are `TraceEntry` rows, and turns, alerts and answers come from
the offers and their messages (leads.history.offer_events). No event contains contact details of the person.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from leads.history.offer_events import claim_details, message_events, offer_events
from leads.history.timeline_event import (
    RECEIVED,
    ROUND_ROBIN,
    ROUTED,
    RULE_TRIED,
    SKIPPED,
    EventOrder,
    Offer,
    OrderedEvent,
    TimelineEvent,
)
from leads.models import Lead, LeadOffer, RoutingTrace, TraceEntry
from leads.reasons import EventCode, claim_code
from messaging.models import Message

Kind = TraceEntry.Kind


def build_timeline(
    lead: Lead,
    trace: RoutingTrace | None,
    entries: Sequence[TraceEntry],
    offers: Sequence[LeadOffer],
    messages: Mapping[int, Message],
) -> list[TimelineEvent]:
    """Return the events of a lead by time, causes first. `messages`: alerts and notices by id."""
    entry_times = {entry.at for entry in entries}
    ordered_events = [
        *((EventOrder.OPENING, entry) for entry in intake_events(lead, trace, entries)),
        *((order_of_event(entry), entry) for entry in trace_events(trace, entries)),
        *(event for message in notice_messages(trace, entries, messages) for event in message_events(message)),
        *(event for offer in offers for event in offer_events(offer, lead, messages, entry_times)),
        *implicit_events(lead, entries, offers),
    ]
    return [entry for _, entry in sorted(ordered_events, key=lambda one: (one[1].at, one[0]))]


# Intake


def intake_events(lead: Lead, trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> Iterator[TimelineEvent]:
    """Yield the events at intake: received, routes evaluated, routed, members skipped."""
    yield received_event(lead)
    if trace is None:
        return
    at, decision = trace.decided_at, trace.decision or {}
    for attempt in decision.get("tried") or ():
        yield route_event(attempt, at)
    yield TimelineEvent(
        at,
        ROUTED,
        str(decision.get("code") or ""),
        route_id=decision.get("route_id"),
        team_id=decision.get("team_id"),
        details={name: decision.get(name) for name in ("target", "campaign_id", "is_automatic", "starts_at")}
        | dict(decision.get("details") or {}),
    )
    plan = {"skipped": trace.skipped, "rotation": trace.rotation}
    if not any(is_same_plan(entry.details or {}, plan) for entry in entries):
        yield from plan_events(plan, decision.get("team_id"), at)


def received_event(lead: Lead) -> TimelineEvent:
    inquiry_fields = ("source_id", "type", "city", "state", "zipcode", "listing_price", "listing_status", "mls_id")
    return TimelineEvent(
        lead.created_at,
        RECEIVED,
        EventCode.RECEIVED,
        actor_user_id=lead.owner_user_id,
        details={name: getattr(lead, name) for name in inquiry_fields},
    )


def route_event(attempt: Mapping[str, Any], at: datetime) -> TimelineEvent:
    """Return the event of a route evaluation."""
    route_id = attempt.get("route_id")
    code = EventCode.ROUTE_MATCHED if attempt.get("matched") else EventCode.ROUTE_MISMATCHED
    return TimelineEvent(at, RULE_TRIED, code, route_id=route_id, details=dict(attempt))


def is_same_plan(details: Mapping[str, Any], plan: Mapping[str, Any]) -> bool:
    """Whether an entry has this plan already, as when a lead fell back immediately."""
    return any(plan.values()) and all(details.get(name) == plan[name] for name in plan)


def plan_events(plan: Mapping[str, Any], team_id: int | None, at: datetime) -> Iterator[TimelineEvent]:
    """Yield the events of a plan: skipped members and the round-robin turn."""
    for skipped in plan.get("skipped") or ():
        user_id, because = skipped.get("user_id"), {"code": skipped.get("code"), "details": skipped.get("details")}
        skip = partial(TimelineEvent, at, SKIPPED, EventCode.MEMBER_SKIPPED)
        yield skip(user_id=user_id, team_id=team_id, details={"because": because})
    if rotation := plan.get("rotation"):
        code = EventCode.ROUND_ROBIN_TURNED if rotation.get("pointer_before") else EventCode.ROUND_ROBIN_BEGAN
        user_id = rotation.get("pointer_after")
        yield TimelineEvent(at, ROUND_ROBIN, code, user_id=user_id, team_id=team_id, details=dict(rotation))


# Trace entries


def trace_events(trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> Iterator[TimelineEvent]:
    """Yield the events of trace entries. The plan of a fallback belongs to the team that the lead leaves."""
    team_id = (trace.decision or {}).get("team_id") if trace else None
    for entry in entries:
        if is_duplicate_claim(entry, entries):
            continue
        details = dict(entry.details or {})
        plan = {name: details.pop(name, None) for name in ("skipped", "rotation", "alerts")}
        is_leaving = entry.kind in (Kind.FELL_BACK, Kind.IN_POND, Kind.ASSIGNED, Kind.NO_MEMBER)
        previous_team_id, team_id = team_id, details.get("team_id") or team_id
        if is_leaving:
            yield from plan_events(plan, previous_team_id, entry.at)
        yield entry_event(entry, team_id, details)
        if not is_leaving:
            yield from plan_events(plan, team_id, entry.at)


def order_of_event(entry: TimelineEvent) -> EventOrder:
    return EventOrder.ALARM if entry.kind == Kind.ALARM else EventOrder.EVENT


def is_duplicate_claim(entry: TraceEntry, entries: Sequence[TraceEntry]) -> bool:
    """Whether this claim, logged when it was undone, is also logged as an assignment."""
    is_claim = entry.kind == Kind.CLAIMED
    return is_claim and any(other.at == entry.at for other in entries if other.kind in (Kind.ASSIGNED, Kind.REASSIGNED))


def notice_messages(
    trace: RoutingTrace | None, entries: Sequence[TraceEntry], messages: Mapping[int, Message]
) -> Iterator[Message]:
    """Yield the notices about assignments, lost leads and unclaimed leads."""
    return (message for number in notice_message_ids(trace, entries) if (message := messages.get(number)))


def notice_message_ids(trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> list[int]:
    """Return the ids of the notices in a trace and its entries."""
    all_details = [(trace.decision or {}) if trace else {}, *(entry.details or {} for entry in entries)]
    return [number for details in all_details for number in details.get("alerts") or ()]


def entry_event(entry: TraceEntry, team_id: int | None, details: dict[str, Any]) -> TimelineEvent:
    """Return the event of a trace entry."""
    return TimelineEvent(
        entry.at,
        entry.kind,
        entry.code or entry.kind,
        actor_user_id=entry.actor_user_id,
        user_id=details.get("user_id"),
        team_id=team_id,
        details=details,
    )


def implicit_events(lead: Lead, entries: Sequence[TraceEntry], offers: Sequence[LeadOffer]) -> Iterator[OrderedEvent]:
    """Yield the entries that only the lead's own row holds: an assignment at the start, the first contact."""
    by_offer = any(offer.status == Offer.CLAIMED for offer in offers)
    if lead.claimed_at and not by_offer and not any(entry.at == lead.claimed_at for entry in entries):
        yield EventOrder.EVENT, claim_event(lead, lead.claimed_at, lead.claimed_by_user_id)
    if lead.contacted_at and not any(entry.kind == Kind.CONTACTED for entry in entries):
        at, user_id = lead.contacted_at, lead.claimed_by_user_id
        event = TimelineEvent(at, Kind.CONTACTED, EventCode.CONTACTED, actor_user_id=user_id, user_id=user_id)
        yield EventOrder.CONSEQUENCE, event


def claim_event(lead: Lead, at: datetime, user_id: int | None) -> TimelineEvent:
    """Return the event of a claim without an offer."""
    code = EventCode.OWNED if user_id == lead.owner_user_id else claim_code(lead.claimed_through, lead.claimed_via)
    return TimelineEvent(at, Kind.CLAIMED, code, user_id=user_id, team_id=lead.team_id, details=claim_details(lead))
