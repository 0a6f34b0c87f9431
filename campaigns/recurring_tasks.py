"""Recurring tasks: the next one is created when the one before is done, and takes over the rule.

So only the last task of a series has the rule, and it is the model of all that follow. A task that is changed alone
first creates the next one, and is then independent of the series, like a done task.
"""

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from campaigns.jobs import reminders
from campaigns.models import ActionType, Task, TaskQuerySet
from campaigns.recurrence import ends_before, next_occurrence, rest_of
from core.errors import Conflict, DomainError

# Tasks v2.1: of a change, of a removal.
THIS, THIS_AND_FOLLOWING, STATUS_ONLY = SCOPES = (1, 2, 3)
ALL: Final = 3

EVENT_TYPES: Final = ("recurrent", "single")
EVENT_ACTIONS: Final = ("tasks", "campaign_actions")
KINDS: Final = tuple(ActionType)  # the known reminder numbers of v2.1, 0 to 4, are in the order of v2.0

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
    """Create the next occurrence and pass the rule on to it, so that a second call creates no second one.

    Occurrences that were missed are skipped: five missed weekly calls become one. The caller saves `task`.
    """
    if not task.recurrence:
        return
    task.series = task.series or task.pk
    task.occurs_at = task.occurs_at or task.due_at or now
    start, after = task.recurs_from or task.occurs_at, max(task.occurs_at, now)
    at = next_occurrence(task.recurrence, start, after, _zone_of(task))
    if at is not None:
        carried = {name: getattr(task, name) for name in REPEATED}
        following = Task(**carried, due_at=at, occurs_at=at, created_at=now, modified_at=now)
        reminders.plan(following, now)
        following.save()
    task.recurrence = ""


class RuleOfMany(DomainError):
    """A rule is changed together with what follows: with update_scope 2."""


class NothingToRepeat(DomainError):
    """A task that recurs needs a due_at."""


class EndsBeforeItBegins(DomainError):
    """recurrence_rule ends before due_at: its UNTIL leaves nothing to repeat."""


class AlreadyDone(Conflict):
    """This task is finished, and a series is changed only from a task that is not."""


def kind_of(number: int) -> str:
    """The kind of task that v2.1 knows by this number."""
    if not 0 <= number < len(KINDS):
        raise ValueError(f"must lie between 0 and {len(KINDS) - 1}.")
    return KINDS[number]


def begin(task: Task, rule: str) -> None:
    """Let a task be the first of a series."""
    if task.due_at is None:
        raise NothingToRepeat(errors={"due_at": NothingToRepeat.__doc__ or ""})
    _follow(task, rule, task.due_at)
    _save(task)


def make_room(task: Task, changes: MutableMapping[str, Any], scope: int, *, now: datetime) -> None:
    """Ready the series of a task for changes to it, which the caller then saves. A rule is taken out of them."""
    is_rule_given = "recurrence" in changes
    rule = changes.pop("recurrence", None) or ""
    due_at = changes.get("due_at", task.due_at)
    if not (task.series or task.recurrence):
        if rule:
            task.due_at = due_at
            begin(task, rule)
    elif scope == THIS_AND_FOLLOWING:
        _split(task, due_at, rule if is_rule_given else None)
    elif is_rule_given and rule != (task.rule or ""):  # type: ignore[attr-defined]  # TaskQuerySet.with_event
        raise RuleOfMany(errors={"recurrence_rule": RuleOfMany.__doc__ or ""})
    elif any(getattr(task, name) != value for name, value in changes.items()):
        pass_on(task, now)
        _save(task)


def leave(task: Task, scope: int, *, now: datetime) -> None:
    """Remove this task from its series: continue the series, end it before this task, or remove it completely."""
    if scope == THIS:
        pass_on(task, now)
        return
    others = _others(task) if scope == ALL else _following(task)
    others.update(status=Task.Status.DELETED, recurrence="", remind_at=None, modified_at=now)
    task.recurrence = ""


def _split(task: Task, due_at: datetime | None, rule: str | None) -> None:
    """Start a new series with this task, replacing what followed; without a rule, by the old one."""
    if task.status != Task.Status.INCOMPLETE:
        raise AlreadyDone
    following = list(_following(task).select_for_update())
    bearer = next((one for one in (task, *following) if one.recurrence), None)
    if rule is not None:
        _follow(task, rule, due_at)
    elif bearer is None:
        task.recurrence = ""
    elif due_at == task.due_at:
        task.recurrence, task.recurs_from = bearer.recurrence, bearer.recurs_from
    else:
        _follow(task, _rest(task, bearer), due_at)
    given_up = Task.objects.filter(pk__in=[one.pk for one in following])
    given_up.filter(status=Task.Status.INCOMPLETE).update(status=Task.Status.DELETED, remind_at=None)
    given_up.update(series=None, occurs_at=None, recurrence="")
    task.series = task.occurs_at = None
    _save(task)


def _follow(task: Task, rule: str, start: datetime | None) -> None:
    """Bear a rule that begins at `start`."""
    if rule and start and ends_before(rule, start, _zone_of(task)):
        raise EndsBeforeItBegins(errors={"recurrence_rule": EndsBeforeItBegins.__doc__ or ""})
    task.recurrence, task.recurs_from = rule, start


def _rest(task: Task, bearer: Task) -> str:
    at = task.occurs_at or task.due_at
    if at is None or bearer.recurs_from is None:
        return bearer.recurrence
    return rest_of(bearer.recurrence, bearer.recurs_from, at, _zone_of(task))


def _others(task: Task) -> TaskQuerySet:
    """Of the same series, in the order in which all lock them."""
    if task.series is None:
        return Task.objects.none()  # the first, with none made after it; or a single one
    standing = Task.objects.filter(series=task.series).exclude(status=Task.Status.DELETED)
    return standing.exclude(pk=task.pk).order_by("pk")


def _following(task: Task) -> TaskQuerySet:
    return _others(task).filter(occurs_at__gt=task.occurs_at) if task.occurs_at else _others(task)


def _zone_of(task: Task) -> ZoneInfo:
    """Return the time zone of the recurrence: the assignee's, otherwise the owner's."""
    return (task.assigned_user or task.owner_user).zone


def _save(task: Task) -> None:
    task.save(update_fields=["series", "occurs_at", "recurrence", "recurs_from"])
