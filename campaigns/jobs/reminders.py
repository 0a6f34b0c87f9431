"""Reminding agents of tasks that fall due, once for each time a task is due. One of `settings.ENGINES`."""

import textwrap
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Value

from campaigns.models import REMINDED_BY, Task
from core.scheduler import Job
from crm.models import Contact
from messaging.message_factory import alert_email, alert_text
from messaging.models import Message
from messaging.outbox import queue_messages
from teams.models import User
from teams.timezones import to_local

BATCH: Final = 200

JOB: Final = Job("campaigns.reminders", Task)
JOBS: Final = (JOB,)

OLD_NEWS: Final = timedelta(hours=1)  # who writes down a task that was due before that knows of it
LONGEST_LINE: Final = 300  # characters of a description in a text


def plan(task: Task, now: datetime) -> None:
    """Set on a task when its agent is reminded. The caller saves it."""
    task.remind_at = task.due_at if _is_wanted(task, now) else None


def _is_wanted(task: Task, now: datetime) -> bool:
    if task.status != Task.Status.INCOMPLETE or task.action_type not in REMINDED_BY or task.due_at is None:
        return False
    return task.due_at > now - OLD_NEWS and task.due_at != task.reminded_for


def next_due_at() -> datetime | None:
    """When the next reminder is due."""
    waiting = JOB.without_parked(Task.objects.exclude(remind_at=None))
    return waiting.order_by("remind_at", "id").values_list("remind_at", flat=True).first()


def run_due(now: datetime) -> int:
    """Put a reminder of every task that has fallen due into the outbox."""
    return JOB.run_all(claim, remind, now)


def claim(now: datetime) -> Sequence[int]:
    """Lock some due tasks."""
    due = JOB.without_parked(Task.objects.filter(remind_at__lte=now)).order_by("remind_at", "id")
    return list(due.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:BATCH])


def remind(ids: Sequence[int], now: datetime) -> int:
    """Queue the reminders of these tasks, and note that they were made."""
    tasks = list(Task.objects.filter(pk__in=ids).order_by("remind_at", "id"))
    agents = User.objects.in_bulk({pk for task in tasks for pk in (task.assigned_user_id, task.owner_user_id) if pk})
    reminded = [(task, agent) for task in tasks if (agent := _agent_of(task, agents))]
    seen = _contacts_of(reminded)
    queue_messages([_message(task, agent, seen.get((agent.pk, task.contact_id)), now) for task, agent in reminded], now)
    Task.objects.filter(pk__in=ids).update(reminded_for=F("remind_at"), remind_at=None)
    return len(tasks)


def _agent_of(task: Task, agents: dict[int, User]) -> User | None:
    """Return the assignee; if there is none, or they are deactivated, the owner."""
    candidates = [agents[pk] for pk in (task.assigned_user_id, task.owner_user_id) if pk]
    return next((agent for agent in candidates if agent.is_active), None)


def _contacts_of(reminded: Sequence[tuple[Task, User]]) -> dict[tuple[int, int | None], Contact]:
    """Whom the tasks are about, by agent and contact, as far as each agent sees them; one statement for all agents."""
    named: dict[User, list[int]] = defaultdict(list)
    for task, agent in reminded:
        if task.contact_id:
            named[agent].append(task.contact_id)
    seen = [
        Contact.objects.visible_to(agent).filter(pk__in=ids).annotate(agent_id=Value(agent.pk)).order_by()
        for agent, ids in named.items()
    ]
    rows: Any = Contact.objects.none().union(*seen, all=True)
    return {(contact.agent_id, contact.pk): contact for contact in rows}


def _message(task: Task, agent: User, contact: Contact | None, now: datetime) -> Message:
    """Return a text if it was chosen and the agent has a confirmed phone, otherwise an email."""
    line = textwrap.shorten(task.description, LONGEST_LINE, placeholder=" ...")
    if REMINDED_BY[task.action_type] == Message.Channel.TEXT and agent.confirmed_phone:
        return alert_text(agent, "\n".join([f"Task due: {line}", *_lines_about(contact)]), now)
    return alert_email(agent, f"Task due: {line}", _letter(task, agent, contact), now)


def _letter(task: Task, agent: User, contact: Contact | None) -> str:
    due = f"Due {to_local(task.due_at, agent.zone):%Y-%m-%d %H:%M}, {agent.timezone}." if task.due_at else ""
    parts = [task.description, "\n".join(_lines_about(contact)), task.notes, due]
    return "\n\n".join(part for part in parts if part.strip())


def _lines_about(contact: Contact | None) -> list[str]:
    """Who it is about and how to reach them; nothing of a contact the agent does not see."""
    if contact is None:
        return []
    ways = (contact.mobile_phone, contact.home_phone, contact.office_phone, contact.email)
    return [line for line in (str(contact), *ways) if line.strip()]
