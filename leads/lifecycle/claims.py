"""Claim and decline offers, and assign leads. Competing requests wait for the lock on the lead."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Case, QuerySet, Value, When

from core.db.bulk import bulk_update_sql
from core.errors import Conflict, DomainError
from core.reasons import Reason
from crm.contact_actions import send_contacts_changed
from crm.models import Contact, ContactShare
from leads.lifecycle.reschedule import advance_rollouts
from leads.models import Lead, LeadOffer
from leads.reasons import EndReason
from messaging import outbox
from messaging.models import Message
from teams.models import User

Status = LeadOffer.Status
Through = Lead.ClaimedThrough
UNDECIDED = (Status.PENDING, Status.SENT)

# The columns that a claim writes.
CLAIM_COLUMNS: Final = {
    "id": "bigint",
    "team_id": "bigint",
    "claimed_by_user_id": "bigint",
    "claimed_at": "timestamptz",
    "claimed_via": "text",
    "claimed_through": "text",
    "time_to_claim": "int",
    "has_assigned_contact": "boolean",
    "contacted_at": "timestamptz",
    "contact_due_at": "timestamptz",
    "falls_back_at": "timestamptz",
    "alarm_at": "timestamptz",
    "ponded_at": "timestamptz",
    "modified_at": "timestamptz",
}
claim_values: Final = attrgetter(*CLAIM_COLUMNS)
# Default of `claimed_via`. For the API and the admin it is the channel of the alert: see default_claim_channel.
DEFAULT_CLAIMED_VIA: Final = {
    Through.TEXT_LINK: Lead.ClaimedVia.TEXT,
    Through.EMAIL_LINK: Lead.ClaimedVia.EMAIL,
    Through.TEXT_REPLY: Lead.ClaimedVia.TEXT,
    Through.KEY_PRESS: Lead.ClaimedVia.PHONE,
    Through.AUTOMATIC: Lead.ClaimedVia.AUTO,
    Through.ASSIGNMENT: Lead.ClaimedVia.ASSIGNED,
}
LEAD_CLAIMED: Final = Reason(EndReason.LEAD_CLAIMED)


class AlreadyClaimed(Conflict):
    """This lead has already been claimed."""


class NotYourTurn(Conflict):
    """It is not your turn yet: this offer has not been sent."""


class OfferNotOpen(Conflict):
    """This offer is no longer open."""


class LeadIsMerged(Conflict):
    """This lead was merged into another."""


class LeadIsGone(DomainError):
    """This lead was removed."""

    status = 404


@transaction.atomic
def claim(offer: LeadOffer, *, through: Lead.ClaimedThrough, now: datetime, via: str = "") -> LeadOffer:
    """Assign the lead to the member of the offer. Claiming it again changes nothing.

    `via` is LionDesk's `claimed_via`, if the client names one. Raises a Conflict if the offer cannot be claimed.
    """
    lead = lock_lead(offer.lead_id)
    offer.refresh_from_db(fields=["status"])
    if offer.status == Status.CLAIMED:
        return offer
    require_open(offer, lead)
    cancel_claim_alerts(lead.offers.all(), reason=LEAD_CLAIMED, now=now)  # also those of the claimer
    set_offer_status(offer, Status.CLAIMED, now=now)
    if lead.team_id != offer.team_id:  # the lead fell back after this alert
        lead.team = offer.team
    assign_claim(
        lead,
        offer.user,
        through=through,
        via=via or DEFAULT_CLAIMED_VIA.get(through) or default_claim_channel(offer),
        now=now,
    )
    end_other_offers([lead.pk], now=now)
    return offer


@transaction.atomic
def decline(offer: LeadOffer, *, now: datetime) -> LeadOffer:
    """Decline the offer. If it was this member's turn, the next turn begins now."""
    lock_lead(offer.lead_id)
    offer.refresh_from_db(fields=["status"])
    if offer.status == Status.DECLINED:
        return offer
    if offer.status not in UNDECIDED:
        raise OfferNotOpen(f"This offer is no longer open: it is {offer.status}.")
    cancel_claim_alerts(LeadOffer.objects.filter(pk=offer.pk), reason=Reason(EndReason.DECLINED), now=now)
    set_offer_status(offer, Status.DECLINED, now=now)
    advance_rollouts([offer.lead_id], now=now)
    return offer


def lock_lead(lead_id: int) -> Lead:
    """Lock the lead and its contact until the transaction ends, and reload it. Changes of offers need this lock.

    The contact is locked first, as when it is removed: the other order could deadlock. Raises LeadIsGone.
    """
    contact = Contact.objects.filter(leads=lead_id).select_for_update(of=("self",), no_key=True).first()
    leads = Lead.objects.select_related("team")
    lead = leads.filter(pk=lead_id).select_for_update(of=("self",), no_key=True).first()
    if lead is None or contact is None:
        raise LeadIsGone
    lead.contact = contact
    return lead


def require_open(offer: LeadOffer, lead: Lead) -> None:
    require_not_merged(lead)
    if lead.claimed_by_user_id is not None:
        raise AlreadyClaimed
    if offer.status == Status.PENDING:
        raise NotYourTurn
    if offer.status != Status.SENT:
        raise OfferNotOpen(f"This offer is no longer open: it is {offer.status}.")


def require_not_merged(lead: Lead) -> None:
    """Raise LeadIsMerged if the lead was merged into another."""
    if lead.merged_into_id is not None:
        raise LeadIsMerged(f"This lead was merged into lead {lead.merged_into_id}.")


def set_offer_status(offer: LeadOffer, status: str, *, now: datetime) -> None:
    offer.status, offer.settled_at = status, now
    offer.save(update_fields=["status", "settled_at"])


def default_claim_channel(offer: LeadOffer) -> str:
    """Return the first channel on which the member was alerted, as LionDesk's `claimed_via`."""
    channels = (
        (offer.has_text_alert, Lead.ClaimedVia.TEXT),
        (offer.has_email_alert, Lead.ClaimedVia.EMAIL),
        (offer.has_call_alert, Lead.ClaimedVia.PHONE),
    )
    return next((channel for is_on, channel in channels if is_on), Lead.ClaimedVia.NONE)


def assign_claim(lead: Lead, user: User, *, through: Lead.ClaimedThrough, via: str, now: datetime) -> None:
    """Record a claim of this user, and give them access to the contact."""
    assign_claims([(lead, user)], through=through, via=via, now=now)


def assign_claims(
    assignments: Sequence[tuple[Lead, User]], *, through: Lead.ClaimedThrough, now: datetime, via: str = ""
) -> None:
    """Record a claim of each lead by its user. The number of statements does not depend on the number of leads."""
    contacts: dict[int, Contact] = {}
    for lead, user in assignments:
        lead.contact = contacts.setdefault(lead.contact_id, lead.contact)
        mark_claimed(lead, user, through=through, via=via, now=now)
        if lead.has_assigned_contact:  # so that further leads of the contact do not assign it again
            lead.contact.assigned_user = user
    rows = [claim_values(lead) for lead, _ in assignments]
    with connection.cursor() as cursor:
        cursor.execute(*bulk_update_sql(Lead._meta.db_table, CLAIM_COLUMNS, list(zip(*rows, strict=True))))
    for user, leads in group_by_user(assignments).items():
        assign_contacts([lead.contact for lead in leads if lead.has_assigned_contact], user, now=now)
        share_contacts([lead.contact for lead in leads if lead.opens_contact], user, now=now)


def group_by_user(assignments: Sequence[tuple[Lead, User]]) -> dict[User, list[Lead]]:
    """Return the leads of each user."""
    leads: dict[User, list[Lead]] = defaultdict(list)
    for lead, user in assignments:
        leads[user].append(lead)
    return leads


def mark_claimed(lead: Lead, user: User, *, through: Lead.ClaimedThrough, now: datetime, via: str = "") -> None:
    """Set the columns of a claim, which ends the distribution, without saving them."""
    lead.claimed_by_user, lead.claimed_at, lead.claimed_through = user, now, through
    lead.claimed_via = via or DEFAULT_CLAIMED_VIA.get(through, Lead.ClaimedVia.NONE)
    lead.time_to_claim = int((now - lead.created_at).total_seconds())
    lead.has_assigned_contact = lead.contact.assigned_user_id is None and lead.opens_contact
    lead.contacted_at, lead.contact_due_at = None, contact_due_at(lead, now)
    lead.falls_back_at = lead.alarm_at = lead.ponded_at = None
    lead.modified_at = now


def contact_due_at(lead: Lead, now: datetime) -> datetime | None:
    """Return when a claimer must have contacted the person; None if the team has no limit."""
    minutes = lead.team.mins_until_contact if lead.team else None
    return None if minutes is None else now + timedelta(minutes=minutes)


def assign_or_share_contact(lead: Lead, user: User, *, now: datetime) -> None:
    """Assign the lead's contact to the user; if another user works with it already, share it with them."""
    if not lead.opens_contact:
        return
    if lead.contact.assigned_user_id is None:
        assign_contacts([lead.contact], user, now=now)
    share_contacts([lead.contact], user, now=now)


def assign_contacts(contacts: Sequence[Contact], user: User, *, now: datetime) -> None:
    """Assign contacts to the user that were unassigned when they were loaded."""
    is_done = bool(contacts) and assign_unassigned([contact.pk for contact in contacts], user, now=now)
    for contact in contacts:
        contact.assigned_user = user if is_done else None
    if is_done:
        send_contacts_changed(contacts, {"assigned_user"}, now=now)


def share_contacts(contacts: Sequence[Contact], user: User, *, now: datetime) -> None:
    """Share the contacts that the user neither owns nor is assigned to."""
    shares = [
        ContactShare(contact=contact, user=user, created_at=now)
        for contact in contacts
        if user.pk not in (contact.owner_user_id, contact.assigned_user_id)
    ]
    if shares:
        ContactShare.objects.bulk_create(shares, ignore_conflicts=True)


def assign_unassigned(contacts: Collection[int], user: User, *, now: datetime) -> bool:
    """Assign contacts that were unassigned when they were loaded. Return False if one of them no longer is."""
    free = Contact.objects.filter(pk__in=contacts, assigned_user=None)
    return free.update(assigned_user=user, modified_at=now) == len(contacts)


def end_other_offers(lead_ids: Collection[int], *, now: datetime) -> None:
    """End the open offers of claimed leads: alerted members lost, pending offers are cancelled."""
    LeadOffer.objects.filter(lead__in=lead_ids, status__in=UNDECIDED).update(
        status=Case(When(status=Status.SENT, then=Value(Status.LOST)), default=Value(Status.CANCELLED)),
        settled_at=now,
        **end_columns(LEAD_CLAIMED),
    )


def end_columns(reason: Reason) -> dict[str, Any]:
    """Return the columns of an offer that ended for this reason."""
    return {"end_code": reason.code, "end_details": dict(reason.details) or None}


def cancel_claim_alerts(offers: QuerySet[LeadOffer], *, reason: Reason, now: datetime) -> None:
    """Cancel unsent alerts that ask for a claim of these offers."""
    cancel_all_messages(offers.filter(status=Status.SENT), reason=reason, now=now)


def cancel_all_messages(offers: QuerySet[LeadOffer], *, reason: Reason, now: datetime) -> None:
    """Cancel all unsent messages about these offers, including assignment notices."""
    alerts = offers.values_list("alert_text_id", "alert_email_id", "alert_call_id")
    ids = [
        alert for offer_alerts in alerts for alert in offer_alerts if alert
    ]  # a separate query, so that it uses an index
    if ids:
        outbox.cancel(Message.objects.filter(pk__in=ids), reason=reason, now=now)
