"""Messages to our own users about leads that are theirs."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.conf import settings

from leads.distribution.roster import load_roster
from leads.models import Lead
from leads.notifications.alert_text import Story
from messaging import message_factory, outbox
from messaging.models import Message
from teams.models import Team, User
from teams.visibility import in_ids

POND: Final = "/admin/leads/pondlead/"
MOST_NAMED: Final = 20  # leads in one email

Told = dict[int, list[int]]  # by lead, the ids of the messages about it: for its trace


class News(NamedTuple):
    """What somebody is told, by text and by email."""

    text: str
    subject: str
    email: str


def tell_owner(lead: Lead, *, now: datetime) -> Told:
    """The lead is its owner's: how to reach the person."""
    return tell_of_gifts([(lead, lead.owner_user)], now=now)


class Waiting(NamedTuple):
    """A lead that waits for its owner, with what nobody could or would do."""

    lead: Lead
    is_untold: bool  # nobody could be told of it
    was_had: bool  # somebody had it, and has it no more


def tell_owners(leads: Sequence[Waiting], *, now: datetime) -> Told:
    """Of leads that wait for their owners, and must not lie unseen."""
    return tell_all([(each.lead, each.lead.owner_user, waits_for_you(each)) for each in leads], now=now)


def waits_for_you(waiting: Waiting) -> News:
    story = Story(waiting.lead)
    if waiting.is_untold:
        return News(story.untold_text, story.untold_subject, story.untold_email)
    if waiting.was_had:
        return News(story.lost_text, story.lost_subject, story.lost_email)
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


def tell_of_pond(leads: Sequence[Lead], *, now: datetime, but: Collection[int] = ()) -> Told:
    """These leads are in the ponds of their teams: who could be offered a lead there now hears of it, all in one email.

    By email alone, for a pond is no hurry. `but`: users who need not be told.
    """
    fallen: dict[Team, list[Lead]] = defaultdict(list)
    for lead in leads:
        if lead.team is not None:
            fallen[lead.team].append(lead)
    listeners = {team: set(load_roster(team, now).available_user_ids(now)).difference(but) for team in fallen}
    ids = set().union(*listeners.values())
    users = User.objects.filter(in_ids("pk", ids)).exclude(email="").in_bulk() if ids else {}
    told: Told = {lead.pk: [] for lead in leads}
    sent = [
        (theirs, message_factory.alert_email(users[user_id], *ponded(team, theirs), now))
        for team, theirs in fallen.items()
        for user_id in sorted(listeners[team] & users.keys())
    ]
    outbox.queue_messages([message for _, message in sent], now)
    for theirs, message in sent:
        for lead in theirs:
            told[lead.pk].append(message.pk)
    return told


def ponded(team: Team, leads: Sequence[Lead]) -> tuple[str, str]:
    """Subject and words about leads that any member may take, each no longer than its offer."""
    named = [Story(lead, team.claim_preview).teaser for lead in leads[:MOST_NAMED]]
    pond = f"in the pond of {team.name}"
    subject = f"A lead is {pond}: {named[0]}" if len(leads) == 1 else f"{len(leads)} leads are {pond}"
    more = [f"and {len(leads) - len(named)} more"] if len(leads) > len(named) else []
    listed = "\n".join([*named, *more])
    return subject, (
        f"Nobody has {'this lead' if len(leads) == 1 else 'these leads'}, {pond}. Whoever is first to take one has it."
        f"\n\n{listed}\n\nOpen this page to take one.\n\n{settings.PUBLIC_URL}{POND}"
    )


def tell_all(news: Sequence[tuple[Lead, User, News]], *, now: datetime) -> Told:
    """By email, and by text where the user has a confirmed phone."""
    messages = [(lead.pk, message) for lead, user, what in news for message in messages_of(user, what, now)]
    outbox.queue_messages([message for _, message in messages], now)
    told: Told = {lead.pk: [] for lead, _, _ in news}
    for lead_id, message in messages:  # only now they have ids
        told[lead_id].append(message.pk)
    return told


def messages_of(user: User, news: News, now: datetime) -> Iterator[Message]:
    if user.email:
        yield message_factory.alert_email(user, news.subject, news.email, now)
    if user.confirmed_phone:
        yield message_factory.alert_text(user, news.text, now)
