"""An event of a timeline: its kind, its order, and its text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, auto
from typing import Any, Final

from core.reasons import FOR_PROGRAMS, OTHER, Names, Reason, reason_text
from leads.models import LeadOffer, TraceEntry
from leads.reasons import EventCode
from leads.routing.mismatch_text import mismatch_text
from messaging.models import Message

Offer = LeadOffer.Status
State = Message.Status

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
