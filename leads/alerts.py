"""Messages to our own users about leads that are theirs."""

from datetime import datetime

from leads import wording
from leads.models import Lead
from messaging import drafts, outbox
from teams.models import User


def tell_owner(lead: Lead, *, now: datetime) -> None:
    """The lead is its owner's: how to reach the person."""
    tell(lead.owner_user, wording.given_text(lead), wording.given_subject(lead), wording.given_email(lead), now=now)


def tell_owner_of_nobody(lead: Lead, *, now: datetime) -> None:
    """The lead was to be offered to a team in which nobody can be told: it must not lie unseen."""
    tell(lead.owner_user, wording.untold_text(lead), wording.untold_subject(lead), wording.untold_email(lead), now=now)


def tell(user: User, text: str, subject: str, email: str, *, now: datetime) -> None:
    """By email, and by text where the user has a phone."""
    messages = [drafts.alert_email(user, subject, email, now)] if user.email else []
    if user.phone_e164:
        messages.append(drafts.alert_text(user, text, now))
    outbox.queue_messages(messages, now)
