"""All that happened to a lead, in order and in plain words. Pure: rows in, entries out.

The decision at intake is a `RoutingTrace`, what happened later are `TraceEntry` rows, and of turns, alerts and answers
the offers and their messages tell. People, teams and routes are called `user 5`, `team 3`, `route 12`, for a page to
put their names there (leads.why.page), and moments `2027-03-01T20:05Z`. Nothing here tells how to reach the person.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, auto
from functools import partial
from typing import Any, Final

from config.api.values import milliseconds_z
from leads.claims import CLAIMED
from leads.models import Lead, LeadOffer, RoutingTrace, TraceEntry
from leads.unmet import why_unmet
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

# What has become of an alert, where that is more than that it was sent: the kind of the entry, and its words.
ALERT_ENDS: Final = {
    State.HELD: ("Alert held", "waits"),
    State.UNKNOWN: ("Alert in doubt", "may have been sent, or not"),
    State.DELIVERED: ("Alert delivered", "arrived"),
    State.UNDELIVERED: ("Alert failed", "did not arrive"),
    State.FAILED: ("Alert failed", "failed"),
    State.CANCELLED: ("Alert cancelled", "was stopped"),
}
# What ends an offer: the kind of the entry, and its words.
OFFER_ENDS: Final = {
    Offer.CLAIMED: ("Claimed", "claimed the lead"),
    Offer.DECLINED: ("Declined", "declined"),
    Offer.EXPIRED: ("Expired", "did not answer while it was their turn alone"),
    Offer.LOST: ("Lost", "was alerted and did not get the lead"),
    Offer.CANCELLED: ("Cancelled", "is not offered the lead after all"),
    Offer.RETURNED: ("Given up", "has the lead no more"),
}
KINDS: Final = (
    *(RECEIVED, RULE_TRIED, ROUTED, PASSED_OVER, ROUND_ROBIN, OFFER_PLANNED, OFFERED, ALERT_QUEUED, ALERT_SENT),
    *(kind for kind, _ in (*ALERT_ENDS.values(), *OFFER_ENDS.values())),
    *TraceEntry.Kind.values,
)
SETTLED: Final = (CLAIMED, "merged into", "claimed as")  # so reasons begin of turns that ended with the lead (doubles)
CHANNELS: Final = {Message.Channel.TEXT: "text", Message.Channel.EMAIL: "email", Message.Channel.CALL: "call"}
ALERTS: Final = ("alert_text_id", "alert_email_id", "alert_call_id")
# Of claims older than `claimed_through`, LionDesk's channel is all that is known.
CHANNEL_OF_CLAIM: Final = {
    Lead.ClaimedVia.TEXT: "by text",
    Lead.ClaimedVia.EMAIL: "by email",
    Lead.ClaimedVia.PHONE: "by phone",
    Lead.ClaimedVia.AUTO: Lead.ClaimedThrough.AUTOMATIC.label,
    Lead.ClaimedVia.ASSIGNED: Lead.ClaimedThrough.ASSIGNMENT.label,
}


class Phase(IntEnum):
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
class Entry:
    """Something that happened; ids of what it is about, where it is about one. Without an actor the server did it."""

    at: datetime
    kind: str
    reason: str
    actor_user_id: int | None = None
    user_id: int | None = None
    team_id: int | None = None
    route_id: int | None = None
    offer_id: int | None = None
    message_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


Happening = tuple[Phase, Entry]


def timeline(
    lead: Lead,
    trace: RoutingTrace | None,
    entries: Sequence[TraceEntry],
    offers: Sequence[LeadOffer],
    messages: Mapping[int, Message],
) -> list[Entry]:
    """What happened to a lead, by time; of what happened at one time, causes first. `messages`: the alerts, by id."""
    moments = {entry.at for entry in entries}
    happened = [
        *((Phase.OPENING, entry) for entry in opening(lead, trace, entries)),
        *((phase_of_event(entry), entry) for entry in events(trace, entries)),
        *(happening for message in news_in(trace, entries, messages) for happening in way_of(message)),
        *(happening for offer in offers for happening in course_of(offer, lead, messages, moments)),
        *untold(lead, entries, offers),
    ]
    return [entry for _, entry in sorted(happened, key=lambda one: (one[1].at, one[0]))]


# Coming in


def opening(lead: Lead, trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> Iterator[Entry]:
    """The lead comes in, routes are tried, one is chosen, and members are passed over."""
    yield received(lead)
    if trace is None:
        return
    at, decision = trace.decided_at, trace.decision or {}
    for attempt in decision.get("tried") or ():
        yield tried(attempt, at)
    yield Entry(
        at,
        ROUTED,
        str(decision.get("reason") or ""),
        route_id=decision.get("route_id"),
        team_id=decision.get("team_id"),
        details={name: decision.get(name) for name in ("target", "campaign_id", "is_automatic", "starts_at")},
    )
    plan = {"skipped": trace.skipped, "rotation": trace.rotation}
    if not any(is_same_plan(entry.details or {}, plan) for entry in entries):
        yield from plan_told(plan, decision.get("team_id"), at)


def received(lead: Lead) -> Entry:
    asked = ("source_id", "type", "city", "state", "zipcode", "listing_price", "listing_status", "mls_id")
    return Entry(
        lead.created_at,
        RECEIVED,
        f"The lead came in: user {lead.owner_user_id} brought it in.",
        actor_user_id=lead.owner_user_id,
        details={name: getattr(lead, name) for name in asked},
    )


def tried(attempt: Mapping[str, Any], at: datetime) -> Entry:
    """A route, with the first of its conditions that the lead does not meet."""
    route_id = attempt.get("route_id")
    outcome = "matches" if attempt.get("matched") else f"does not match: {why_unmet(attempt)}"
    return Entry(at, RULE_TRIED, f"Route {route_id} {outcome}.", route_id=route_id, details=dict(attempt))


def is_same_plan(told: Mapping[str, Any], plan: Mapping[str, Any]) -> bool:
    """Whether an entry tells of this plan already, as that of a lead which fell back at once."""
    return any(plan.values()) and all(told.get(name) == plan[name] for name in plan)


def plan_told(plan: Mapping[str, Any], team_id: int | None, at: datetime) -> Iterator[Entry]:
    """Who was passed over in a plan, and how the round robin turned."""
    for skipped in plan.get("skipped") or ():
        user_id, why = skipped.get("user_id"), skipped.get("reason")
        yield Entry(at, PASSED_OVER, f"User {user_id} is passed over: {why}.", user_id=user_id, team_id=team_id)
    if rotation := plan.get("rotation"):
        user_id, before = rotation.get("pointer_after"), rotation.get("pointer_before")
        since = f", after user {before}'s" if before else ""
        words = f"The round robin makes it user {user_id}'s turn{since}."
        yield Entry(at, ROUND_ROBIN, words, user_id=user_id, team_id=team_id, details=dict(rotation))


# What happened afterwards


def events(trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> Iterator[Entry]:
    """What the entries tell. One that falls back tells of a plan in the team it leaves; any other, of where it is."""
    team_id = (trace.decision or {}).get("team_id") if trace else None
    for entry in entries:
        if is_twice(entry, entries):
            continue
        details = dict(entry.details or {})
        plan = {name: details.pop(name, None) for name in ("skipped", "rotation", "alerts")}
        is_leaving = entry.kind in (Kind.FELL_BACK, Kind.IN_POND, Kind.GIVEN, Kind.NOBODY)
        left, team_id = team_id, details.get("team_id") or team_id
        if is_leaving:
            yield from plan_told(plan, left, entry.at)
        yield told(entry, team_id, details)
        if not is_leaving:
            yield from plan_told(plan, team_id, entry.at)


def phase_of_event(entry: Entry) -> Phase:
    return Phase.ALARM if entry.kind == Kind.ALARM else Phase.EVENT


def is_twice(entry: TraceEntry, entries: Sequence[TraceEntry]) -> bool:
    """Whether this is a claim, noted when it was undone, of which another entry tells: that the lead was given away."""
    is_claim = entry.kind == Kind.CLAIMED
    return is_claim and any(other.at == entry.at for other in entries if other.kind in (Kind.GIVEN, Kind.REASSIGNED))


def news_in(
    trace: RoutingTrace | None, entries: Sequence[TraceEntry], messages: Mapping[int, Message]
) -> Iterator[Message]:
    """What was sent to whoever got the lead, lost it or is to look after it."""
    return (message for number in news_ids(trace, entries) if (message := messages.get(number)))


def news_ids(trace: RoutingTrace | None, entries: Sequence[TraceEntry]) -> list[int]:
    """The messages that a trace and its entries name."""
    named = [(trace.decision or {}) if trace else {}, *(entry.details or {} for entry in entries)]
    return [number for details in named for number in details.get("alerts") or ()]


def told(entry: TraceEntry, team_id: int | None, details: dict[str, Any]) -> Entry:
    """An entry of whatever kind, in its own words."""
    return Entry(
        entry.at,
        entry.kind,
        sentence(entry.reason or entry.kind),
        actor_user_id=entry.actor_user_id,
        user_id=details.get("user_id"),
        team_id=team_id,
        details=details,
    )


def untold(lead: Lead, entries: Sequence[TraceEntry], offers: Sequence[LeadOffer]) -> Iterator[Happening]:
    """What the lead's own row alone tells: whose it was from the start, and that its person was contacted."""
    by_offer = any(offer.status == Offer.CLAIMED for offer in offers)
    if lead.claimed_at and not by_offer and not any(entry.at == lead.claimed_at for entry in entries):
        yield Phase.EVENT, claimed(lead, lead.claimed_at, lead.claimed_by_user_id)
    if lead.contacted_at and not any(entry.kind == Kind.CONTACTED for entry in entries):
        words = f"User {lead.claimed_by_user_id} contacted the person."
        at, user_id = lead.contacted_at, lead.claimed_by_user_id
        yield Phase.CONSEQUENCE, Entry(at, Kind.CONTACTED, words, actor_user_id=user_id, user_id=user_id)


def claimed(lead: Lead, at: datetime, user_id: int | None) -> Entry:
    """A claim without an offer."""
    is_owner = user_id == lead.owner_user_id
    words = f"The lead is user {user_id}'s{', who brought it in' if is_owner else ''}."
    return Entry(at, Kind.CLAIMED, words, user_id=user_id, team_id=lead.team_id, details=claim_details(lead))


def claim_details(lead: Lead) -> dict[str, Any]:
    return {
        "claimed_via": lead.claimed_via,
        "claimed_through": lead.claimed_through,
        "time_to_claim": lead.time_to_claim,
    }


def how_claimed(lead: Lead) -> str:
    """Return how the lead was claimed, such as `by the link in the email`; empty if that is not known."""
    if lead.claimed_through:
        return str(Lead.ClaimedThrough(lead.claimed_through).label)
    return str(CHANNEL_OF_CLAIM.get(Lead.ClaimedVia(lead.claimed_via), ""))


# Turns


def course_of(
    offer: LeadOffer, lead: Lead, messages: Mapping[int, Message], moments: Collection[datetime]
) -> Iterator[Happening]:
    """A member's turn from its planning to its end, with the alerts. `moments`: those that entries tell of."""
    if not is_memory(offer):
        yield Phase.PLANNED, planned(offer)
    if offer.alerted_at and not is_given(offer):
        yield Phase.TURN, about(offer, offer.alerted_at, OFFERED, f"It is user {offer.user_id}'s turn{until(offer)}.")
    for message_id in (getattr(offer, name) for name in ALERTS):
        if message := messages.get(message_id or 0):
            yield from way_of(message, offer)
    is_told = offer.status == Offer.RETURNED and offer.settled_at in moments
    if offer.status in OFFER_ENDS and not is_told:
        yield end_of(offer, lead)


def planned(offer: LeadOffer) -> Entry:
    details: dict[str, Any] = {
        "notify_at": milliseconds_z(offer.notify_at),
        "closes_at": milliseconds_z(offer.closes_at) if offer.closes_at else None,
        "position": offer.position,
        "rank": offer.rank,
        "round": offer.round,
        "assign_automatically": offer.assign_automatically,
    }
    when = "at once" if offer.notify_at <= offer.created_at else f"at {moment(offer.notify_at)}"
    what = "is to get the lead" if offer.assign_automatically else "is to be alerted"
    return about(offer, offer.created_at, OFFER_PLANNED, f"User {offer.user_id} {what} {when}.", **details)


def is_memory(offer: LeadOffer) -> bool:
    """Whether this only keeps in mind who took the lead or had it, without having been offered it."""
    is_had = offer.status in (Offer.CLAIMED, Offer.RETURNED)
    return is_had and offer.alerted_at is None and offer.settled_at == offer.created_at


def until(offer: LeadOffer) -> str:
    return f", until {moment(offer.closes_at)}" if offer.closes_at else ""


def is_given(offer: LeadOffer) -> bool:
    """Whether the lead went to this member without their claiming it."""
    return offer.assign_automatically and offer.status in (Offer.CLAIMED, Offer.RETURNED)


def end_of(offer: LeadOffer, lead: Lead) -> Happening:
    """How a turn ended."""
    status = Offer(offer.status)
    at = offer.settled_at or offer.alerted_at or offer.created_at
    kind, words = OFFER_ENDS[status]
    is_theirs = status == Offer.CLAIMED and lead.claimed_by_user_id == offer.user_id
    how = f" {how}" if is_theirs and (how := how_claimed(lead)) else ""
    why = f": {offer.reason}" if offer.reason else ""
    actor = offer.user_id if status in (Offer.CLAIMED, Offer.DECLINED) and not is_given(offer) else None
    details = claim_details(lead) if is_theirs else {}
    entry = about(offer, at, kind, f"User {offer.user_id} {words}{how}{why}.", actor_user_id=actor, **details)
    return phase_of_end(offer, status, at), entry


def phase_of_end(offer: LeadOffer, status: Offer, at: datetime) -> Phase:
    if is_missed(offer):  # which makes it another's turn, or the lead fall back
        return Phase.ENDING if offer.created_at < at else Phase.PASSED
    if status in (Offer.LOST, Offer.CANCELLED, Offer.RETURNED):
        return Phase.CONSEQUENCE
    if is_given(offer):
        return Phase.TURN  # its alert tells that the lead is theirs
    return Phase.ENDING if (offer.alerted_at or offer.created_at) < at else Phase.ANSWERED


def is_missed(offer: LeadOffer) -> bool:
    """Whether the member could not be told when their turn came, while the lead was still to be had."""
    is_cancelled = offer.status == Offer.CANCELLED and offer.alerted_at is None
    return is_cancelled and not offer.reason.startswith(SETTLED)


def about(
    offer: LeadOffer, at: datetime, kind: str, reason: str, *, actor_user_id: int | None = None, **details: Any
) -> Entry:
    """An entry about an offer."""
    ids: dict[str, int | None] = {"user_id": offer.user_id, "team_id": offer.team_id, "offer_id": offer.pk}
    return Entry(at, kind, reason, actor_user_id=actor_user_id, details=details, **ids)


# Alerts


def way_of(message: Message, offer: LeadOffer | None = None) -> Iterator[Happening]:
    """An alert from the outbox to the phone, or to where it failed, in the provider's words."""
    what = f"The {CHANNELS[Message.Channel(message.channel)]} to user {message.user_id}"
    alert = partial(alerted, message, offer)
    yield Phase.QUEUED, alert(message.created_at, ALERT_QUEUED, f"{what} was queued.")
    if message.sent_at:
        yield Phase.SENT, alert(message.sent_at, ALERT_SENT, f"{what} was sent.")
    if message.status in ALERT_ENDS:
        kind, words = ALERT_ENDS[State(message.status)]
        why = f": {message.reason}" if message.reason else ""
        phase = Phase.STOPPED if message.status == State.CANCELLED else Phase.ARRIVED
        outcome = {"provider_status": message.provider_status, "error_code": message.error_code}
        yield phase, alert(message.modified_at, kind, sentence(f"{what} {words}{why}"), **outcome)


def alerted(
    message: Message, offer: LeadOffer | None, at: datetime, kind: str, reason: str, **outcome: str | int | None
) -> Entry:
    """An entry about an alert: that of an offer, or other news."""
    return Entry(
        at,
        kind,
        reason,
        user_id=message.user_id,
        team_id=offer.team_id if offer else None,
        offer_id=offer.pk if offer else None,
        message_id=message.pk,
        details={"channel": message.channel} | outcome,
    )


# Words


def sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def moment(at: datetime) -> str:
    """As the reasons of traces have it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
