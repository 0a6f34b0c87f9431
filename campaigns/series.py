"""Tasks that recur: each next one is made when the one before is out of the way, and bears the rule from then on."""

from datetime import datetime
from typing import Final

from campaigns import reminders
from campaigns.models import Task
from campaigns.recurrence import next_occurrence

REPEATED: Final = (  # what an occurrence takes over from the one before it
    "owner_user",
    "contact",
    "campaign_contact",
    "action_type",
    "reminder_type",
    "description",
    "notes",
    "is_all_day",
    "is_important",
    "is_public",
    "assigned_user",
    "category",
    "folder",
    "recurrence",
    "recurs_from",
    "series",
)


def pass_on(task: Task, now: datetime) -> None:
    """Make the next occurrence and hand the rule on to it, so that doing this twice makes no second one.

    Occurrences missed meanwhile are left out: nobody makes up for five weekly calls at once. The caller saves `task`.
    """
    if not task.recurrence:
        return
    task.series = task.series or task.pk
    task.occurs_at = task.occurs_at or task.due_at or now
    zone = (task.assigned_user or task.owner_user).zone
    at = next_occurrence(task.recurrence, task.recurs_from or task.occurs_at, max(task.occurs_at, now), zone)
    if at is not None:
        carried = {name: getattr(task, name) for name in REPEATED}
        following = Task(**carried, due_at=at, occurs_at=at, created_at=now, modified_at=now)
        reminders.plan(following, now)
        following.save()
    task.recurrence = ""
