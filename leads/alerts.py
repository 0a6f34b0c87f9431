"""Messages to our own users about leads that are theirs."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from leads.models import Lead
from leads.wording import Story
from messaging import drafts, outbox
from messaging.models import Message
from teams.models import User

Told = dict[int, list[int]]  # by lead, the ids of the messages about it: for its trace


class News(NamedTuple):
    """What somebody is told, by text and by email."""

    text: str
    subject: str
    email: str


def tell_owner(lead: Lead, *, now: datetime) -> Told:
    """The lead is its owner's: how to reach the person."""
    return tell_of_gifts([(lead, lead.owner_user)], now=now)


def tell_owners(leads: Sequence[tuple[Lead, bool]], *, now: datetime) -> Told:
    """Of leads that wait for their owners, and must not lie unseen; with each, whether nobody could be told of it."""
    return tell_all([(lead, lead.owner_user, waiting(Story(lead), is_untold=no)) for lead, no in leads], now=now)


def waiting(story: Story, *, is_untold: bool) -> News:
    if is_untold:
        return News(story.untold_text, story.untold_subject, story.untold_email)
    return News(story.unclaimed_text, story.unclaimed_subject, story.unclaimed_email)


def tell_of_gifts(gifts: Sequence[tuple[Lead, User]], *, now: datetime) -> Told:
    """Each lead was given to this user: how to reach the person."""
    return tell_all([(lead, user, given(Story(lead))) for lead, user in gifts], now=now)


def given(story: Story) -> News:
    return News(story.given_text, story.given_subject, story.given_email)


def tell_of_loss(lead: Lead, user: User, reason: str, *, now: datetime) -> Told:
    """The lead, which was this user's, is theirs no more."""
    story = Story(lead)
    text = f"The lead is yours no more: {story.summary}. {reason}"
    email = f"This lead is yours no more. {reason}\n\n{story.facts}"
    return tell_all([(lead, user, News(text, f"The lead is yours no more: {story.summary}", email))], now=now)


def tell_of_delay(leads: Sequence[tuple[Lead, User]], *, now: datetime) -> Told:
    """Each lead has lain unclaimed for longer than its team allows: whoever leads that is to do something."""
    return tell_all([(lead, leader, unclaimed_for_long(lead, now)) for lead, leader in leads], now=now)


def unclaimed_for_long(lead: Lead, now: datetime) -> News:
    story = Story(lead)
    minutes = int((now - lead.created_at).total_seconds()) // 60
    subject = f"Unclaimed for {minutes} minutes: {story.summary}"
    email = f"Nobody has claimed this lead, which came in {minutes} minutes ago.\n\n{story.details}"
    return News(f"{subject}. {story.reach}", subject, email)


def tell_all(news: Sequence[tuple[Lead, User, News]], *, now: datetime) -> Told:
    """By email, and by text where the user has a phone."""
    messages = [(lead.pk, message) for lead, user, what in news for message in messages_of(user, what, now)]
    outbox.queue_messages([message for _, message in messages], now)
    told: Told = {lead.pk: [] for lead, _, _ in news}
    for lead_id, message in messages:  # only now they have ids
        told[lead_id].append(message.pk)
    return told


def messages_of(user: User, news: News, now: datetime) -> Iterator[Message]:
    if user.email:
        yield drafts.alert_email(user, news.subject, news.email, now)
    if user.phone_e164:
        yield drafts.alert_text(user, news.text, now)
