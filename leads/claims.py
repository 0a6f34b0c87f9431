"""Who gets a lead: claiming and declining. Rivals meet on the lead's row (design 6)."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Case, QuerySet, Value, When

from config.errors import Conflict, DomainError
from crm.contacts import tell_of_change
from crm.models import Contact, ContactShare
from leads.models import Lead, LeadOffer
from messaging import outbox
from messaging.models import Message
from teams.models import User

Status = LeadOffer.Status
UNDECIDED = (Status.PENDING, Status.SENT)
CLAIMED: Final = "the lead was claimed"


class AlreadyClaimed(Conflict):
    """This lead has already been claimed."""


class NotYourTurn(Conflict):
    """It is not your turn yet: this offer has not been sent."""


class OfferNotOpen(Conflict):
    """This offer is no longer open."""


class LeadIsGone(DomainError):
    """This lead was removed."""

    status = 404


@transaction.atomic
def claim(offer: LeadOffer, *, now: datetime, via: str = "") -> LeadOffer:
    """Give the lead to the offered member, or say why not. Their claiming it again changes nothing."""
    lead = hold_lead(offer.lead_id)
    offer.refresh_from_db(fields=["status"])
    if offer.status == Status.CLAIMED:
        return offer
    refuse_unless_open(offer, lead)
    cancel_alerts(lead.offers.all(), reason=CLAIMED, now=now)  # the winner's too: they know of it
    settle(offer, Status.CLAIMED, now=now)
    give_lead(lead, offer.user, via=via or first_channel(offer), now=now)
    end_other_offers([lead.pk], now=now)
    return offer


@transaction.atomic
def decline(offer: LeadOffer, *, now: datetime) -> LeadOffer:
    """The offered member does not want it. Others go on as planned."""
    hold_lead(offer.lead_id)
    offer.refresh_from_db(fields=["status"])
    if offer.status == Status.DECLINED:
        return offer
    if offer.status not in UNDECIDED:
        raise OfferNotOpen(f"This offer is no longer open: it is {offer.status}.")
    cancel_alerts(LeadOffer.objects.filter(pk=offer.pk), reason="the offer was declined", now=now)
    settle(offer, Status.DECLINED, now=now)
    return offer


def hold_lead(lead_id: int) -> Lead:
    """The lead as it is now, held until this transaction ends. Whoever changes an offer holds its lead.

    The contact is held first, as by whoever removes it: held in the other order, the two could wait for each other.
    """
    contact = Contact.objects.filter(leads=lead_id).select_for_update(of=("self",), no_key=True).first()
    lead = Lead.objects.filter(pk=lead_id).select_for_update(no_key=True).first()
    if lead is None or contact is None:
        raise LeadIsGone
    lead.contact = contact
    return lead


def refuse_unless_open(offer: LeadOffer, lead: Lead) -> None:
    if lead.claimed_by_user_id is not None:
        raise AlreadyClaimed
    if offer.status == Status.PENDING:
        raise NotYourTurn
    if offer.status != Status.SENT:
        raise OfferNotOpen(f"This offer is no longer open: it is {offer.status}.")


def settle(offer: LeadOffer, status: str, *, now: datetime) -> None:
    offer.status, offer.settled_at = status, now
    offer.save(update_fields=["status", "settled_at"])


def first_channel(offer: LeadOffer) -> str:
    """How the member was told: what a claim counts as when it does not say."""
    told = (
        (offer.has_text_alert, Lead.ClaimedVia.TEXT),
        (offer.has_email_alert, Lead.ClaimedVia.EMAIL),
        (offer.has_call_alert, Lead.ClaimedVia.PHONE),
    )
    return next((channel for is_on, channel in told if is_on), Lead.ClaimedVia.NONE)


def give_lead(lead: Lead, user: User, *, via: str, now: datetime) -> None:
    """The lead becomes this user's, and they work with its contact from now on."""
    mark_claimed(lead, user, via=via, now=now)
    lead.save(update_fields=["claimed_by_user", "claimed_at", "claimed_via", "time_to_claim", "modified_at"])
    give_contact(lead.contact, user, now=now)


def mark_claimed(lead: Lead, user: User, *, via: str, now: datetime) -> None:
    """Fill in a claim without saving it."""
    lead.claimed_by_user, lead.claimed_at, lead.claimed_via = user, now, via
    lead.time_to_claim = int((now - lead.created_at).total_seconds())
    lead.modified_at = now


def give_contact(contact: Contact, user: User, *, now: datetime) -> None:
    """Assign the contact to the user; if somebody else works with it already, show it to them as well."""
    free = Contact.objects.filter(pk=contact.pk, assigned_user=None)
    if contact.assigned_user_id is None and free.update(assigned_user=user, modified_at=now):
        contact.assigned_user = user
        tell_of_change([contact], {"assigned_user"}, now=now)
        return
    if user.pk not in (contact.owner_user_id, contact.assigned_user_id):
        share = ContactShare(contact=contact, user=user, created_at=now)
        ContactShare.objects.bulk_create([share], ignore_conflicts=True)


def end_other_offers(lead_ids: Collection[int], *, now: datetime) -> None:
    """These leads are claimed: those alerted have lost, those waiting need not be told."""
    LeadOffer.objects.filter(lead__in=lead_ids, status__in=UNDECIDED).update(
        status=Case(When(status=Status.SENT, then=Value(Status.LOST)), default=Value(Status.CANCELLED)),
        reason=CLAIMED,
        settled_at=now,
    )


def cancel_alerts(offers: QuerySet[LeadOffer], *, reason: str, now: datetime) -> None:
    """What asks for a claim and has not left yet shall not leave. Message ids come first, so that an index serves."""
    alerts = offers.filter(status=Status.SENT).values_list("alert_text_id", "alert_email_id", "alert_call_id")
    ids = [alert for each in alerts for alert in each if alert]
    if ids:
        outbox.cancel(Message.objects.filter(pk__in=ids), reason=reason, now=now)
