"""What an agent does with tasks: completes, re-opens or removes them; a recurring one leads to its next."""

from datetime import datetime
from typing import Final

from campaigns.models import Task
from campaigns.recurrence import next_occurrence
from config.errors import NotAllowed
from teams.models import User

Status = Task.Status

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
)


def mark(task: Task, status: str, *, by: User, now: datetime) -> None:
    """Set a task's status, and what follows from it. The caller holds the task's row."""
    if status == task.status:
        return
    if status == Status.DELETED and not task.may_be_removed_by(by):
        raise NotAllowed("Only its owner removes a task.")
    task.status = status
    if status != Status.DELETED:
        task.completed_at, task.completing_user = (now, by) if status == Status.COMPLETE else (None, None)
    if status == Status.COMPLETE and task.recurrence:
        _repeat(task, now)
    task.modified_at = now
    task.save()


def _repeat(task: Task, now: datetime) -> None:
    """Make the next occurrence. The rule moves to it, so that completing this task once more makes no second one.

    Occurrences missed meanwhile are left out: nobody makes up for five weekly calls at once.
    """
    zone = (task.assigned_user or task.owner_user).zone
    after = max(task.due_at or now, now)
    at = next_occurrence(task.recurrence, task.recurs_from or after, after, zone)
    if at is not None:
        carried = {name: getattr(task, name) for name in REPEATED}
        Task.objects.create(**carried, due_at=at, created_at=now, modified_at=now)
    task.recurrence = ""
