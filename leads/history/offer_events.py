"""Build the events of an offer and of its alerts. Pure."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from api.coercion import format_datetime
from leads.history.timeline_event import (
    ALERT_ENDS,
    ALERT_QUEUED,
    ALERT_SENT,
    OFFER_ENDS,
    OFFER_PLANNED,
    OFFERED,
    EventOrder,
    Offer,
    OrderedEvent,
    State,
    TimelineEvent,
)
from leads.models import Lead, LeadOffer
from leads.reasons import LEAD_ENDED, EventCode, claim_code
from messaging.models import Message

CHANNEL_NAMES: Final = {Message.Channel.TEXT: "text", Message.Channel.EMAIL: "email", Message.Channel.CALL: "call"}
ALERT_COLUMNS: Final = ("alert_text_id", "alert_email_id", "alert_call_id")


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


def claim_details(lead: Lead) -> dict[str, Any]:
    return {
        "claimed_via": lead.claimed_via,
        "claimed_through": lead.claimed_through,
        "time_to_claim": lead.time_to_claim,
    }
