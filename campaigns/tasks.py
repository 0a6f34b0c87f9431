"""What an agent does with tasks: writes them down, completes, re-opens or removes them."""

from datetime import datetime

from campaigns import recurring_tasks
from campaigns.jobs import reminders
from campaigns.models import Task
from core.errors import NotAllowed
from teams.models import User

Status = Task.Status


def follow_up(task: Task, status: str | None, *, by: User, now: datetime) -> None:
    """What follows from writing a task: its status changes, if one was given, and its reminder is planned."""
    if status and status != task.status:
        mark(task, status, by=by, now=now)
    else:
        reminders.plan(task, now)
        task.save(update_fields=["remind_at"])


def mark(task: Task, status: str, *, by: User, now: datetime) -> None:
    """Set a task's status, and what follows from it. The caller holds the task's row."""
    if status == task.status:
        return
    if status == Status.DELETED and not task.may_be_removed_by(by):
        raise NotAllowed("Only its owner removes a task.")
    task.status = status
    if status != Status.DELETED:
        task.completed_at, task.completing_user = (now, by) if status == Status.COMPLETE else (None, None)
    if status == Status.COMPLETE:
        recurring_tasks.pass_on(task, now)
    reminders.plan(task, now)
    task.modified_at = now
    task.save()


def remove(task: Task, scope: int, *, by: User, now: datetime) -> None:
    """Remove a task: only this one (its series continues), or with the following ones, or the whole series."""
    recurring_tasks.leave(task, scope, now=now)
    mark(task, Status.DELETED, by=by, now=now)
