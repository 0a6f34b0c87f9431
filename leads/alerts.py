"""Messages to our own users about leads that are theirs."""

from datetime import datetime

from leads.models import Lead
from leads.wording import Story
from messaging import drafts, outbox
from teams.models import User


def tell_owner(lead: Lead, *, now: datetime) -> None:
    """The lead is its owner's: how to reach the person."""
    story = Story(lead)
    tell(lead.owner_user, story.given_text, story.given_subject, story.given_email, now=now)


def tell_owner_of_nobody(lead: Lead, *, now: datetime) -> None:
    """The lead was to be offered to a team in which nobody can be told: it must not lie unseen."""
    story = Story(lead)
    tell(lead.owner_user, story.untold_text, story.untold_subject, story.untold_email, now=now)


def tell_owner_of_no_claim(lead: Lead, *, now: datetime) -> None:
    """Everybody was told, nobody claimed, and there is no fallback: it must not lie unseen."""
    story = Story(lead)
    tell(lead.owner_user, story.unclaimed_text, story.unclaimed_subject, story.unclaimed_email, now=now)


def tell_of_gift(lead: Lead, user: User, *, now: datetime) -> None:
    """The lead was given to this user: how to reach the person."""
    story = Story(lead)
    tell(user, story.given_text, story.given_subject, story.given_email, now=now)


def tell(user: User, text: str, subject: str, email: str, *, now: datetime) -> None:
    """By email, and by text where the user has a phone."""
    messages = [drafts.alert_email(user, subject, email, now)] if user.email else []
    if user.phone_e164:
        messages.append(drafts.alert_text(user, text, now))
    outbox.queue_messages(messages, now)
