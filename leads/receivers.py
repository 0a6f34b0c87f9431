"""React to events of lower apps, and register handlers there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.dispatch import receiver

from core.reasons import Reason
from crm.models import Activity, Contact
from crm.signals import activity_logged, contact_removed
from leads.alert_replies import claim_by_digit, claim_by_key
from leads.lifecycle.claims import UNDECIDED, cancel_claim_alerts, end_columns
from leads.lifecycle.first_contact import record_first_contacts
from leads.lifecycle.intake import receive_lead
from leads.lifecycle.reschedule import fall_back_if_exhausted
from leads.lifecycle.round_robin_adjustments import reassign_skipped_turns
from leads.models import Lead, LeadOffer
from leads.reasons import EndReason, EventCode
from leads.routing.sources import get_or_create_lead_source
from messaging.inbound.handlers import call_key_handlers, inbound_text_handlers
from messaging.models import Message
from messaging.signals import messages_settled, text_received
from teams.eligibility import SkipReason
from teams.models import Team, User
from teams.signals import member_left

TEXT: Final = "Text"  # the lead source of a stranger who texts in

inbound_text_handlers.register(claim_by_digit)
call_key_handlers.register(claim_by_key)


@receiver(text_received)
def receive_texted_lead(*, message: Message, contact: Contact, is_new: bool, now: datetime, **kwargs: Any) -> None:
    """Receive a stranger's first text as a lead, and distribute it. Its contact source has the same name."""
    if is_new:
        owner, source, text = contact.owner_user, get_or_create_lead_source(TEXT), message.body
        receive_lead(owner=owner, contact=contact, source=source, text_body=text, now=now, auto_distribute=True)


@receiver(member_left)
def end_offers_of_member(*, team: Team, user: User, now: datetime, **kwargs: Any) -> None:
    """Cancel the open offers of a member who left the team, also those they were alerted to.

    They keep the leads that they claimed, until the contact is reassigned.
    """
    offers = LeadOffer.objects.filter(team=team, user=user, status__in=UNDECIDED)
    # Changes of offers need the lock on their lead.
    leads = Lead.objects.filter(pk__in=offers.values("lead")).order_by("pk")
    list(leads.select_for_update(no_key=True).values_list("pk"))
    reason = Reason(SkipReason.LEFT_TEAM)
    cancel_claim_alerts(offers, reason=reason, now=now)
    affected = dict(offers.values_list("pk", "lead_id"))
    offers.update(status=LeadOffer.Status.CANCELLED, settled_at=now, **end_columns(reason))
    reassign_skipped_turns(affected.keys(), now=now)
    fall_back_if_exhausted(affected.values(), now=now)


@receiver(contact_removed)
def cancel_alerts_of_contact(*, contact: Contact, now: datetime, **kwargs: Any) -> None:
    """Cancel the alerts of leads that are about to be removed with their contact."""
    # Locked before the offers, as everywhere.
    list(Lead.objects.filter(contact=contact).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    offers = LeadOffer.objects.filter(lead__contact=contact, status__in=UNDECIDED)
    cancel_claim_alerts(offers, reason=Reason(EndReason.CONTACT_DELETED), now=now)


@receiver(activity_logged)
def record_logged_contact(*, activity: Activity, now: datetime, **kwargs: Any) -> None:
    """Record a first contact when a user logs an activity."""
    logged = Reason(EventCode.CONTACT_LOGGED, {"activity": activity.kind})
    record_first_contacts({(activity.user_id, activity.contact_id): logged}, now=now)


@receiver(messages_settled)
def record_sent_messages(*, messages: Sequence[Message], now: datetime, **kwargs: Any) -> None:
    """Record a first contact when a user texts, emails or calls. Messages of campaigns do not count."""
    contacts = {
        (message.user_id, message.contact_id): Reason(EventCode.CONTACT_MESSAGED, {"channel": message.channel})
        for message in messages
        if message.purpose == Message.Purpose.PERSONAL and message.sent_at and message.user_id and message.contact_id
    }
    if contacts:
        record_first_contacts(contacts, now=now)
