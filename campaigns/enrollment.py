"""Enrolls contacts in a campaign: all steps are planned immediately.

A plan is small: one step per action and per time zone of the contacts' agents. The database multiplies it by the
contacts, so ten thousand of them cost as many statements as one.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from campaigns import schedule
from campaigns.communications import stop
from campaigns.jobs import birthdays
from campaigns.models import (
    COMMUNICATIONS,
    REMINDED_BY,
    Birthday,
    Campaign,
    CampaignAction,
    CampaignContact,
    ContactCommunication,
    Task,
)
from campaigns.reasons import StopReason
from core.db.reason_columns import reason_columns
from core.reasons import Reason
from core.scheduler import trigger
from crm.models import Contact
from teams.models import User

# A finished enrollment counts for a day: a second request for a campaign of one immediate text, such as a program that
# starts the campaign that a route has already started, must not send it twice.
RE_ENTRY_AFTER: Final = timedelta(days=1)

FINISHED: Final = Reason(StopReason.FINISHED)
CAMPAIGN_DELETED: Final = Reason(StopReason.CAMPAIGN_DELETED)

# Of two requests that enroll one contact, the second waits here for the first, and then does nothing. Contacts are
# locked before their records, as in a removal, so that a removed contact is not enrolled. They are locked in order, so
# that two overlapping groups cannot deadlock.
BEGIN: Final = """
INSERT INTO campaigns_campaigncontact (campaign_id, contact_id, started_by_id, started_at, campaign_name, end_code)
SELECT %s, id, %s, %s, '', '' FROM crm_contact WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE
ON CONFLICT (contact_id, campaign_id) WHERE ended_at IS NULL DO NOTHING
RETURNING id, campaign_id, campaign_name, contact_id, started_by_id, started_at, ended_at, end_code, end_details
"""

PLAN_COMMUNICATIONS: Final = """
INSERT INTO campaigns_contactcommunication
    (campaign_contact_id, type, template_id, notes, is_stopped_on_text_reply, send_from_user_id, is_sender_chosen,
    send_at, is_active, code, details)
SELECT enrolment.id, type, template_id, notes, is_stopped, COALESCE(assigned_user_id, worker_id),
    assigned_user_id IS NOT NULL, send_at, is_active, code, details::jsonb
FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::text[]) AS enrolment (id, contact_id, worker_id, zone)
JOIN unnest(%b::text[], %b::text[], %b::bigint[], %b::text[], %b::boolean[], %b::bigint[], %b::timestamptz[],
    %b::boolean[], %b::text[], %b::text[]) WITH ORDINALITY
    AS step (zone, type, template_id, notes, is_stopped, assigned_user_id, send_at, is_active, code, details,
    position)
    USING (zone)
ORDER BY enrolment.id, position
"""

PLAN_TASKS: Final = """
INSERT INTO campaigns_task
    (owner_user_id, contact_id, campaign_contact_id, action_type, reminder_type, status, due_at, description, notes,
    is_all_day, is_important, is_public, assigned_user_id, recurrence, recurs_from, remind_at, created_at,
    modified_at)
SELECT %s, contact_id, enrolment.id, type, type, 'incomplete', due_at, description, '',
    false, false, false, COALESCE(assigned_user_id, worker_id), recurrence, recurs_from, remind_at, %s,
    %s
FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::text[]) AS enrolment (id, contact_id, worker_id, zone)
JOIN unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::timestamptz[], %b::text[], %b::timestamptz[],
    %b::timestamptz[]) WITH ORDINALITY
    AS step (zone, type, description, assigned_user_id, due_at, recurrence, recurs_from, remind_at, position)
    USING (zone)
ORDER BY enrolment.id, position
"""


@dataclass(frozen=True, slots=True)
class Step:
    """What one action becomes for the contacts whose worker lives in `zone`."""

    zone: str
    action: CampaignAction
    planned: schedule.Planned

    @property
    def is_communication(self) -> bool:
        return self.action.type in COMMUNICATIONS

    def as_communication(self) -> tuple[Any, ...]:
        """The step's line of PLAN_COMMUNICATIONS. What came too late is written down as well, with the reason."""
        action, at, reason = self.action, self.planned.at, reason_columns(self.planned.reason)
        return (
            self.zone,
            action.type,
            action.template_id,
            action.notes,
            action.is_stopped_on_text_reply,
            user.pk if (user := action.chosen_user) else None,
            at or action.dispatch_datetime,
            at is not None,
            reason["code"],
            json.dumps(reason["details"]),
        )

    def as_task(self, start: datetime) -> tuple[Any, ...]:
        """The step's line of PLAN_TASKS."""
        action = self.action
        recurs = action.timing_type == CampaignAction.TimingType.RECURRING
        return (
            self.zone,
            action.type,
            action.task_description,
            user.pk if (user := action.chosen_user) else None,
            self.planned.at,
            (action.recurrence or "") if recurs else "",
            start if recurs else None,
            self.planned.at if action.type in REMINDED_BY else None,
        )


def enroll(*, campaign: Campaign, contact: Contact, started_by: User, now: datetime) -> tuple[CampaignContact, bool]:
    """Return the contact's enrollment in the campaign, and whether it is new. An existing one is not repeated."""
    with transaction.atomic(savepoint=False):
        if made := enroll_many(campaign=campaign, contacts=[contact], started_by=started_by, now=now):
            return made[0], True
        return CampaignContact.objects.get(campaign=campaign, contact=contact, ended_at=None), False


@transaction.atomic(savepoint=False)
def enroll_many(
    *, campaign: Campaign, contacts: Iterable[Contact], started_by: User, now: datetime
) -> list[CampaignContact]:
    """Enroll those of `contacts` that are not in the campaign yet. Return their enrollments.

    The sender of an action is the user it names, otherwise the agent who works with the contact (campaigns.senders).
    """
    contacts = list(contacts)
    workers = {contact.pk: contact.worker_id for contact in contacts}
    enrolments = _begin(campaign, workers, started_by, now)
    standing = workers.keys() - {enrolment.contact_id for enrolment in enrolments}
    if standing and _end_finished(campaign, standing, now):
        enrolments += _begin(campaign, standing, started_by, now)
    if not enrolments:
        return []
    zones = _zones_of(set(workers.values()), started_by)
    actions = list(campaign.actions.select_related("assigned_user"))
    on_start = [action for action in actions if action.trigger_type == schedule.ON_START]
    on_birthday = [action for action in actions if action.trigger_type == schedule.ON_BIRTHDAY]
    steps = [step for zone in sorted(set(zones.values())) for step in _steps(on_start, zone, now)]
    beginnings = [(e.pk, e.contact_id, workers[e.contact_id], zones[workers[e.contact_id]]) for e in enrolments]
    _write_communications(beginnings, [step for step in steps if step.is_communication], now)
    _write_tasks(beginnings, [step for step in steps if not step.is_communication], started_by, now)
    birthdays.plan(on_birthday, enrolments, {contact.pk: contact for contact in contacts}, zones, now)
    return enrolments


def _zones_of(user_ids: Collection[int], started_by: User) -> dict[int, str]:
    """The time zones of these users by id, without a query where it is the user at hand alone."""
    if user_ids == {started_by.pk}:
        return {started_by.pk: started_by.timezone}
    return dict(User.objects.filter(pk__in=user_ids).values_list("pk", "timezone"))


def stop_all(campaign: Campaign, *, now: datetime) -> None:
    """Stop every enrolment of a campaign that is about to be deleted, and all that it has still to come."""
    enrolments = CampaignContact.objects.filter(campaign=campaign)
    stop(enrolments, reason=CAMPAIGN_DELETED, now=now)
    tasks = Task.objects.filter(campaign_contact__in=enrolments, status=Task.Status.INCOMPLETE)
    tasks.update(status=Task.Status.DELETED, remind_at=None, modified_at=now)
    enrolments.filter(ended_at=None).update(ended_at=now, end_code=CAMPAIGN_DELETED.code)
    enrolments.update(campaign_name=campaign.name)


def _begin(campaign: Campaign, contact_ids: Iterable[int], started_by: User, now: datetime) -> list[CampaignContact]:
    """Return new enrollments for those of the contacts that are not in the campaign."""
    return list(CampaignContact.objects.raw(BEGIN, [campaign.pk, started_by.pk, now, list(contact_ids)]))


def _end_finished(campaign: Campaign, contact_ids: Collection[int], now: datetime) -> int:
    """Close those of the contacts' enrolments that have run their course, so that they may enter again."""
    standing = CampaignContact.objects.filter(campaign=campaign, ended_at=None).of_contacts(contact_ids)
    over = standing.filter(_is_finished(now), started_at__lte=now - RE_ENTRY_AFTER)
    return over.update(ended_at=now, end_code=FINISHED.code)


def _is_finished(now: datetime) -> Q:
    """Return enrollments without anything pending: no communication, birthday, future task or recurring task.

    An overdue task is up to its agent, and does not keep a campaign active.
    """
    of_it = Q(campaign_contact=OuterRef("pk"))
    communications = ContactCommunication.objects.filter(of_it, is_active=True)
    tasks = Task.objects.filter(of_it, Q(due_at__gt=now) | ~Q(recurrence=""), status=Task.Status.INCOMPLETE)
    to_keep = Birthday.objects.filter(of_it, is_open=True, due_at__isnull=False)
    return Q(~Exists(communications), ~Exists(tasks), ~Exists(to_keep))


def _steps(actions: Sequence[CampaignAction], zone: str, now: datetime) -> list[Step]:
    """What the actions become where `zone` is the worker's, each in the zone of its sender."""
    chosen = {action.pk: user.zone for action in actions if (user := action.chosen_user)}
    workers_zone = ZoneInfo(zone)
    planned = schedule.plan(
        [action.timing for action in actions], now, lambda timing: chosen.get(timing.id, workers_zone)
    )
    return [Step(zone, action, plan) for action, plan in zip(actions, planned, strict=True)]


def _write_communications(beginnings: Sequence[tuple[Any, ...]], steps: Sequence[Step], now: datetime) -> None:
    if not steps:
        return
    lines = [step.as_communication() for step in steps]
    with connection.cursor() as cursor:
        cursor.execute(PLAN_COMMUNICATIONS, [*_columns(beginnings), *_columns(lines)])
    if any(step.planned.at is not None and step.planned.at <= now for step in steps):
        trigger("campaigns.jobs.send_communications")


def _write_tasks(beginnings: Sequence[tuple[Any, ...]], steps: Sequence[Step], owner: User, now: datetime) -> None:
    """Tasks belong to who started the campaign. A date gone by leaves none: there is nothing to remind of."""
    lines = [step.as_task(now) for step in steps if step.planned.at is not None]
    if not lines:
        return
    with connection.cursor() as cursor:
        cursor.execute(PLAN_TASKS, [owner.pk, now, now, *_columns(beginnings), *_columns(lines)])


def _columns(lines: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Lines turned into the arrays that `unnest` takes."""
    return [list(column) for column in zip(*lines, strict=True)]
