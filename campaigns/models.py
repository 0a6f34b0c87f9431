"""Campaigns, what they plan for a contact, and tasks (design 8)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower

from config import clock
from crm.models import Contact
from messaging.models import Message, Template
from teams.models import User


class ActionType(models.TextChoices):
    """What a campaign does: speak to the contact, or remind an agent (reference 2.19, 2.16)."""

    NONE = "None"
    EMAIL_CONTACT = "Email Contact"
    CALL_CONTACT = "Call Contact"
    TEXT_CONTACT = "Text Contact"
    TASK_EMAIL = "Agent Task - Email Reminder"
    TASK_CALL = "Agent Task - Call Reminder"
    TASK_TEXT = "Agent Task - Text Reminder"
    TASK_NONE = "Agent Task - No Reminder"
    BOMBBOMB = "BombBomb Video Email"
    LETTER = "Direct Mail: Letter"
    POSTCARD = "Direct Mail: Postcard"
    TASK_LETTER = "Agent Task - Direct Mail: Letter (Manual)"
    TASK_POSTCARD = "Agent Task - Direct Mail: Postcard (Manual)"


COMMUNICATIONS = (ActionType.EMAIL_CONTACT, ActionType.CALL_CONTACT, ActionType.TEXT_CONTACT)
REMINDERS = (ActionType.TASK_EMAIL, ActionType.TASK_CALL, ActionType.TASK_TEXT, ActionType.TASK_NONE)


class CampaignQuerySet(models.QuerySet["Campaign"]):
    """Questions about campaigns."""

    def visible_to(self, user: User) -> CampaignQuerySet:
        """Your own (those a broker shares come with sub-accounts)."""
        return self.filter(owner_user=user)


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
        constraints = [models.UniqueConstraint("owner_user", Lower("name"), name="campaign_name_once_per_owner")]
        indexes = [
            # Read by `name[$like]=%Buyer Drip%`.
            GinIndex(OpClass(Lower("name"), name="gin_trgm_ops"), name="campaign_name_trigrams"),
        ]

    def __str__(self) -> str:
        return self.name

    def may_be_changed_by(self, user: User) -> bool:
        return self.owner_user_id == user.pk


class CampaignAction(models.Model):
    """One step of a campaign, timed from the start of an enrolment."""

    class TimingType(models.TextChoices):
        DAY_AND_TIME = "Delay by Day and Time"
        MINUTES = "Delay by Minutes"
        EXACT = "Exact Date and Time"
        RECURRING = "Recurring"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="actions")
    type = models.CharField(max_length=50, choices=[(t.value, t.label) for t in (*COMMUNICATIONS, *REMINDERS)])
    # The sender of a communication, the assignee of a task; null = whoever works with the contact.
    assigned_user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="campaign_actions")
    template = models.ForeignKey(Template, models.PROTECT, null=True, blank=True, related_name="campaign_actions")
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

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.type} of {self.campaign}"


class CampaignContact(models.Model):
    """An enrolment: one contact in one campaign, from a start to an end."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="enrolments")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="enrolments")
    started_by = models.ForeignKey(User, models.PROTECT, related_name="started_enrolments")
    started_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    end_reason = models.CharField(max_length=255, blank=True, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "campaign"],
                condition=models.Q(ended_at__isnull=True),
                name="one_open_enrolment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact} in {self.campaign}"


class ContactCommunicationQuerySet(models.QuerySet["ContactCommunication"]):
    """Questions about communications."""

    def visible_to(self, user: User) -> ContactCommunicationQuerySet:
        """They follow their contact."""
        return self.filter(contact__in=Contact.objects.visible_to(user).values("pk"))


class ContactCommunication(models.Model):
    """One planned email, text or call to a contact. `is_active` until it is done, refused or stopped."""

    campaign_contact = models.ForeignKey(CampaignContact, models.CASCADE, related_name="communications")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="communications")
    type = models.CharField(max_length=13, choices=[(t.value, t.label) for t in COMMUNICATIONS])
    # Copies of the action, so that editing or deleting it leaves what is planned alone.
    template = models.ForeignKey(Template, models.SET_NULL, null=True, blank=True, related_name="communications")
    notes = models.TextField(blank=True)
    is_stopped_on_text_reply = models.BooleanField(default=False)
    send_from_user = models.ForeignKey(User, models.PROTECT, related_name="communications")
    send_at = models.DateTimeField()
    is_active = models.BooleanField(default=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    completing_user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="completed_communications"
    )
    reason = models.CharField(max_length=255, blank=True)  # ours: why it was stopped or refused
    message = models.OneToOneField(Message, models.SET_NULL, null=True, blank=True, related_name="communication")

    objects: ClassVar[ContactCommunicationQuerySet] = ContactCommunicationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        indexes = [
            # Read by the engine's tick: what is to be put into the outbox.
            models.Index(
                fields=["send_at", "id"],
                condition=models.Q(is_active=True, message__isnull=True),
                name="communication_due",
            ),
            models.Index(
                fields=["contact"], condition=models.Q(is_active=True), name="communication_active"
            ),  # read when a contact replies
        ]

    def __str__(self) -> str:
        return f"{self.type} to {self.contact} at {self.send_at}"

    def may_be_changed_by(self, user: User) -> bool:
        """Owner, teammate, assigned, shared with: whoever sees the contact (reference 2.21)."""
        return self.contact.may_be_changed_by(user)


class TaskQuerySet(models.QuerySet["Task"]):
    """Questions about tasks."""

    def visible_to(self, user: User) -> TaskQuerySet:
        """Tasks you own or are assigned (reference 2.16)."""
        return self.filter(models.Q(owner_user=user) | models.Q(assigned_user=user))


class Task(models.Model):
    """Something an agent is to do, made by hand or by a campaign (reference 2.16)."""

    class Status(models.TextChoices):
        COMPLETE = "complete"
        INCOMPLETE = "incomplete"
        DELETED = "deleted"

    owner_user = models.ForeignKey(User, models.PROTECT, related_name="tasks")
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
    description = models.CharField(max_length=2000)
    notes = models.CharField(max_length=2000, blank=True)
    is_all_day = models.BooleanField(default=False)
    is_important = models.BooleanField(default=False)
    is_public = models.BooleanField(default=False)
    assigned_user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="assigned_tasks")
    completing_user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="completed_tasks")
    category = models.CharField(max_length=255, null=True, blank=True)
    folder = models.CharField(max_length=255, null=True, blank=True)
    # A recurring task keeps one next occurrence: completing it makes the one after.
    recurrence = models.TextField(blank=True, editable=False)
    recurs_from = models.DateTimeField(null=True, blank=True, editable=False)  # the rule's DTSTART
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[TaskQuerySet] = TaskQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["assigned_user", "due_at"], name="task_of_assignee"),  # read by an agent's list
            models.Index(fields=["owner_user", "due_at"], name="task_of_owner"),
        ]

    def __str__(self) -> str:
        return self.description[:80]

    def may_be_changed_by(self, user: User) -> bool:
        """Owner or assignee."""
        return user.pk in (self.owner_user_id, self.assigned_user_id)

    def may_be_removed_by(self, user: User) -> bool:
        """Only its owner removes a task."""
        return self.owner_user_id == user.pk
