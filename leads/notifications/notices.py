"""Messages to users about leads they have or own."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.conf import settings

from leads.distribution.roster import load_roster
from leads.models import Lead
from leads.notifications.alert_text import LeadAlertText
from messaging import message_factory, outbox
from messaging.models import Message
from teams.models import Team, User
from teams.visibility import in_ids

POND_PATH: Final = "/admin/leads/pondlead/"
MAX_LEADS_LISTED: Final = 20  # leads in one email

MessageIds = dict[int, list[int]]  # by lead, the ids of the messages about it: for its trace


class Notice(NamedTuple):
    """A notice as text and email."""

    text: str
    subject: str
    email: str


def notify_owner(lead: Lead, *, now: datetime) -> MessageIds:
    """Send the owner of the lead the contact details."""
    return notify_assigned([(lead, lead.owner_user)], now=now)


class UnclaimedLead(NamedTuple):
    """A lead that waits for its owner, with the reason."""

    lead: Lead
    is_without_recipients: bool  # no member could be alerted
    was_claimed: bool  # an agent had it and lost it


def notify_owners(leads: Sequence[UnclaimedLead], *, now: datetime) -> MessageIds:
    """Notify owners of leads that wait for them."""
    return send_notices([(each.lead, each.lead.owner_user, waiting_notice(each)) for each in leads], now=now)


def waiting_notice(waiting: UnclaimedLead) -> Notice:
    story = LeadAlertText(waiting.lead)
    if waiting.is_without_recipients:
        return Notice(story.no_recipients_text, story.no_recipients_subject, story.no_recipients_email)
    if waiting.was_claimed:
        return Notice(story.released_text, story.released_subject, story.released_email)
    return Notice(story.unclaimed_text, story.unclaimed_subject, story.unclaimed_email)


def notify_assigned(assignments: Sequence[tuple[Lead, User]], *, now: datetime) -> MessageIds:
    """Notify each user of a lead that was assigned to them, with the contact details."""
    return send_notices([(lead, user, assigned_notice(LeadAlertText(lead))) for lead, user in assignments], now=now)


def assigned_notice(story: LeadAlertText) -> Notice:
    return Notice(story.assigned_text, story.assigned_subject, story.assigned_email)


def notify_unassigned(lead: Lead, user: User, reason: str, *, now: datetime) -> MessageIds:
    """Notify the user that the lead is no longer theirs."""
    story = LeadAlertText(lead)
    text = f"You no longer have the lead: {story.summary}. {reason}"
    email = f"You no longer have this lead. {reason}\n\n{story.facts}"
    return send_notices([(lead, user, Notice(text, f"You no longer have the lead: {story.summary}", email))], now=now)


def notify_unclaimed(leads: Sequence[tuple[Lead, User]], *, now: datetime) -> MessageIds:
    """Notify the team lead of each lead that is unclaimed for longer than the team allows."""
    return send_notices([(lead, leader, unclaimed_notice(lead, now)) for lead, leader in leads], now=now)


def unclaimed_notice(lead: Lead, now: datetime) -> Notice:
    story = LeadAlertText(lead)
    minutes = int((now - lead.created_at).total_seconds()) // 60
    subject = f"Unclaimed for {minutes} minutes: {story.summary}"
    email = f"This lead was received {minutes} minutes ago and is unclaimed.\n\n{story.details}"
    return Notice(f"{subject}. {story.contact_details}", subject, email)


def notify_pond(leads: Sequence[Lead], *, now: datetime, exclude_user_ids: Collection[int] = ()) -> MessageIds:
    """Notify the members of each team of the leads in its pond, in one email per member.

    Only by email: a pond is not urgent. `exclude_user_ids`: users who need no notice.
    """
    by_team: dict[Team, list[Lead]] = defaultdict(list)
    for lead in leads:
        if lead.team is not None:
            by_team[lead.team].append(lead)
    recipients = {
        team: set(load_roster(team, now).available_user_ids(now)).difference(exclude_user_ids) for team in by_team
    }
    ids = set().union(*recipients.values())
    users = User.objects.filter(in_ids("pk", ids)).exclude(email="").in_bulk() if ids else {}
    message_ids: MessageIds = {lead.pk: [] for lead in leads}
    sent = [
        (team_leads, message_factory.alert_email(users[user_id], *pond_notice(team, team_leads), now))
        for team, team_leads in by_team.items()
        for user_id in sorted(recipients[team] & users.keys())
    ]
    outbox.queue_messages([message for _, message in sent], now)
    for team_leads, message in sent:
        for lead in team_leads:
            message_ids[lead.pk].append(message.pk)
    return message_ids


def pond_notice(team: Team, leads: Sequence[Lead]) -> tuple[str, str]:
    """Return subject and body about leads in a pond. Each lead is described as in an offer."""
    lines = [LeadAlertText(lead, team.claim_preview).preview_line for lead in leads[:MAX_LEADS_LISTED]]
    place = f"in the pond of {team.name}"
    subject = f"A lead is {place}: {lines[0]}" if len(leads) == 1 else f"{len(leads)} leads are {place}"
    more = [f"and {len(leads) - len(lines)} more"] if len(leads) > len(lines) else []
    listed = "\n".join([*lines, *more])
    return subject, (
        f"{'This lead is' if len(leads) == 1 else 'These leads are'} unclaimed, {place}. "
        f"The first to claim one gets it.\n\n{listed}\n\n"
        f"Open this page to claim one.\n\n{settings.PUBLIC_URL}{POND_PATH}"
    )


def send_notices(notices: Sequence[tuple[Lead, User, Notice]], *, now: datetime) -> MessageIds:
    """Send the notices by email, and by text to confirmed phones. Return the message ids by lead id."""
    messages = [(lead.pk, message) for lead, user, notice in notices for message in notice_messages(user, notice, now)]
    outbox.queue_messages([message for _, message in messages], now)
    message_ids: MessageIds = {lead.pk: [] for lead, _, _ in notices}
    for lead_id, message in messages:  # only now they have ids
        message_ids[lead_id].append(message.pk)
    return message_ids


def notice_messages(user: User, notice: Notice, now: datetime) -> Iterator[Message]:
    if user.email:
        yield message_factory.alert_email(user, notice.subject, notice.email, now)
    if user.confirmed_phone:
        yield message_factory.alert_text(user, notice.text, now)
