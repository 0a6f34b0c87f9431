"""What agents are to do."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Coalesce

from campaigns.models.action_types import LONGEST_DESCRIPTION, ActionType
from campaigns.models.enrollment import CampaignContact
from core import clock
from crm.models import Contact
from teams.models import User


class TaskQuerySet(models.QuerySet["Task"]):
    """Questions about tasks."""

    def visible_to(self, user: User) -> TaskQuerySet:
        """Tasks you own or are assigned."""
        return self.filter(models.Q(owner_user=user) | models.Q(assigned_user=user))

    def with_event(self) -> TaskQuerySet:
        """Tasks, each with the fields of its event for v2.1."""
        standing = Task.objects.filter(series=models.OuterRef("series")).exclude(status=Task.Status.DELETED)
        bearer = standing.exclude(recurrence="")
        return self.annotate(
            scheduled_event_id=Coalesce("series", "pk", output_field=models.BigIntegerField()),
            rule=models.Case(
                models.When(recurrence="", then=models.Subquery(bearer.values("recurrence")[:1])), default="recurrence"
            ),
            type=models.Case(models.When(rule=None, then=models.Value("single")), default=models.Value("recurrent")),
            action=models.Case(
                models.When(campaign_contact=None, then=models.Value("tasks")),
                default=models.Value("campaign_actions"),
            ),
        )


class Task(models.Model):
    """Something an agent is to do, made by hand or by a campaign."""

    class Status(models.TextChoices):
        COMPLETE = "complete"
        INCOMPLETE = "incomplete"
        DELETED = "deleted"

    owner_user = models.ForeignKey(User, models.PROTECT, related_name="tasks", db_index=False)  # see Meta.indexes
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="tasks")
    campaign_contact = models.ForeignKey(
        CampaignContact, models.CASCADE, null=True, blank=True, related_name="tasks", editable=False
    )
    action_type = models.CharField(max_length=50, choices=ActionType.choices)
    reminder_type = models.CharField(max_length=50, choices=ActionType.choices, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.INCOMPLETE)
    due_at = models.DateTimeField(null=True, blank=True)
    due_end_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    description = models.CharField(max_length=LONGEST_DESCRIPTION)
    notes = models.CharField(max_length=2000, blank=True)
    is_all_day = models.BooleanField(default=False)
    is_important = models.BooleanField(default=False)
    is_public = models.BooleanField(default=False)
    assigned_user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="assigned_tasks", db_index=False
    )
    completing_user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="completed_tasks", db_index=False
    )
    category = models.CharField(max_length=255, null=True, blank=True)
    folder = models.CharField(max_length=255, null=True, blank=True)
    # A series keeps one next occurrence, which carries the rule: completing it makes the one after
    # (campaigns.recurring_tasks).
    recurrence = models.TextField(blank=True, editable=False)
    recurs_from = models.DateTimeField(null=True, blank=True, editable=False)  # the rule's DTSTART
    # From the second occurrence on: the number of the first, and the time by the rule; `due_at` may be moved.
    series = models.BigIntegerField(null=True, blank=True, editable=False)
    occurs_at = models.DateTimeField(null=True, blank=True, editable=False)
    remind_at = models.DateTimeField(null=True, blank=True, editable=False)  # null: there is nothing to remind of
    reminded_for = models.DateTimeField(null=True, blank=True, editable=False)  # the last time there was
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[TaskQuerySet] = TaskQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["series", "occurs_at"], name="task_occurrence_once"),
            models.CheckConstraint(
                condition=models.Q(remind_at=None)
                | models.Q(reminded_for=None)
                | ~models.Q(remind_at=models.F("reminded_for")),
                name="task_reminded_once",
            ),
        ]
        indexes = [
            models.Index(fields=["assigned_user", "due_at"], name="task_of_assignee"),  # read by an agent's list
            models.Index(fields=["owner_user", "due_at"], name="task_of_owner"),
            # Read by the tick of campaigns.jobs.reminders: reminders that are due.
            models.Index(
                fields=["remind_at", "id"], condition=models.Q(remind_at__isnull=False), name="task_reminder_due"
            ),
        ]

    def __str__(self) -> str:
        return self.description[:80]

    def may_be_changed_by(self, user: User) -> bool:
        """Owner or assignee."""
        return user.pk in (self.owner_user_id, self.assigned_user_id)

    def may_be_removed_by(self, user: User) -> bool:
        """Only its owner removes a task."""
        return self.owner_user_id == user.pk
