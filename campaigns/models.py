"""Campaigns, what they plan for a contact, and tasks (design 8)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Coalesce, Lower

from campaigns import schedule
from config import clock
from crm.models import Contact
from messaging.models import Message, Template
from teams.models import User
from teams.visibility import any_of, are_shared_with


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
TEMPLATE_TYPES: dict[str, str] = {
    ActionType.EMAIL_CONTACT: Template.TemplateType.EMAIL,
    ActionType.CALL_CONTACT: Template.TemplateType.PHONE,
    ActionType.TEXT_CONTACT: Template.TemplateType.TEXT,
}
REMINDERS = (ActionType.TASK_EMAIL, ActionType.TASK_CALL, ActionType.TASK_TEXT, ActionType.TASK_NONE)
LONGEST_DESCRIPTION = 2000  # of a task; an action's notes may be longer
# How the agent is reminded of a task that falls due; of those not named here, not at all. Nobody is called by machine.
REMINDED_BY: dict[str, str] = {
    ActionType.EMAIL_CONTACT: Message.Channel.EMAIL,
    ActionType.CALL_CONTACT: Message.Channel.EMAIL,
    ActionType.TEXT_CONTACT: Message.Channel.TEXT,
    ActionType.TASK_EMAIL: Message.Channel.EMAIL,
    ActionType.TASK_CALL: Message.Channel.EMAIL,
    ActionType.TASK_TEXT: Message.Channel.TEXT,
}


class CampaignQuerySet(models.QuerySet["Campaign"]):
    """Questions about campaigns."""

    def visible_to(self, user: User) -> CampaignQuerySet:
        """Your own, and those that your broker shares (reference 2.18)."""
        shared = are_shared_with(user, "owner_user_id") & models.Q(is_broker_sharing_on=True)
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
    # The sender of a communication, the assignee of a task; null = whoever works with the contact.
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
        """What a task that it makes says."""
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


class CampaignContactQuerySet(models.QuerySet["CampaignContact"]):
    """Questions about enrolments."""

    def visible_to(self, user: User) -> CampaignContactQuerySet:
        """They follow their contact."""
        return self.filter(contact__in=Contact.objects.visible_to(user).values("pk"))

    def of_contacts(self, contact_ids: Collection[int]) -> CampaignContactQuerySet:
        """Those of these contacts, however many: they travel as one array."""
        return self.filter(any_of("contact_id", contact_ids))

    def finished(self, now: datetime) -> CampaignContactQuerySet:
        """Those of which nothing is still to come: no communication, birthday, task not yet due or recurring task.

        A task that is due is its agent's business; that nobody ticked it off keeps no campaign going.
        """
        communications = ContactCommunication.objects.filter(campaign_contact=models.OuterRef("pk"), is_active=True)
        tasks = Task.objects.filter(campaign_contact=models.OuterRef("pk"), status=Task.Status.INCOMPLETE)
        to_come = tasks.filter(models.Q(due_at__gt=now) | ~models.Q(recurrence=""))
        birthdays = Birthday.objects.filter(campaign_contact=models.OuterRef("pk"), is_open=True, due_at__isnull=False)
        return self.filter(~models.Exists(communications), ~models.Exists(to_come), ~models.Exists(birthdays))


class CampaignContact(models.Model):
    """An enrolment: one contact in one campaign, from a start to an end."""

    # Null when the campaign was deleted: what was sent remains, under the name the campaign had then.
    campaign = models.ForeignKey(Campaign, models.SET_NULL, null=True, related_name="enrolments")
    campaign_name = models.CharField(max_length=255, blank=True, editable=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="enrolments")
    started_by = models.ForeignKey(User, models.PROTECT, related_name="started_enrolments")
    started_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    end_reason = models.CharField(max_length=255, blank=True, editable=False)

    objects: ClassVar[CampaignContactQuerySet] = CampaignContactQuerySet.as_manager()  # type: ignore[assignment]

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
        return f"{self.contact} in {self.campaign or self.campaign_name}"


class ContactCommunicationQuerySet(models.QuerySet["ContactCommunication"]):
    """Questions about communications."""

    def visible_to(self, user: User) -> ContactCommunicationQuerySet:
        """They follow their contact."""
        return self.filter(campaign_contact__contact__in=Contact.objects.visible_to(user).values("pk"))

    def due(self, now: datetime) -> ContactCommunicationQuerySet:
        """What is to be put into the outbox, the oldest first."""
        return self.filter(is_active=True, message=None, send_at__lte=now).order_by("send_at", "id")

    def named(self) -> ContactCommunicationQuerySet:
        """Each with its `campaign_name`."""
        name = Coalesce("campaign_contact__campaign__name", "campaign_contact__campaign_name")
        return self.annotate(campaign_name=name)


class ContactCommunication(models.Model):
    """One planned email, text or call to a contact. `is_active` until it is done, refused or stopped."""

    campaign_contact = models.ForeignKey(CampaignContact, models.CASCADE, related_name="communications")
    type = models.CharField(max_length=13, choices=[(t.value, t.label) for t in COMMUNICATIONS])
    # Copies of the action, so that editing or deleting it leaves what is planned alone.
    template = models.ForeignKey(Template, models.SET_NULL, null=True, blank=True, related_name="communications")
    notes = models.TextField(blank=True)
    is_stopped_on_text_reply = models.BooleanField(default=False)
    # No indexes on users here: nobody asks for all that one user sent, and users are never deleted.
    send_from_user = models.ForeignKey(User, models.PROTECT, related_name="communications", db_index=False)
    send_at = models.DateTimeField()
    is_active = models.BooleanField(default=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    completing_user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="completed_communications", db_index=False
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
        ]

    def __str__(self) -> str:
        return f"{self.type} at {self.send_at}"

    def may_be_changed_by(self, user: User) -> bool:
        """Owner, teammate, assigned, shared with: whoever sees the contact (reference 2.21)."""
        return self.campaign_contact.contact.may_be_changed_by(user)

    @property
    def template_subject(self) -> str | None:
        return self.template.subject if self.template else None

    @property
    def template_name(self) -> str | None:
        return self.template.description if self.template else None

    @property
    def template_folder_name(self) -> str | None:
        return self.template.template_folder.name if self.template else None


class Birthday(models.Model):
    """The next birthday on which an action runs for an enrolment, while it is open; those on which it ran remain."""

    campaign_contact = models.ForeignKey(CampaignContact, models.CASCADE, related_name="birthdays", db_index=False)
    action = models.ForeignKey(CampaignAction, models.CASCADE, related_name="birthdays")
    year = models.PositiveSmallIntegerField(null=True, editable=False)  # of the birthday
    due_at = models.DateTimeField(null=True, editable=False)  # null: the contact's birthday is not known
    is_open = models.BooleanField(default=True, editable=False)
    reason = models.CharField(max_length=255, blank=True, editable=False)  # why it is not known, or nothing was done

    class Meta:
        ordering = ["id"]
        constraints = [
            # Whatever becomes of a birthday, no year has two.
            models.UniqueConstraint(fields=["campaign_contact", "action", "year"], name="birthday_once_a_year"),
            models.UniqueConstraint(
                fields=["campaign_contact", "action"], condition=models.Q(is_open=True), name="one_next_birthday"
            ),
        ]
        indexes = [
            # Read by campaigns.birthdays' tick.
            models.Index(
                fields=["due_at", "id"],
                condition=models.Q(is_open=True, due_at__isnull=False),
                name="birthday_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} for {self.campaign_contact.contact}, {self.year or 'not known when'}"


class TaskQuerySet(models.QuerySet["Task"]):
    """Questions about tasks."""

    def visible_to(self, user: User) -> TaskQuerySet:
        """Tasks you own or are assigned (reference 2.16)."""
        return self.filter(models.Q(owner_user=user) | models.Q(assigned_user=user))

    def with_event(self) -> TaskQuerySet:
        """Each with what v2.1 tells of the event it belongs to (reference 2.17)."""
        standing = Task.objects.filter(series=models.OuterRef("series")).exclude(status=Task.Status.DELETED)
        bearer = standing.exclude(recurrence="")
        is_single = models.Q(series=None, recurrence="")
        return self.annotate(
            scheduled_event_id=Coalesce("series", "pk", output_field=models.BigIntegerField()),
            rule=models.Case(
                models.When(recurrence="", then=models.Subquery(bearer.values("recurrence")[:1])), default="recurrence"
            ),
            type=models.Case(models.When(is_single, then=models.Value("single")), default=models.Value("recurrent")),
            action=models.Case(
                models.When(campaign_contact=None, then=models.Value("tasks")),
                default=models.Value("campaign_actions"),
            ),
        )


class Task(models.Model):
    """Something an agent is to do, made by hand or by a campaign (reference 2.16)."""

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
    # A series keeps one next occurrence, which carries the rule: completing it makes the one after (campaigns.series).
    recurrence = models.TextField(blank=True, editable=False)
    recurs_from = models.DateTimeField(null=True, blank=True, editable=False)  # the rule's DTSTART
    # From the second occurrence on: the number of the first, and when the rule says it is; `due_at` may be moved.
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
            # Read by campaigns.reminders' tick: of what somebody is to be reminded.
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
