"""Birthday actions of campaigns: the next birthday of each enrollment is a row. A job of `settings.ENGINES`.

The action is read on the day itself, so that a changed template or time applies from then on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from campaigns import schedule
from campaigns.jobs import reminders
from campaigns.models import (
    COMMUNICATIONS,
    Birthday,
    CampaignAction,
    CampaignContact,
    ContactCommunication,
    Task,
)
from campaigns.reasons import ScheduleReason
from core.reasons import Reason
from core.scheduler import Job, trigger
from crm.models import Contact
from teams.models import User

BATCH: Final = 200

JOB: Final = Job("campaigns.birthdays", Birthday)
JOBS: Final = (JOB,)

TOO_LATE: Final = timedelta(days=1)  # after an outage: a birthday is not congratulated a week late

UNKNOWN: Final = Reason(ScheduleReason.BIRTHDAY_UNKNOWN)
GONE_BY: Final = Reason(ScheduleReason.BIRTHDAY_PAST)

# As in campaigns.jobs.send_communications: contacts that are being removed are passed over.
CLAIM: Final = """
SELECT birthday.id
FROM campaigns_birthday birthday
JOIN campaigns_campaigncontact enrolment ON enrolment.id = birthday.campaign_contact_id
JOIN crm_contact contact ON contact.id = enrolment.contact_id
WHERE birthday.is_open AND birthday.due_at <= %s
AND birthday.id NOT IN (SELECT row_id FROM operations_parkedrow WHERE job = %s AND is_parked)
ORDER BY birthday.due_at, birthday.id
LIMIT %s
FOR UPDATE OF birthday SKIP LOCKED
FOR KEY SHARE OF contact SKIP LOCKED
"""


def plan(
    actions: Sequence[CampaignAction],
    enrolments: Sequence[CampaignContact],
    contacts: Mapping[int, Contact],
    zones: Mapping[int, str],
    now: datetime,
) -> None:
    """Plan the first birthday of each new enrollment for each of these birthday actions.

    `zones`: the time zones of the agents who work with the contacts, by user.

    A communication that cannot be planned is listed with its reason, as is one whose date has passed.
    """
    if not actions:
        return
    planned = []
    for enrolment in enrolments:
        contact = contacts[enrolment.contact_id]
        for action in actions:
            zone = action.chosen_user.zone if action.chosen_user else ZoneInfo(zones[contact.worker_id])
            birthday = Birthday(campaign_contact=enrolment, action=action)
            _set(birthday, contact, zone, now)
            planned.append(birthday)
    Birthday.objects.bulk_create(planned)
    ContactCommunication.objects.bulk_create(
        _communication(birthday, contacts[birthday.campaign_contact.contact_id].worker_id, now)
        for birthday in planned
        if birthday.due_at is None and birthday.action.type in COMMUNICATIONS
    )


def follow(action: CampaignAction, now: datetime) -> None:
    """An action was changed: recompute its birthdays, or end them."""
    if action.trigger_type == schedule.ON_BIRTHDAY:
        replan(Birthday.objects.filter(action=action), now)
    else:
        Birthday.objects.filter(action=action, is_open=True).delete()


@transaction.atomic
def replan(birthdays: QuerySet[Birthday], now: datetime) -> None:
    """Recompute the next of `birthdays`. A year in which one ran gets no second one."""
    open_ones = birthdays.filter(is_open=True, campaign_contact__ended_at=None).order_by("pk")
    waiting = _complete(open_ones.select_for_update(of=("self",)))
    for birthday in waiting:
        contact = birthday.campaign_contact.contact
        ran_in: int | None = birthday.ran_in  # type: ignore[attr-defined]
        _set(birthday, contact, _sender(birthday, contact).zone, now, ran_in)
    Birthday.objects.bulk_update(waiting, ["year", "due_at", "code", "details"], batch_size=1000)


def next_due_at() -> datetime | None:
    """When the next birthday is."""
    waiting = JOB.without_parked(Birthday.objects.filter(is_open=True, due_at__isnull=False))
    return waiting.order_by("due_at", "id").values_list("due_at", flat=True).first()


def run_due(now: datetime) -> int:
    """Run the actions of all birthdays that are due."""
    return JOB.run_all(claim, keep, now)


def claim(now: datetime) -> Sequence[int]:
    """Lock some due birthdays, with their contacts."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [now, JOB.name, BATCH])
        return [pk for (pk,) in cursor.fetchall()]


def keep(ids: Sequence[int], now: datetime) -> int:
    """Do what these birthdays ask for, and plan the next of each."""
    kept = _complete(Birthday.objects.filter(pk__in=ids).order_by("due_at", "pk"))
    communications, tasks, following = [], [], []
    for birthday in kept:
        contact = birthday.campaign_contact.contact
        sender = _sender(birthday, contact)
        birthday.is_open = False
        birthday.set_reason(GONE_BY if birthday.due_at and now - birthday.due_at > TOO_LATE else None)
        if birthday.action.type in COMMUNICATIONS:
            communications.append(_communication(birthday, sender.pk, now))
        elif not birthday.code:
            tasks.append(_task(birthday, contact, sender, now))
        following.append(_next_of(birthday, contact, sender.zone, now))
    ContactCommunication.objects.bulk_create(communications)
    Task.objects.bulk_create(tasks)
    Birthday.objects.bulk_update(kept, ["is_open", "code", "details"])
    Birthday.objects.bulk_create(following)
    if communications:
        trigger("campaigns.jobs.send_communications")
    return len(kept)


def _complete(birthdays: QuerySet[Birthday]) -> list[Birthday]:
    """With all that they are about, and `ran_in`: the last year in which the action ran for this enrolment."""
    before = Birthday.objects.filter(
        campaign_contact=OuterRef("campaign_contact"), action=OuterRef("action"), is_open=False
    )
    contact = "campaign_contact__contact"
    return list(
        birthdays.annotate(ran_in=Subquery(before.order_by("-year").values("year")[:1])).select_related(
            "action__assigned_user", f"{contact}__owner_user", f"{contact}__assigned_user"
        )
    )


def _sender(birthday: Birthday, contact: Contact) -> User:
    return birthday.action.chosen_user or contact.assigned_user or contact.owner_user


def _set(birthday: Birthday, contact: Contact, zone: ZoneInfo, now: datetime, ran_in: int | None = None) -> None:
    """Set the contact's next birthday, or the reason why it is unknown."""
    birthday.year = birthday.due_at = None
    text = contact.birthday.strip()
    if born := schedule.month_and_day(text):
        birthday.year, birthday.due_at = schedule.next_birthday(birthday.action.timing, born, now, zone, ran_in)
        birthday.set_reason(None)
    else:
        unreadable = Reason(ScheduleReason.BIRTHDAY_UNREADABLE, {"birthday": text})
        birthday.set_reason(unreadable if text else UNKNOWN)


def _next_of(birthday: Birthday, contact: Contact, zone: ZoneInfo, now: datetime) -> Birthday:
    following = Birthday(campaign_contact=birthday.campaign_contact, action=birthday.action)
    _set(following, contact, zone, now, birthday.year)
    return following


def _communication(birthday: Birthday, sender_id: int, now: datetime) -> ContactCommunication:
    """Return the message to the contact on this day; None if the birthday has a reason against it."""
    action = birthday.action
    return ContactCommunication(
        campaign_contact=birthday.campaign_contact,
        type=action.type,
        template_id=action.template_id,
        notes=action.notes,
        is_stopped_on_text_reply=action.is_stopped_on_text_reply,
        send_from_user_id=action.chosen_user.pk if action.chosen_user else sender_id,
        is_sender_chosen=action.chosen_user is not None,
        send_at=birthday.due_at or now,
        is_active=not birthday.code,
        code=birthday.code,
        details=birthday.details,
    )


def _task(birthday: Birthday, contact: Contact, agent: User, now: datetime) -> Task:
    task = Task(
        owner_user_id=birthday.campaign_contact.started_by_id,
        contact=contact,
        campaign_contact=birthday.campaign_contact,
        action_type=birthday.action.type,
        reminder_type=birthday.action.type,
        description=birthday.action.task_description,
        due_at=birthday.due_at,
        assigned_user=agent,
        created_at=now,
        modified_at=now,
    )
    reminders.plan(task, now)
    return task
