"""News from below that concerns campaigns."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from campaigns import senders
from campaigns.communications import CONTACT_REMOVED, settle, stop, stop_on_reply
from campaigns.jobs import birthdays
from campaigns.models import Birthday, CampaignContact
from crm.models import Contact
from crm.signals import contact_changed, contact_removed
from messaging.models import Message
from messaging.signals import messages_settled, text_received
from teams.visibility import in_ids


@receiver(messages_settled)
def close_communications(sender: object, *, messages: Sequence[Message], **news: Any) -> None:
    settle(messages)


@receiver(text_received)
def stop_texts(sender: object, *, message: Message, contact: Contact, now: datetime, **news: Any) -> None:
    stop_on_reply(contact, number=message.sender, agent=message.user, now=now)


@receiver(contact_changed)
def keep_birthdays(
    sender: object, *, contacts: Iterable[Contact], changes: Collection[str], now: datetime, **news: Any
) -> None:
    """Another birthday, or another agent, in whose time zone it is kept. Most contacts of new leads have none."""
    if not {"birthday", "assigned_user"} & set(changes):
        return
    if moved := [contact.pk for contact in contacts if "birthday" in changes or contact.birthday]:
        birthdays.replan(Birthday.objects.filter(in_ids("campaign_contact__contact_id", moved)), now)


@receiver(contact_changed)
def change_senders(
    sender: object, *, contacts: Iterable[Contact], changes: Collection[str], now: datetime, **news: Any
) -> None:
    """Another agent works with these contacts, and becomes the sender of pending communications."""
    if "assigned_user" in changes:
        senders.follow_contacts([contact.pk for contact in contacts], now=now)


@receiver(contact_removed)
def stop_everything(sender: object, *, contact: Contact, now: datetime, **news: Any) -> None:
    """All of it is about to go; stopped first, it is held in the order in which others hold it."""
    stop(CampaignContact.objects.filter(contact=contact), reason=CONTACT_REMOVED, now=now)
