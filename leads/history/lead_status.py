"""Text about the current status of a lead. Pure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from leads.formatting import format_duration
from leads.models import Lead, LeadOffer
from teams.timezones import format_local_time

MAX_NAMED: Final = 5

Fact = tuple[str, str]
Clock = Callable[[datetime], str]


def status_text(lead: Lead) -> str:
    """Return the status in a sentence."""
    if lead.merged_into_id is not None:
        if lead.is_duplicate:
            return f"Duplicate of lead {lead.merged_into_id}: the same inquiry, sent again within minutes."
        return f"Merged into lead {lead.merged_into_id}."
    if lead.claimed_by_user is not None:
        return f"{lead.claimed_by_user} {claim_text(lead)}, {format_duration(lead.time_to_claim)} after receipt."
    if lead.ponded_at is not None and lead.team is not None:
        return f"Unclaimed, in the pond of team {lead.team}. Any member can claim it."
    team = f" It is with team {lead.team}." if lead.team else ""
    return f"This lead is not claimed yet.{team}"


# For claims older than `claimed_through`, only LionDesk's channel is known.
CLAIM_CHANNEL_TEXTS: Final = {
    Lead.ClaimedVia.TEXT: "by text",
    Lead.ClaimedVia.EMAIL: "by email",
    Lead.ClaimedVia.PHONE: "by phone",
    Lead.ClaimedVia.AUTO: Lead.ClaimedThrough.AUTOMATIC.label,
    Lead.ClaimedVia.ASSIGNED: Lead.ClaimedThrough.ASSIGNMENT.label,
}


def claim_channel_text(lead: Lead) -> str:
    """Return how the lead was claimed, such as `by the link in the email`; empty if that is not known."""
    if lead.claimed_through:
        return str(Lead.ClaimedThrough(lead.claimed_through).label)
    return str(CLAIM_CHANNEL_TEXTS.get(Lead.ClaimedVia(lead.claimed_via), ""))


def claim_text(lead: Lead) -> str:
    """Return the predicate of a claim: `claimed it in the admin`."""
    if lead.claimed_via == Lead.ClaimedVia.ASSIGNED or lead.claimed_through == Lead.ClaimedThrough.ASSIGNMENT:
        return "was assigned it"
    if lead.claimed_via == Lead.ClaimedVia.AUTO:
        return "got it automatically"
    return " ".join(filter(None, ("claimed it", claim_channel_text(lead))))


def status_facts(lead: Lead, offers: Sequence[LeadOffer], zone: ZoneInfo) -> Iterator[Fact]:
    """Yield labels and texts: current claim or offers, what is next, when the lead was received, its owner."""

    def clock(moment: datetime) -> str:
        return format_local_time(moment.isoformat(), zone)

    if lead.merged_into_id is None:
        yield from (claim_facts if lead.claimed_by_user_id else offer_facts)(lead, offers, clock)
    yield "Received", clock(lead.created_at)
    yield "Owner", str(lead.owner_user)


def claim_facts(lead: Lead, offers: Sequence[LeadOffer], clock: Clock) -> Iterator[Fact]:
    """Yield facts about the claim and the first contact."""
    if lead.claimed_at:
        yield "Claimed", clock(lead.claimed_at)
    if lead.contacted_at:
        yield "First contact", clock(lead.contacted_at)
    elif lead.contact_due_at:
        yield "Contact due by", f"{clock(lead.contact_due_at)}, otherwise it is offered again"


def offer_facts(lead: Lead, offers: Sequence[LeadOffer], clock: Clock) -> Iterator[Fact]:
    """Yield facts about open and pending offers, the pond and the fallback."""
    alerted = [
        f"{offer.user}, since {clock(offer.alerted_at or offer.notify_at)}" for offer in offers if is_open(offer)
    ]
    pending = [f"{offer.user}, at {clock(offer.notify_at)}" for offer in offers if not is_open(offer)]
    if alerted:
        yield "Offered to", shorten_list(alerted)
    if pending:
        yield "Next", shorten_list(pending)
    if lead.ponded_at:
        yield "In the pond since", clock(lead.ponded_at)
    if lead.falls_back_at:
        yield "Fallback", f"{clock(lead.falls_back_at)}, if it is not claimed"
    elif not (alerted or pending or lead.ponded_at):
        yield "Offered to", "No agent. The lead stays with its owner"


def is_open(offer: LeadOffer) -> bool:
    return offer.status == LeadOffer.Status.SENT


def shorten_list(texts: Sequence[str]) -> str:
    """Join the first texts and count the rest."""
    rest = len(texts) - MAX_NAMED
    return "; ".join([*texts[:MAX_NAMED], *([f"and {rest} more"] if rest > 0 else [])])
