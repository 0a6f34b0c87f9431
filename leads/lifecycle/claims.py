"""Who gets a lead: claiming and declining. Rivals meet on the lead's row."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Case, QuerySet, Value, When

from core.db.bulk import bulk_update_sql
from core.errors import Conflict, DomainError
from core.reasons import Reason, reason_text
from crm.contact_actions import tell_of_change
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

# What a claim writes.
CLAIM_COLUMNS: Final = {
    "id": "bigint",
    "team_id": "bigint",
    "claimed_by_user_id": "bigint",
    "claimed_at": "timestamptz",
    "claimed_via": "text",
    "claimed_through": "text",
    "time_to_claim": "int",
    "is_contact_given": "boolean",
    "contacted_at": "timestamptz",
    "contact_due_at": "timestamptz",
    "falls_back_at": "timestamptz",
    "alarm_at": "timestamptz",
    "ponded_at": "timestamptz",
    "modified_at": "timestamptz",
}
claim_values: Final = attrgetter(*CLAIM_COLUMNS)
# What `claimed_via` is where a claim does not name it; through the API and the admin: how the member was alerted.
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
    """Give the lead to the offered member; claiming it again changes nothing.

    `via` is LionDesk's `claimed_via`, where the client names one. Raises a Conflict if the offer cannot be claimed.
    """
    lead = lock_lead(offer.lead_id)
    offer.refresh_from_db(fields=["status"])
    if offer.status == Status.CLAIMED:
        return offer
    require_open(offer, lead)
    cancel_claim_alerts(lead.offers.all(), reason=LEAD_CLAIMED, now=now)  # the winner's too: they know of it
    set_offer_status(offer, Status.CLAIMED, now=now)
    if lead.team_id != offer.team_id:  # it had fallen back since they were alerted
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
    """The offered member does not want it. If it was their turn, the next one's is now."""
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
    """The lead as it is now, held until this transaction ends. Whoever changes an offer holds its lead.

    The contact is held first, as by whoever removes it: held in the other order, the two could wait for each other.
    """
    contact = Contact.objects.filter(leads=lead_id).select_for_update(of=("self",), no_key=True).first()
    whole = Lead.objects.select_related("team")
    lead = whole.filter(pk=lead_id).select_for_update(of=("self",), no_key=True).first()
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
    """Nothing more is done with a double."""
    if lead.merged_into_id is not None:
        raise LeadIsMerged(f"This lead was merged into lead {lead.merged_into_id}.")


def set_offer_status(offer: LeadOffer, status: str, *, now: datetime) -> None:
    offer.status, offer.settled_at = status, now
    offer.save(update_fields=["status", "settled_at"])


def default_claim_channel(offer: LeadOffer) -> str:
    """How the member was told: what a claim counts as when it does not say."""
    told = (
        (offer.has_text_alert, Lead.ClaimedVia.TEXT),
        (offer.has_email_alert, Lead.ClaimedVia.EMAIL),
        (offer.has_call_alert, Lead.ClaimedVia.PHONE),
    )
    return next((channel for is_on, channel in told if is_on), Lead.ClaimedVia.NONE)


def assign_claim(lead: Lead, user: User, *, through: Lead.ClaimedThrough, via: str, now: datetime) -> None:
    """The lead becomes this user's, and they work with its contact from now on."""
    assign_claims([(lead, user)], through=through, via=via, now=now)


def assign_claims(
    gifts: Sequence[tuple[Lead, User]], *, through: Lead.ClaimedThrough, now: datetime, via: str = ""
) -> None:
    """Each lead becomes this user's; many at once cost no more statements than one."""
    contacts: dict[int, Contact] = {}
    for lead, user in gifts:
        lead.contact = contacts.setdefault(lead.contact_id, lead.contact)
        mark_claimed(lead, user, through=through, via=via, now=now)
        if lead.is_contact_given:  # and with no further lead of it
            lead.contact.assigned_user = user
    rows = [claim_values(lead) for lead, _ in gifts]
    with connection.cursor() as cursor:
        cursor.execute(*change(Lead._meta.db_table, CLAIM_COLUMNS, list(zip(*rows, strict=True))))
    for user, given in group_by_user(gifts).items():
        assign_contacts([lead.contact for lead in given if lead.is_contact_given], user, now=now)
        share_contacts([lead.contact for lead in given if lead.opens_contact], user, now=now)


def group_by_user(gifts: Sequence[tuple[Lead, User]]) -> dict[User, list[Lead]]:
    """Who is given which leads."""
    given: dict[User, list[Lead]] = defaultdict(list)
    for lead, user in gifts:
        given[user].append(lead)
    return given


def mark_claimed(lead: Lead, user: User, *, through: Lead.ClaimedThrough, now: datetime, via: str = "") -> None:
    """Fill in a claim, which ends the lead's way, without saving it."""
    lead.claimed_by_user, lead.claimed_at, lead.claimed_through = user, now, through
    lead.claimed_via = via or DEFAULT_CLAIMED_VIA.get(through, Lead.ClaimedVia.NONE)
    lead.time_to_claim = int((now - lead.created_at).total_seconds())
    lead.is_contact_given = lead.contact.assigned_user_id is None and lead.opens_contact
    lead.contacted_at, lead.contact_due_at = None, contact_due_at(lead, now)
    lead.falls_back_at = lead.alarm_at = lead.ponded_at = None
    lead.modified_at = now


def contact_due_at(lead: Lead, now: datetime) -> datetime | None:
    """By when whoever claims the lead now must have contacted its person; None where their team does not say."""
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
    """Assign to the user contacts with which nobody worked when they were read."""
    is_done = bool(contacts) and assign_unassigned([contact.pk for contact in contacts], user, now=now)
    for contact in contacts:
        contact.assigned_user = user if is_done else None
    if is_done:
        tell_of_change(contacts, {"assigned_user"}, now=now)


def share_contacts(contacts: Sequence[Contact], user: User, *, now: datetime) -> None:
    """Show the user those contacts that are not theirs anyway."""
    shares = [
        ContactShare(contact=contact, user=user, created_at=now)
        for contact in contacts
        if user.pk not in (contact.owner_user_id, contact.assigned_user_id)
    ]
    if shares:
        ContactShare.objects.bulk_create(shares, ignore_conflicts=True)


def assign_unassigned(contacts: Collection[int], user: User, *, now: datetime) -> bool:
    """Assign contacts that were without an assigned user when they were read; False if one of them no longer is."""
    free = Contact.objects.filter(pk__in=contacts, assigned_user=None)
    return free.update(assigned_user=user, modified_at=now) == len(contacts)


def end_other_offers(lead_ids: Collection[int], *, now: datetime) -> None:
    """These leads are claimed: those alerted have lost, those waiting need not be told."""
    LeadOffer.objects.filter(lead__in=lead_ids, status__in=UNDECIDED).update(
        status=Case(When(status=Status.SENT, then=Value(Status.LOST)), default=Value(Status.CANCELLED)),
        settled_at=now,
        **end_columns(LEAD_CLAIMED),
    )


def end_columns(reason: Reason) -> dict[str, Any]:
    """The columns of an offer that ended for this reason."""
    return {"end_code": reason.code, "end_details": dict(reason.details) or None}


def cancel_claim_alerts(offers: QuerySet[LeadOffer], *, reason: Reason, now: datetime) -> None:
    """What asks for a claim and has not left yet shall not leave."""
    cancel_all_messages(offers.filter(status=Status.SENT), reason=reason, now=now)


def cancel_all_messages(offers: QuerySet[LeadOffer], *, reason: Reason, now: datetime) -> None:
    """What was to be told of these offers and has not left yet, also that somebody got the lead, shall not leave."""
    alerts = offers.values_list("alert_text_id", "alert_email_id", "alert_call_id")
    ids = [alert for each in alerts for alert in each if alert]  # first, so that an index serves
    if ids:
        outbox.cancel(Message.objects.filter(pk__in=ids), reason=reason_text(*reason), now=now)
