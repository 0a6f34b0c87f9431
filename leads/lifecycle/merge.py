"""Merging leads that are one: a person who asked twice, or whom two portals sent."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from core.errors import Conflict, DomainError, NotAllowed
from core.reasons import Reason
from leads.history.trace_log import trace
from leads.lifecycle.claims import UNDECIDED, cancel_claim_alerts, end_columns, lock_lead
from leads.models import Lead, LeadOffer, LeadQuerySet, TraceEntry
from leads.reasons import EndReason, EventCode
from teams.models import User

DETAIL_FIELDS: Final = (
    *("source_id", "mls_id", "listing_status", "listing_price", "street_address", "city", "state", "zipcode", "type"),
)
TEXT_FIELDS: Final = ("text_body", "html_body")
CLAIM_FIELDS: Final = (
    *("team_id", "claimed_by_user_id", "claimed_at", "claimed_via", "claimed_through", "time_to_claim"),
    *("is_contact_given", "contacted_at", "contact_due_at"),
)
DUE_FIELDS: Final = ("falls_back_at", "alarm_at", "contact_due_at", "ponded_at")
DISTRIBUTION_FIELDS: Final = ("team_id", "hop", "falls_back_at", "alarm_at", "ponded_at")


class CannotMerge(DomainError):
    """These leads cannot be merged."""

    def __init__(self, message: str) -> None:
        super().__init__(message, errors={"lead_id": message})


class TwoClaimers(Conflict):
    """Two users have claimed these leads."""


@transaction.atomic
def merge(lead: Lead, double: Lead, *, actor: User, now: datetime) -> Lead:
    """Make `double` part of `lead`, which keeps what it says and learns the rest."""
    require_mergeable(lead, double, actor)
    lead, double = lock_both(lead, double)
    require_neither_merged(lead, double)
    require_one_claimer(lead, double)
    fill_blanks(lead, double)
    takes_way = should_take_over(lead, double)
    if takes_way:
        take_over_distribution(lead, double)
    close_duplicate(double, lead, now)
    if lead.claimed_by_user_id is None and double.claimed_by_user_id is not None:
        take_over_claim(lead, double, now)
    lead.is_contact_given |= double.is_contact_given
    lead.modified_at = now
    lead.save()
    code = EventCode.MERGED_AND_CONTINUED if takes_way else EventCode.MERGED
    for each in (lead, double):
        trace(each, TraceEntry.Kind.MERGED, code, now=now, actor=actor, lead_id=double.pk, into_lead_id=lead.pk)
    return lead


def lock_both(lead: Lead, double: Lead) -> tuple[Lead, Lead]:
    """Both as they are now, held in the order of their ids. Their contact is one."""
    held = {pk: lock_lead(pk) for pk in sorted((lead.pk, double.pk))}
    return held[lead.pk], held[double.pk]


def require_owner(lead: Lead, actor: User) -> None:
    if actor.pk != lead.owner_user_id:
        raise NotAllowed("Only the owner of this lead merges it.")


def require_mergeable(lead: Lead, double: Lead, actor: User) -> None:
    require_owner(lead, actor)
    if lead.pk == double.pk:
        raise CannotMerge(f"lead_id {double.pk} is the lead itself.")
    if double.owner_user_id != lead.owner_user_id:
        raise CannotMerge(f"lead_id {double.pk} is a lead of another owner, user {double.owner_user_id}.")
    if double.contact_id != lead.contact_id:
        raise CannotMerge(f"lead_id {double.pk} is a lead of another contact, {double.contact_id}.")


def mergeable_leads(lead: Lead) -> LeadQuerySet:
    """Its owner's other leads of the same contact."""
    same = Lead.objects.filter(owner_user=lead.owner_user_id, contact=lead.contact_id, merged_into=None)
    return same.exclude(pk=lead.pk)


def require_neither_merged(lead: Lead, double: Lead) -> None:
    for each in (lead, double):
        if each.merged_into_id is not None:
            raise CannotMerge(f"lead_id {double.pk}: lead {each.pk} was merged into lead {each.merged_into_id}.")


def require_one_claimer(lead: Lead, double: Lead) -> None:
    claimers = [lead.claimed_by_user_id, double.claimed_by_user_id]
    if None not in claimers and claimers[0] != claimers[1]:
        message = f"Lead {lead.pk} was claimed by user {claimers[0]}, lead {double.pk} by user {claimers[1]}."
        raise TwoClaimers(f"{message} Reassign one of them first.")


def fill_blanks(lead: Lead, double: Lead) -> None:
    """Fill what the lead leaves blank, and keep the words of both."""
    for name in DETAIL_FIELDS:
        setattr(lead, name, getattr(lead, name) or getattr(double, name))
    for name in TEXT_FIELDS:
        setattr(lead, name, join_texts(getattr(lead, name), getattr(double, name)))


def join_texts(text: str, other: str) -> str:
    return text if other in text else "\n\n".join(part for part in (text, other) if part)


def should_take_over(lead: Lead, double: Lead) -> bool:
    """Whether more may come of the double: ended with it, nobody would be told of the inquiry, or could claim it."""
    return lead.claimed_by_user_id is None and distribution_progress(double) > distribution_progress(lead)


def distribution_progress(lead: Lead) -> int:
    """2 while it waits in a pond, or something is still to come of it; 1 while somebody who was told may claim it."""
    is_due = lead.ponded_at is not None or lead.falls_back_at is not None
    open_to = set(LeadOffer.objects.filter(lead=lead, status__in=UNDECIDED).values_list("status", flat=True))
    return 2 if is_due or LeadOffer.Status.PENDING in open_to else len(open_to)


def take_over_distribution(lead: Lead, double: Lead) -> None:
    """The lead is where the double was: whoever was told of that claims it, whoever was to be told will be.

    What was offered of the double is offered of the lead, in rounds behind those that it had.
    """
    behind = lead.round + 1 if LeadOffer.objects.filter(lead=lead).exists() else 0
    LeadOffer.objects.filter(lead=double).update(lead=lead, round=F("round") + behind)
    lead.round = double.round + behind
    for name in DISTRIBUTION_FIELDS:
        setattr(lead, name, getattr(double, name))


def close_duplicate(double: Lead, lead: Lead, now: datetime) -> None:
    """Nobody is told of the double any more, and nothing more is due of it."""
    offers = LeadOffer.objects.filter(lead=double, status__in=UNDECIDED)
    reason = Reason(EndReason.LEAD_MERGED, {"lead_id": lead.pk})
    cancel_claim_alerts(offers, reason=reason, now=now)
    offers.update(status=LeadOffer.Status.CANCELLED, settled_at=now, **end_columns(reason))
    ended: dict[str, Any] = dict.fromkeys(DUE_FIELDS)
    Lead.objects.filter(pk=double.pk).update(merged_into=lead, modified_at=now, **ended)


def take_over_claim(lead: Lead, double: Lead, now: datetime) -> None:
    """Whoever has claimed the double has the lead; nobody else need be told of it."""
    for name in CLAIM_FIELDS:
        setattr(lead, name, getattr(double, name))
    lead.falls_back_at = lead.alarm_at = lead.ponded_at = None
    offers = LeadOffer.objects.filter(lead=lead, status__in=UNDECIDED)
    reason = Reason(EndReason.CLAIMED_AS_DUPLICATE, {"lead_id": double.pk})
    cancel_claim_alerts(offers, reason=reason, now=now)
    offers.update(status=LeadOffer.Status.CANCELLED, settled_at=now, **end_columns(reason))
