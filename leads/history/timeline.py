"""Everything that happened to a lead, in order. Pure: rows in, entries out.

The decision at intake is a `RoutingTrace`, later events are `TraceEntry` rows, and turns, alerts and answers come from
the offers and their messages. An entry has a code with details; `event_text` is its text. No entry contains contact
details of the person.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, auto
from functools import partial
from typing import Any, Final

from api.coercion import milliseconds_z
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
PASSED_OVER: Final = "Passed over"
ROUND_ROBIN: Final = "Round robin"
OFFER_PLANNED: Final = "Offer planned"
OFFERED: Final = "Offered"
ALERT_QUEUED: Final = "Alert queued"
ALERT_SENT: Final = "Alert sent"

# What has become of an alert, where that is more than that it was sent: the kind of the entry, and its code.
ALERT_ENDS: Final = {
    State.HELD: ("Alert held", EventCode.ALERT_HELD),
    State.UNKNOWN: ("Alert in doubt", EventCode.ALERT_IN_DOUBT),
    State.DELIVERED: ("Alert delivered", EventCode.ALERT_DELIVERED),
    State.UNDELIVERED: ("Alert failed", EventCode.ALERT_UNDELIVERED),
    State.FAILED: ("Alert failed", EventCode.ALERT_FAILED),
    State.CANCELLED: ("Alert cancelled", EventCode.ALERT_CANCELLED),
}
# What ends an offer: the kind of the entry, and its code.
OFFER_ENDS: Final = {
    Offer.CLAIMED: ("Claimed", EventCode.CLAIMED),
    Offer.DECLINED: ("Declined", EventCode.OFFER_DECLINED),
    Offer.EXPIRED: ("Expired", EventCode.OFFER_EXPIRED),
    Offer.LOST: ("Lost", EventCode.OFFER_LOST),
    Offer.CANCELLED: ("Cancelled", EventCode.OFFER_CANCELLED),
    Offer.RETURNED: ("Given up", EventCode.OFFER_RETURNED),
}
KINDS: Final = (
    *(RECEIVED, RULE_TRIED, ROUTED, PASSED_OVER, ROUND_ROBIN, OFFER_PLANNED, OFFERED, ALERT_QUEUED, ALERT_SENT),
    *(kind for kind, _ in (*ALERT_ENDS.values(), *OFFER_ENDS.values())),
    *TraceEntry.Kind.values,
)
CHANNEL_NAMES: Final = {Message.Channel.TEXT: "text", Message.Channel.EMAIL: "email", Message.Channel.CALL: "call"}
ALERT_COLUMNS: Final = ("alert_text_id", "alert_email_id", "alert_call_id")


class EventOrder(IntEnum):
    """The order of what bears one and the same time: causes before what they cause."""

    OPENING = auto()  # the lead comes in and is routed
    ENDING = auto()  # a turn that began earlier ends
    EVENT = auto()  # what a TraceEntry tells, with the plan that it tried
    PLANNED = auto()
    PASSED = auto()  # a turn planned just now will not come
    TURN = auto()
    ALARM = auto()  # that it is unclaimed still
    QUEUED = auto()
    SENT = auto()
    ARRIVED = auto()
    ANSWERED = auto()  # a turn that began just now ends
    CONSEQUENCE = auto()  # of somebody's claim, or of whatever else ended the others' turns
    STOPPED = auto()  # an alert that is of no use any more


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something that happened; ids of what it is about, where it is about one. Without an actor the server did it."""

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
        """The text for programs: ids, and times in UTC."""
        return event_text({name: getattr(self, name) for name in ("code", "details", *IDS)})


OrderedEvent = tuple[EventOrder, TimelineEvent]
IDS: Final = ("actor_user_id", "user_id", "team_id", "route_id", "offer_id", "message_id")


def event_text(entry: Mapping[str, Any], names: Names = FOR_PROGRAMS) -> str:
    """The text of an entry, given as the API shows it: `code`, `details` and the ids."""
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
    """What happened to a lead, by time; of what happened at one time, causes first. `messages`: the alerts, by id."""
    moments = {entry.at for entry in entries}
    happened = [
        *((EventOrder.OPENING, entry) for entry in intake_events(lead, trace, entries)),
        *((order_of_event(entry), entry) for entry in trace_events(trace, entries)),
        *(happening for message in notice_messages(trace, entries, messages) for happening in message_events(message)),
        *(happening for offer in offers for happening in offer_events(offer, lead, messages, moments)),
        *implicit_events(lead, entries, offers),
    ]
    return [entry for _, entry in sorted(happened, key=lambda one: (one[1].at, one[0]))]


# Coming in


def intake_events(lead: Lead, trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> Iterator[TimelineEvent]:
    """The lead comes in, routes are tried, one is chosen, and members are passed over."""
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
    """A route, with the first of its conditions that the lead does not meet."""
    route_id = attempt.get("route_id")
    code = EventCode.ROUTE_MATCHED if attempt.get("matched") else EventCode.ROUTE_MISMATCHED
    return TimelineEvent(at, RULE_TRIED, code, route_id=route_id, details=dict(attempt))


def is_same_plan(told: Mapping[str, Any], plan: Mapping[str, Any]) -> bool:
    """Whether an entry tells of this plan already, as that of a lead which fell back at once."""
    return any(plan.values()) and all(told.get(name) == plan[name] for name in plan)


def plan_events(plan: Mapping[str, Any], team_id: int | None, at: datetime) -> Iterator[TimelineEvent]:
    """Who was passed over in a plan, and how the round robin turned."""
    for skipped in plan.get("skipped") or ():
        user_id, because = skipped.get("user_id"), {"code": skipped.get("code"), "details": skipped.get("details")}
        skip = partial(TimelineEvent, at, PASSED_OVER, EventCode.MEMBER_SKIPPED)
        yield skip(user_id=user_id, team_id=team_id, details={"because": because})
    if rotation := plan.get("rotation"):
        code = EventCode.ROUND_ROBIN_TURNED if rotation.get("pointer_before") else EventCode.ROUND_ROBIN_BEGAN
        user_id = rotation.get("pointer_after")
        yield TimelineEvent(at, ROUND_ROBIN, code, user_id=user_id, team_id=team_id, details=dict(rotation))


# What happened afterwards


def trace_events(trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> Iterator[TimelineEvent]:
    """What the entries tell. One that falls back tells of a plan in the team it leaves; any other, of where it is."""
    team_id = (trace.decision or {}).get("team_id") if trace else None
    for entry in entries:
        if is_duplicate_claim(entry, entries):
            continue
        details = dict(entry.details or {})
        plan = {name: details.pop(name, None) for name in ("skipped", "rotation", "alerts")}
        is_leaving = entry.kind in (Kind.FELL_BACK, Kind.IN_POND, Kind.GIVEN, Kind.NOBODY)
        left, team_id = team_id, details.get("team_id") or team_id
        if is_leaving:
            yield from plan_events(plan, left, entry.at)
        yield entry_event(entry, team_id, details)
        if not is_leaving:
            yield from plan_events(plan, team_id, entry.at)


def order_of_event(entry: TimelineEvent) -> EventOrder:
    return EventOrder.ALARM if entry.kind == Kind.ALARM else EventOrder.EVENT


def is_duplicate_claim(entry: TraceEntry, entries: Sequence[TraceEntry]) -> bool:
    """Whether this is a claim, noted when it was undone, of which another entry tells: that the lead was given away."""
    is_claim = entry.kind == Kind.CLAIMED
    return is_claim and any(other.at == entry.at for other in entries if other.kind in (Kind.GIVEN, Kind.REASSIGNED))


def notice_messages(
    trace: RoutingTrace | None, entries: Sequence[TraceEntry], messages: Mapping[int, Message]
) -> Iterator[Message]:
    """What was sent to whoever got the lead, lost it or is to look after it."""
    return (message for number in notice_message_ids(trace, entries) if (message := messages.get(number)))


def notice_message_ids(trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> list[int]:
    """The messages that a trace and its entries name."""
    named = [(trace.decision or {}) if trace else {}, *(entry.details or {} for entry in entries)]
    return [number for details in named for number in details.get("alerts") or ()]


def entry_event(entry: TraceEntry, team_id: int | None, details: dict[str, Any]) -> TimelineEvent:
    """An entry of any kind."""
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
    """What the lead's own row alone tells: whose it was from the start, and that its person was contacted."""
    by_offer = any(offer.status == Offer.CLAIMED for offer in offers)
    if lead.claimed_at and not by_offer and not any(entry.at == lead.claimed_at for entry in entries):
        yield EventOrder.EVENT, claim_event(lead, lead.claimed_at, lead.claimed_by_user_id)
    if lead.contacted_at and not any(entry.kind == Kind.CONTACTED for entry in entries):
        at, user_id = lead.contacted_at, lead.claimed_by_user_id
        contacted = TimelineEvent(at, Kind.CONTACTED, EventCode.CONTACTED, actor_user_id=user_id, user_id=user_id)
        yield EventOrder.CONSEQUENCE, contacted


def claim_event(lead: Lead, at: datetime, user_id: int | None) -> TimelineEvent:
    """A claim without an offer."""
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
    offer: LeadOffer, lead: Lead, messages: Mapping[int, Message], moments: Collection[datetime]
) -> Iterator[OrderedEvent]:
    """A member's turn from its planning to its end, with the alerts. `moments`: those that entries tell of."""
    if not is_unoffered(offer):
        yield EventOrder.PLANNED, planned_event(offer)
    if offer.alerted_at and not is_auto_assigned(offer):
        yield EventOrder.TURN, turn_event(offer, offer.alerted_at)
    for message_id in (getattr(offer, name) for name in ALERT_COLUMNS):
        if message := messages.get(message_id or 0):
            yield from message_events(message, offer)
    is_told = offer.status == Offer.RETURNED and offer.settled_at in moments
    if offer.status in OFFER_ENDS and not is_told:
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
        "notify_at": milliseconds_z(offer.notify_at),
        "closes_at": milliseconds_z(offer.closes_at) if offer.closes_at else None,
        "position": offer.position,
        "rank": offer.rank,
        "round": offer.round,
        "assign_automatically": offer.assign_automatically,
    }
    code = PLAN_CODES[offer.assign_automatically, offer.notify_at <= offer.created_at]
    return offer_event(offer, offer.created_at, OFFER_PLANNED, code, **details)


def is_unoffered(offer: LeadOffer) -> bool:
    """Whether this only keeps in mind who took the lead or had it, without having been offered it."""
    is_had = offer.status in (Offer.CLAIMED, Offer.RETURNED)
    return is_had and offer.alerted_at is None and offer.settled_at == offer.created_at


def turn_event(offer: LeadOffer, at: datetime) -> TimelineEvent:
    if offer.closes_at is None:
        return offer_event(offer, at, OFFERED, EventCode.TURN_BEGAN)
    return offer_event(offer, at, OFFERED, EventCode.TURN_BEGAN_UNTIL, closes_at=milliseconds_z(offer.closes_at))


def is_auto_assigned(offer: LeadOffer) -> bool:
    """Whether the lead went to this member without their claiming it."""
    return offer.assign_automatically and offer.status in (Offer.CLAIMED, Offer.RETURNED)


def end_event(offer: LeadOffer, lead: Lead) -> OrderedEvent:
    """How a turn ended."""
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
        return EventOrder.TURN  # its alert tells that the lead is theirs
    return EventOrder.ENDING if (offer.alerted_at or offer.created_at) < at else EventOrder.ANSWERED


def is_skipped(offer: LeadOffer) -> bool:
    """Whether the member could not be told when their turn came, while the lead was still to be had."""
    is_cancelled = offer.status == Offer.CANCELLED and offer.alerted_at is None
    return is_cancelled and offer.end_code not in LEAD_ENDED


def offer_event(
    offer: LeadOffer, at: datetime, kind: str, code: str, *, actor_user_id: int | None = None, **details: Any
) -> TimelineEvent:
    """An entry about an offer."""
    ids: dict[str, int | None] = {"user_id": offer.user_id, "team_id": offer.team_id, "offer_id": offer.pk}
    return TimelineEvent(at, kind, code, actor_user_id=actor_user_id, details=details, **ids)


# Alerts


def message_events(message: Message, offer: LeadOffer | None = None) -> Iterator[OrderedEvent]:
    """An alert from the outbox to the phone, or to where it failed."""
    alert = partial(alert_event, message, offer)
    yield EventOrder.QUEUED, alert(message.created_at, ALERT_QUEUED, EventCode.ALERT_QUEUED)
    if message.sent_at:
        yield EventOrder.SENT, alert(message.sent_at, ALERT_SENT, EventCode.ALERT_SENT)
    if message.status in ALERT_ENDS:
        kind, code = ALERT_ENDS[State(message.status)]
        phase = EventOrder.STOPPED if message.status == State.CANCELLED else EventOrder.ARRIVED
        outcome: dict[str, Any] = {"provider_status": message.provider_status, "error_code": message.error_code}
        if message.reason:
            outcome["because"] = Reason(OTHER, {"text": message.reason}).as_json()
        yield phase, alert(message.modified_at, kind, code, **outcome)


def alert_event(
    message: Message, offer: LeadOffer | None, at: datetime, kind: str, code: str, **outcome: Any
) -> TimelineEvent:
    """An entry about an alert: that of an offer, or other news."""
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
