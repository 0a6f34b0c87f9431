"""The alerts of due offers: a text, an email and a call for each member, with reply numbers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from leads.jobs.due_offers import DueOffer
from leads.models import LeadOffer
from leads.notifications.alert_text import LeadAlertText
from leads.notifications.claim_links import claim_link
from leads.notifications.reply_codes import ReplyCodes, lock_reply_codes
from messaging import message_factory, outbox
from messaging.models import Message
from teams.eligibility import EMAIL, TEXT

Status = LeadOffer.Status

Alert = tuple[DueOffer, str, Message]  # offer, its column for the message id, message


def queue_alerts(offers: Sequence[DueOffer], now: datetime) -> None:
    """Build the alerts with their reply numbers, and queue them in the outbox."""
    texted = [offer for offer in offers if offer.status == Status.SENT and uses_text(offer)]
    numbers = lock_reply_codes({offer.confirmed_phone for offer in texted})
    texts = {offer.lead_id: LeadAlertText(offer.lead, offer.preview) for offer in offers}
    alerts = [alert for offer in offers for alert in build_alerts(offer, texts[offer.lead_id], numbers, now)]
    outbox.queue_messages([message for _, _, message in alerts], now)
    for offer, name, message in alerts:
        setattr(offer, name, message.pk)


def build_alerts(
    offer: DueOffer, lead_text: LeadAlertText, numbers: Mapping[str, ReplyCodes], now: datetime
) -> Iterator[Alert]:
    """Build the alerts of one member, for each enabled channel."""
    if offer.status == Status.SENT:
        yield from claim_alerts(offer, lead_text, numbers, now)
    elif offer.status == Status.CLAIMED:
        yield from assignment_alerts(offer, lead_text, now)


def claim_alerts(
    offer: DueOffer, lead_text: LeadAlertText, numbers: Mapping[str, ReplyCodes], now: datetime
) -> Iterator[Alert]:
    """Build alerts that ask for a claim."""
    user = offer.user
    if uses_text(offer):
        offer.reply_number, offer.reply_phone = next(numbers[offer.confirmed_phone]), offer.confirmed_phone
        text = lead_text.offer_text(offer.reply_number, claim_link(offer.id, TEXT))
        yield offer, "alert_text_id", message_factory.alert_text(user, text, now)
    if uses_email(offer):
        body = lead_text.offer_email(offer.reply_number, claim_link(offer.id, EMAIL))
        yield offer, "alert_email_id", message_factory.alert_email(user, lead_text.offer_subject, body, now)
    if uses_call(offer):
        yield offer, "alert_call_id", message_factory.alert_call(user, lead_text.offer_call, now)


def assignment_alerts(offer: DueOffer, lead_text: LeadAlertText, now: datetime) -> Iterator[Alert]:
    """Build alerts that the lead is assigned to the member."""
    user = offer.user
    if uses_text(offer):
        yield offer, "alert_text_id", message_factory.alert_text(user, lead_text.assigned_text, now)
    if uses_email(offer):
        yield (
            offer,
            "alert_email_id",
            message_factory.alert_email(user, lead_text.assigned_subject, lead_text.assigned_email, now),
        )
    if uses_call(offer):
        yield offer, "alert_call_id", message_factory.alert_call(user, lead_text.assigned_call, now)


def uses_text(offer: DueOffer) -> bool:
    return bool(offer.has_text_alert and offer.confirmed_phone)


def uses_email(offer: DueOffer) -> bool:
    return bool(offer.has_email_alert and offer.user.email)


def uses_call(offer: DueOffer) -> bool:
    return bool(offer.has_call_alert and offer.confirmed_phone)
