"""Build the timeline of a lead. Pure: rows in, events out.

The decision at intake is a `RoutingTrace`, later events are `TraceEntry` rows, and turns, alerts and answers come from
the offers and their messages. An event has a code with details; `event_text` is its text. No event contains contact
details of the person.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, auto
from functools import partial
from typing import Any, Final

from api.coercion import format_datetime
from core.reasons import FOR_PROGRAMS, OTHER, Names, Reason, reason_text
from leads.models import Lead, LeadOffer, RoutingTrace, TraceEntry
from leads.reasons import LEAD_ENDED, EventCode, claim_code
from leads.routing.mismatch_text import mismatch_text
from messaging.models import Message

Offer = LeadOffer.Status
State = Message.Status
Kind = TraceEntry.Kind

# Kinds of entries besides those of TraceEntry.
RECEIVED: Final = "Received"
RULE_TRIED: Final = "Rule tried"
ROUTED: Final = "Routed"
SKIPPED: Final = "Skipped"
ROUND_ROBIN: Final = "Round robin"
OFFER_PLANNED: Final = "Offer planned"
OFFERED: Final = "Offered"
ALERT_QUEUED: Final = "Alert queued"
ALERT_SENT: Final = "Alert sent"

# The result of an alert after it was sent: kind and code of the event.
ALERT_ENDS: Final = {
    State.HELD: ("Alert held", EventCode.ALERT_HELD),
    State.UNKNOWN: ("Alert unconfirmed", EventCode.ALERT_IN_DOUBT),
    State.DELIVERED: ("Alert delivered", EventCode.ALERT_DELIVERED),
    State.UNDELIVERED: ("Alert failed", EventCode.ALERT_UNDELIVERED),
    State.FAILED: ("Alert failed", EventCode.ALERT_FAILED),
    State.CANCELLED: ("Alert cancelled", EventCode.ALERT_CANCELLED),
}
# The end of an offer: kind and code of the event.
OFFER_ENDS: Final = {
    Offer.CLAIMED: ("Claimed", EventCode.CLAIMED),
    Offer.DECLINED: ("Declined", EventCode.OFFER_DECLINED),
    Offer.EXPIRED: ("Expired", EventCode.OFFER_EXPIRED),
    Offer.LOST: ("Lost", EventCode.OFFER_LOST),
    Offer.CANCELLED: ("Cancelled", EventCode.OFFER_CANCELLED),
    Offer.RETURNED: ("Released", EventCode.OFFER_RETURNED),
}
KINDS: Final = (
    *(RECEIVED, RULE_TRIED, ROUTED, SKIPPED, ROUND_ROBIN, OFFER_PLANNED, OFFERED, ALERT_QUEUED, ALERT_SENT),
    *(kind for kind, _ in (*ALERT_ENDS.values(), *OFFER_ENDS.values())),
    *TraceEntry.Kind.values,
)
CHANNEL_NAMES: Final = {Message.Channel.TEXT: "text", Message.Channel.EMAIL: "email", Message.Channel.CALL: "call"}
ALERT_COLUMNS: Final = ("alert_text_id", "alert_email_id", "alert_call_id")


class EventOrder(IntEnum):
    """Order of events with the same time: causes before effects."""

    OPENING = auto()  # the lead is received and routed
    ENDING = auto()  # a turn that began earlier ends
    EVENT = auto()  # a TraceEntry, with its plan
    PLANNED = auto()
    PASSED = auto()  # an offer planned now is skipped
    TURN = auto()
    ALARM = auto()  # unclaimed alert
    QUEUED = auto()
    SENT = auto()
    ARRIVED = auto()
    ANSWERED = auto()  # a turn that began just now ends
    CONSEQUENCE = auto()  # offers that end because another event did
    STOPPED = auto()  # a cancelled alert


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """An event, with the ids of what it concerns. Without an actor, the server caused it."""

    at: datetime
    kind: str
    code: str
    actor_user_id: int | None = None
    user_id: int | None = None
    team_id: int | None = None
    route_id: int | None = None
    offer_id: int | None = None
    message_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Return the text for programs, with ids, and times in UTC."""
        return event_text({name: getattr(self, name) for name in ("code", "details", *IDS)})


OrderedEvent = tuple[EventOrder, TimelineEvent]
IDS: Final = ("actor_user_id", "user_id", "team_id", "route_id", "offer_id", "message_id")


def event_text(entry: Mapping[str, Any], names: Names = FOR_PROGRAMS) -> str:
    """Return the text of an event in the shape of the API: `code`, `details` and the ids."""
    details = {name: entry[name] for name in IDS if entry.get(name) is not None} | dict(entry["details"])
    if entry["code"] == EventCode.ROUTE_MISMATCHED:
        details["because"] = Reason(OTHER, {"text": mismatch_text(details, names)}).as_json()
    return reason_text(entry["code"], details, names)


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
    asked = ("source_id", "type", "city", "state", "zipcode", "listing_price", "listing_status", "mls_id")
    return TimelineEvent(
        lead.created_at,
        RECEIVED,
        EventCode.RECEIVED,
        actor_user_id=lead.owner_user_id,
        details={name: getattr(lead, name) for name in asked},
    )


def route_event(attempt: Mapping[str, Any], at: datetime) -> TimelineEvent:
    """Return the event of a route evaluation."""
    route_id = attempt.get("route_id")
    code = EventCode.ROUTE_MATCHED if attempt.get("matched") else EventCode.ROUTE_MISMATCHED
    return TimelineEvent(at, RULE_TRIED, code, route_id=route_id, details=dict(attempt))


def is_same_plan(told: Mapping[str, Any], plan: Mapping[str, Any]) -> bool:
    """Whether an entry has this plan already, as when a lead fell back immediately."""
    return any(plan.values()) and all(told.get(name) == plan[name] for name in plan)


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


# What happened afterwards


def trace_events(trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> Iterator[TimelineEvent]:
    """Yield the events of trace entries. The plan of a fallback belongs to the team that the lead leaves."""
    team_id = (trace.decision or {}).get("team_id") if trace else None
    for entry in entries:
        if is_duplicate_claim(entry, entries):
            continue
        details = dict(entry.details or {})
        plan = {name: details.pop(name, None) for name in ("skipped", "rotation", "alerts")}
        is_leaving = entry.kind in (Kind.FELL_BACK, Kind.IN_POND, Kind.ASSIGNED, Kind.NO_MEMBER)
        left, team_id = team_id, details.get("team_id") or team_id
        if is_leaving:
            yield from plan_events(plan, left, entry.at)
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
    named = [(trace.decision or {}) if trace else {}, *(entry.details or {} for entry in entries)]
    return [number for details in named for number in details.get("alerts") or ()]


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
        contacted = TimelineEvent(at, Kind.CONTACTED, EventCode.CONTACTED, actor_user_id=user_id, user_id=user_id)
        yield EventOrder.CONSEQUENCE, contacted


def claim_event(lead: Lead, at: datetime, user_id: int | None) -> TimelineEvent:
    """Return the event of a claim without an offer."""
    code = EventCode.OWNED if user_id == lead.owner_user_id else claim_code(lead.claimed_through, lead.claimed_via)
    return TimelineEvent(at, Kind.CLAIMED, code, user_id=user_id, team_id=lead.team_id, details=claim_details(lead))


def claim_details(lead: Lead) -> dict[str, Any]:
    return {
        "claimed_via": lead.claimed_via,
        "claimed_through": lead.claimed_through,
        "time_to_claim": lead.time_to_claim,
    }


# Turns


def offer_events(
    offer: LeadOffer, lead: Lead, messages: Mapping[int, Message], entry_times: Collection[datetime]
) -> Iterator[OrderedEvent]:
    """Yield the events of an offer from plan to end, with its alerts. `entry_times`: times of trace entries."""
    if not is_unoffered(offer):
        yield EventOrder.PLANNED, planned_event(offer)
    if offer.alerted_at and not is_auto_assigned(offer):
        yield EventOrder.TURN, turn_event(offer, offer.alerted_at)
    for message_id in (getattr(offer, name) for name in ALERT_COLUMNS):
        if message := messages.get(message_id or 0):
            yield from message_events(message, offer)
    is_logged = offer.status == Offer.RETURNED and offer.settled_at in entry_times
    if offer.status in OFFER_ENDS and not is_logged:
        yield end_event(offer, lead)


# By whether the member gets the lead without claiming it, and whether that is immediately.
PLAN_CODES: Final = {
    (False, False): EventCode.ALERT_PLANNED,
    (False, True): EventCode.ALERT_PLANNED_NOW,
    (True, False): EventCode.ASSIGNMENT_PLANNED,
    (True, True): EventCode.ASSIGNMENT_PLANNED_NOW,
}


def planned_event(offer: LeadOffer) -> TimelineEvent:
    details: dict[str, Any] = {
        "notify_at": format_datetime(offer.notify_at),
        "closes_at": format_datetime(offer.closes_at) if offer.closes_at else None,
        "position": offer.position,
        "rank": offer.rank,
        "round": offer.round,
        "assign_automatically": offer.assign_automatically,
    }
    code = PLAN_CODES[offer.assign_automatically, offer.notify_at <= offer.created_at]
    return offer_event(offer, offer.created_at, OFFER_PLANNED, code, **details)


def is_unoffered(offer: LeadOffer) -> bool:
    """Whether the offer only records a claim or an assignment that was not offered."""
    is_had = offer.status in (Offer.CLAIMED, Offer.RETURNED)
    return is_had and offer.alerted_at is None and offer.settled_at == offer.created_at


def turn_event(offer: LeadOffer, at: datetime) -> TimelineEvent:
    if offer.closes_at is None:
        return offer_event(offer, at, OFFERED, EventCode.TURN_BEGAN)
    return offer_event(offer, at, OFFERED, EventCode.TURN_BEGAN_UNTIL, closes_at=format_datetime(offer.closes_at))


def is_auto_assigned(offer: LeadOffer) -> bool:
    """Whether the lead was assigned to this member automatically."""
    return offer.assign_automatically and offer.status in (Offer.CLAIMED, Offer.RETURNED)


def end_event(offer: LeadOffer, lead: Lead) -> OrderedEvent:
    """Return the event that ends an offer."""
    status = Offer(offer.status)
    at = offer.settled_at or offer.alerted_at or offer.created_at
    kind, code = OFFER_ENDS[status]
    is_theirs = status == Offer.CLAIMED and lead.claimed_by_user_id == offer.user_id
    actor = offer.user_id if status in (Offer.CLAIMED, Offer.DECLINED) and not is_auto_assigned(offer) else None
    details = claim_details(lead) if is_theirs else {}
    if offer.end_reason is not None:
        details["because"] = offer.end_reason.as_json()
    code = claim_code(lead.claimed_through, lead.claimed_via) if is_theirs else code
    return order_of_end(offer, status, at), offer_event(offer, at, kind, code, actor_user_id=actor, **details)


def order_of_end(offer: LeadOffer, status: Offer, at: datetime) -> EventOrder:
    if is_skipped(offer):  # which makes it another's turn, or the lead fall back
        return EventOrder.ENDING if offer.created_at < at else EventOrder.PASSED
    if status in (Offer.LOST, Offer.CANCELLED, Offer.RETURNED):
        return EventOrder.CONSEQUENCE
    if is_auto_assigned(offer):
        return EventOrder.TURN  # its alert shows the assignment
    return EventOrder.ENDING if (offer.alerted_at or offer.created_at) < at else EventOrder.ANSWERED


def is_skipped(offer: LeadOffer) -> bool:
    """Whether the member was skipped at their turn while the lead was unclaimed."""
    is_cancelled = offer.status == Offer.CANCELLED and offer.alerted_at is None
    return is_cancelled and offer.end_code not in LEAD_ENDED


def offer_event(
    offer: LeadOffer, at: datetime, kind: str, code: str, *, actor_user_id: int | None = None, **details: Any
) -> TimelineEvent:
    """Return an event about an offer."""
    ids: dict[str, int | None] = {"user_id": offer.user_id, "team_id": offer.team_id, "offer_id": offer.pk}
    return TimelineEvent(at, kind, code, actor_user_id=actor_user_id, details=details, **ids)


# Alerts


def message_events(message: Message, offer: LeadOffer | None = None) -> Iterator[OrderedEvent]:
    """Yield the events of a message from the outbox to its delivery or failure."""
    alert = partial(alert_event, message, offer)
    yield EventOrder.QUEUED, alert(message.created_at, ALERT_QUEUED, EventCode.ALERT_QUEUED)
    if message.sent_at:
        yield EventOrder.SENT, alert(message.sent_at, ALERT_SENT, EventCode.ALERT_SENT)
    if message.status in ALERT_ENDS:
        kind, code = ALERT_ENDS[State(message.status)]
        phase = EventOrder.STOPPED if message.status == State.CANCELLED else EventOrder.ARRIVED
        outcome: dict[str, Any] = {"provider_status": message.provider_status, "error_code": message.error_code}
        if message.code:
            outcome["because"] = message.as_reason().as_json()
        yield phase, alert(message.modified_at, kind, code, **outcome)


def alert_event(
    message: Message, offer: LeadOffer | None, at: datetime, kind: str, code: str, **outcome: Any
) -> TimelineEvent:
    """Return an event about a message: the alert of an offer, or a notice."""
    return TimelineEvent(
        at,
        kind,
        code,
        user_id=message.user_id,
        team_id=offer.team_id if offer else None,
        offer_id=offer.pk if offer else None,
        message_id=message.pk,
        details={"channel": CHANNEL_NAMES[Message.Channel(message.channel)]} | outcome,
    )
