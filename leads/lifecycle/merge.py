"""Merge duplicate leads: a person who inquired twice, or through two portals."""

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
    *("has_assigned_contact", "contacted_at", "contact_due_at"),
)
DUE_FIELDS: Final = ("falls_back_at", "alarm_at", "contact_due_at", "ponded_at")
DISTRIBUTION_FIELDS: Final = ("team_id", "fallback_count", "falls_back_at", "alarm_at", "ponded_at")


class CannotMerge(DomainError):
    """These leads cannot be merged."""

    def __init__(self, message: str) -> None:
        super().__init__(message, errors={"lead_id": message})


class TwoClaimers(Conflict):
    """Two users have claimed these leads."""


@transaction.atomic
def merge(lead: Lead, duplicate: Lead, *, actor: User, now: datetime) -> Lead:
    """Merge `duplicate` into `lead`. The fields of `lead` win; blank ones are filled."""
    require_mergeable(lead, duplicate, actor)
    lead, duplicate = lock_both(lead, duplicate)
    require_neither_merged(lead, duplicate)
    require_one_claimer(lead, duplicate)
    fill_blanks(lead, duplicate)
    takes_over = should_take_over(lead, duplicate)
    if takes_over:
        take_over_distribution(lead, duplicate)
    close_duplicate(duplicate, lead, now)
    if lead.claimed_by_user_id is None and duplicate.claimed_by_user_id is not None:
        take_over_claim(lead, duplicate, now)
    lead.has_assigned_contact |= duplicate.has_assigned_contact
    lead.modified_at = now
    lead.save()
    code = EventCode.MERGED_AND_CONTINUED if takes_over else EventCode.MERGED
    for each in (lead, duplicate):
        trace(each, TraceEntry.Kind.MERGED, code, now=now, actor=actor, lead_id=duplicate.pk, into_lead_id=lead.pk)
    return lead


def lock_both(lead: Lead, duplicate: Lead) -> tuple[Lead, Lead]:
    """Lock both leads in the order of their ids, and reload them. They have one contact."""
    locked = {pk: lock_lead(pk) for pk in sorted((lead.pk, duplicate.pk))}
    return locked[lead.pk], locked[duplicate.pk]


def require_owner(lead: Lead, actor: User) -> None:
    if actor.pk != lead.owner_user_id:
        raise NotAllowed("Only the owner of this lead can merge it.")


def require_mergeable(lead: Lead, duplicate: Lead, actor: User) -> None:
    require_owner(lead, actor)
    if lead.pk == duplicate.pk:
        raise CannotMerge(f"lead_id {duplicate.pk} is the lead itself.")
    if duplicate.owner_user_id != lead.owner_user_id:
        raise CannotMerge(f"lead_id {duplicate.pk} is a lead of another owner, user {duplicate.owner_user_id}.")
    if duplicate.contact_id != lead.contact_id:
        raise CannotMerge(f"lead_id {duplicate.pk} is a lead of another contact, {duplicate.contact_id}.")


def mergeable_leads(lead: Lead) -> LeadQuerySet:
    """Return the other leads of the same owner and contact."""
    same = Lead.objects.filter(owner_user=lead.owner_user_id, contact=lead.contact_id, merged_into=None)
    return same.exclude(pk=lead.pk)


def require_neither_merged(lead: Lead, duplicate: Lead) -> None:
    for each in (lead, duplicate):
        if each.merged_into_id is not None:
            raise CannotMerge(
                f"lead_id {duplicate.pk}: lead {each.pk} is already merged into lead {each.merged_into_id}."
            )


def require_one_claimer(lead: Lead, duplicate: Lead) -> None:
    claimers = [lead.claimed_by_user_id, duplicate.claimed_by_user_id]
    if None not in claimers and claimers[0] != claimers[1]:
        message = f"Lead {lead.pk} was claimed by user {claimers[0]}, lead {duplicate.pk} by user {claimers[1]}."
        raise TwoClaimers(f"{message} Reassign one of them first.")


def fill_blanks(lead: Lead, duplicate: Lead) -> None:
    """Fill the blank fields of the lead, and keep the texts of both."""
    for name in DETAIL_FIELDS:
        setattr(lead, name, getattr(lead, name) or getattr(duplicate, name))
    for name in TEXT_FIELDS:
        setattr(lead, name, join_texts(getattr(lead, name), getattr(duplicate, name)))


def join_texts(text: str, other: str) -> str:
    return text if other in text else "\n\n".join(part for part in (text, other) if part)


def should_take_over(lead: Lead, duplicate: Lead) -> bool:
    """Whether the duplicate is further in distribution: closing it would leave the inquiry without a recipient."""
    return lead.claimed_by_user_id is None and distribution_progress(duplicate) > distribution_progress(lead)


def distribution_progress(lead: Lead) -> int:
    """Return 2 in a pond or with pending work, 1 while an alerted member may claim the lead, otherwise 0."""
    is_due = lead.ponded_at is not None or lead.falls_back_at is not None
    open_to = set(LeadOffer.objects.filter(lead=lead, status__in=UNDECIDED).values_list("status", flat=True))
    return 2 if is_due or LeadOffer.Status.PENDING in open_to else len(open_to)


def take_over_distribution(lead: Lead, duplicate: Lead) -> None:
    """Move the duplicate's offers and fallback state to the surviving lead; its recipients can still claim.

    The moved offers get rounds after those of the surviving lead.
    """
    offset = lead.distribution_round + 1 if LeadOffer.objects.filter(lead=lead).exists() else 0
    LeadOffer.objects.filter(lead=duplicate).update(lead=lead, round=F("round") + offset)
    lead.distribution_round = duplicate.distribution_round + offset
    for name in DISTRIBUTION_FIELDS:
        setattr(lead, name, getattr(duplicate, name))


def close_duplicate(duplicate: Lead, lead: Lead, now: datetime) -> None:
    """Cancel the offers of the duplicate and its due work."""
    offers = LeadOffer.objects.filter(lead=duplicate, status__in=UNDECIDED)
    reason = Reason(EndReason.LEAD_MERGED, {"lead_id": lead.pk})
    cancel_claim_alerts(offers, reason=reason, now=now)
    offers.update(status=LeadOffer.Status.CANCELLED, settled_at=now, **end_columns(reason))
    ended: dict[str, Any] = dict.fromkeys(DUE_FIELDS)
    Lead.objects.filter(pk=duplicate.pk).update(merged_into=lead, modified_at=now, **ended)


def take_over_claim(lead: Lead, duplicate: Lead, now: datetime) -> None:
    """Move the duplicate's claim to the surviving lead, and cancel the lead's open offers."""
    for name in CLAIM_FIELDS:
        setattr(lead, name, getattr(duplicate, name))
    lead.falls_back_at = lead.alarm_at = lead.ponded_at = None
    offers = LeadOffer.objects.filter(lead=lead, status__in=UNDECIDED)
    reason = Reason(EndReason.CLAIMED_AS_DUPLICATE, {"lead_id": duplicate.pk})
    cancel_claim_alerts(offers, reason=reason, now=now)
    offers.update(status=LeadOffer.Status.CANCELLED, settled_at=now, **end_columns(reason))
