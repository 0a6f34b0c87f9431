"""Filling a template's words for one contact and one sender (the syntax: messaging.fill)."""

from crm.models import Contact
from messaging import fill as merge
from messaging.fill import Unfilled
from teams.models import User

__all__ = ["Unfilled", "fill"]


def fill(text: str, contact: Contact, sender: User) -> str:
    """The text with its merge fields filled; raises `Unfilled` where one is empty and nothing stands in for it."""
    return merge.fill(text, values(contact, sender))


def values(contact: Contact, sender: User) -> dict[str, str]:
    """What each merge field says about these two; the names are those of `messaging.fill.FIELDS`."""
    return {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "full_name": f"{contact.first_name} {contact.last_name}",
        "email": contact.email,
        "mobile_phone": contact.mobile_phone,
        "home_phone": contact.home_phone,
        "office_phone": contact.office_phone,
        "company": contact.company,
        "agent_first_name": sender.first_name,
        "agent_last_name": sender.last_name,
        "agent_full_name": sender.get_full_name(),
        "agent_email": sender.email,
        "agent_phone": sender.phone or sender.system_phone,
    }
