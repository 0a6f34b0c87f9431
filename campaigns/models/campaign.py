"""Campaigns and their actions."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from campaigns import schedule
from campaigns.models.action_types import COMMUNICATIONS, LONGEST_DESCRIPTION, REMINDERS, TEMPLATE_TYPES
from core import clock
from messaging.models import Template
from teams.models import User
from teams.visibility import shared_by_broker


class CampaignQuerySet(models.QuerySet["Campaign"]):
    """Questions about campaigns."""

    def visible_to(self, user: User) -> CampaignQuerySet:
        """Your own, and those that your broker shares."""
        shared = shared_by_broker(user, "owner_user_id") & models.Q(is_broker_sharing_on=True)
        return self.filter(models.Q(owner_user=user) | shared)


class Campaign(models.Model):
    """A list of actions that one enrolment schedules for a contact."""

    owner_user = models.ForeignKey(User, models.PROTECT, related_name="campaigns")
    name = models.CharField(max_length=255)
    is_broker_sharing_on = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[CampaignQuerySet] = CampaignQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                "owner_user",
                Lower("name"),
                name="campaign_name_once_per_owner",
                violation_error_message="You have a campaign of this name already.",
            )
        ]
        indexes = [
            # Read by `name[$like]=%Buyer Drip%`.
            GinIndex(OpClass(Lower("name"), name="gin_trgm_ops"), name="campaign_name_trigrams"),
        ]

    def __str__(self) -> str:
        return self.name

    def may_be_changed_by(self, user: User) -> bool:
        return self.owner_user_id == user.pk


class CampaignActionQuerySet(models.QuerySet["CampaignAction"]):
    """Questions about actions."""

    def visible_to(self, user: User) -> CampaignActionQuerySet:
        """They follow their campaign."""
        return self.filter(campaign__in=Campaign.objects.visible_to(user).values("pk"))


class CampaignAction(models.Model):
    """One step of a campaign, timed from the start of an enrolment."""

    class TimingType(models.TextChoices):
        DAY_AND_TIME = "Delay by Day and Time"
        MINUTES = "Delay by Minutes"
        EXACT = "Exact Date and Time"
        RECURRING = "Recurring"

    class TriggerType(models.IntegerChoices):
        START = schedule.ON_START, "the campaign starts"
        BIRTHDAY = schedule.ON_BIRTHDAY, "the contact's birthdays"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="actions")
    type = models.CharField(max_length=50, choices=[(t.value, t.label) for t in (*COMMUNICATIONS, *REMINDERS)])
    # The sender of a communication, the assignee of a task. Null means the agent who works with the contact.
    assigned_user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="campaign_actions")
    template = models.ForeignKey(Template, models.PROTECT, null=True, blank=True, related_name="campaign_actions")
    trigger_type = models.PositiveSmallIntegerField("runs when", choices=TriggerType.choices, default=TriggerType.START)
    timing_type = models.CharField(max_length=21, choices=TimingType.choices)
    recurrence = models.TextField(null=True, blank=True)  # RFC 5545
    delay_by_days = models.IntegerField(null=True, blank=True)
    dispatch_time = models.TimeField(null=True, blank=True)  # wall clock of the sender
    delay_by_seconds = models.IntegerField(null=True, blank=True)
    dispatch_datetime = models.DateTimeField(null=True, blank=True)
    notes = models.TextField(blank=True)
    is_stopped_on_text_reply = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[CampaignActionQuerySet] = CampaignActionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.type} of {self.campaign}"

    def may_be_changed_by(self, user: User) -> bool:
        """It belongs to its campaign."""
        return self.campaign.may_be_changed_by(user)

    @property
    def timing(self) -> schedule.Action:
        """When it happens, as campaigns.schedule reads it."""
        return schedule.Action(
            id=self.pk,
            type=self.type,
            timing_type=self.timing_type,
            delay_by_days=self.delay_by_days,
            dispatch_time=self.dispatch_time,
            delay_by_seconds=self.delay_by_seconds,
            dispatch_datetime=self.dispatch_datetime,
            recurrence=self.recurrence,
            trigger_type=self.trigger_type,
        )

    @property
    def chosen_user(self) -> User | None:
        """Who it names, unless they have left."""
        return self.assigned_user if self.assigned_user and self.assigned_user.is_active else None

    @property
    def task_description(self) -> str:
        """The title of the task that it creates."""
        return (self.notes.strip() or self.type)[:LONGEST_DESCRIPTION]

    def faults(self) -> dict[str, str]:
        """What is wrong with its fields taken together, by field."""
        faults = schedule.validate_timing(self.timing)
        if self.template and self.template.template_type != (fitting := TEMPLATE_TYPES.get(self.type)):
            kind = f"A template of type {fitting} is needed" if fitting else "No template can be used"
            faults["template"] = f"{kind} for {self.type}."
        return faults

    def clean(self) -> None:
        """The admin asks here what the API asks through its serializer."""
        if faults := self.faults():
            raise ValidationError(faults)
