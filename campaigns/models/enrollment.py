"""Enrolments, and what they plan for a contact."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models.functions import Coalesce

from campaigns.models.action_types import COMMUNICATIONS
from campaigns.models.campaign import Campaign, CampaignAction
from core import clock
from core.db.reason_columns import ReasonColumns
from core.reasons import reason_text
from crm.models import Contact
from messaging.models import Message, Template
from teams.models import User
from teams.visibility import in_ids


class CampaignContactQuerySet(models.QuerySet["CampaignContact"]):
    """Questions about enrolments."""

    def visible_to(self, user: User) -> CampaignContactQuerySet:
        """They follow their contact."""
        return self.filter(contact__in=Contact.objects.visible_to(user).values("pk"))

    def of_contacts(self, contact_ids: Collection[int]) -> CampaignContactQuerySet:
        """Those of these contacts, however many: they travel as one array."""
        return self.filter(in_ids("contact_id", contact_ids))


class CampaignContact(models.Model):
    """An enrolment: one contact in one campaign, from a start to an end."""

    # Null when the campaign was deleted: what was sent remains, under the name the campaign had then.
    campaign = models.ForeignKey(Campaign, models.SET_NULL, null=True, related_name="enrolments")
    campaign_name = models.CharField(max_length=255, blank=True, editable=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="enrolments")
    started_by = models.ForeignKey(User, models.PROTECT, related_name="started_enrolments")
    started_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    end_code = models.CharField(max_length=40, blank=True, editable=False)  # campaigns.reasons.StopReason
    end_details = models.JSONField(null=True, blank=True, editable=False)

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

    @property
    def end_reason(self) -> str:
        return reason_text(self.end_code, self.end_details or {})


class ContactCommunicationQuerySet(models.QuerySet["ContactCommunication"]):
    """Questions about communications."""

    def visible_to(self, user: User) -> ContactCommunicationQuerySet:
        """They follow their contact."""
        return self.filter(campaign_contact__contact__in=Contact.objects.visible_to(user).values("pk"))

    def due(self, now: datetime) -> ContactCommunicationQuerySet:
        """Communications to put into the outbox, oldest first."""
        return self.filter(is_active=True, message=None, send_at__lte=now).order_by("send_at", "id")

    def named(self) -> ContactCommunicationQuerySet:
        """Each with its `campaign_name`."""
        name = Coalesce("campaign_contact__campaign__name", "campaign_contact__campaign_name")
        return self.annotate(campaign_name=name)


class ContactCommunication(ReasonColumns):
    """One planned email, text or call to a contact. `is_active` until it is done, or refused or stopped for `code`."""

    campaign_contact = models.ForeignKey(CampaignContact, models.CASCADE, related_name="communications")
    type = models.CharField(max_length=13, choices=[(t.value, t.label) for t in COMMUNICATIONS])
    # Copies of the action, so that editing or deleting it leaves what is planned alone.
    template = models.ForeignKey(Template, models.SET_NULL, null=True, blank=True, related_name="communications")
    notes = models.TextField(blank=True)
    is_stopped_on_text_reply = models.BooleanField(default=False)
    # No indexes on users: no query reads all that one user sent, and users are never deleted.
    send_from_user = models.ForeignKey(User, models.PROTECT, related_name="communications", db_index=False)
    # Whether the action names the sender; otherwise it is the agent who works with the contact when it leaves.
    is_sender_chosen = models.BooleanField(default=False, editable=False)
    send_at = models.DateTimeField()
    is_active = models.BooleanField(default=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    completing_user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="completed_communications", db_index=False
    )
    message = models.OneToOneField(Message, models.SET_NULL, null=True, blank=True, related_name="communication")

    objects: ClassVar[ContactCommunicationQuerySet] = ContactCommunicationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        indexes = [
            # Read by the job's tick: communications to put into the outbox.
            models.Index(
                fields=["send_at", "id"],
                condition=models.Q(is_active=True, message__isnull=True),
                name="communication_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} at {self.send_at}"

    def may_be_changed_by(self, user: User) -> bool:
        """Users who see the contact: owner, teammates, assigned user, users it is shared with."""
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


class Birthday(ReasonColumns):
    """The next birthday on which an action runs for an enrollment while it is open; rows of past birthdays remain.

    `code` is the reason why the birthday is unknown, or why nothing was sent.
    """

    campaign_contact = models.ForeignKey(CampaignContact, models.CASCADE, related_name="birthdays", db_index=False)
    action = models.ForeignKey(CampaignAction, models.CASCADE, related_name="birthdays")
    year = models.PositiveSmallIntegerField(null=True, editable=False)  # of the birthday
    due_at = models.DateTimeField(null=True, editable=False)  # null: the contact's birthday is not known
    is_open = models.BooleanField(default=True, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            # One birthday a year, in any status.
            models.UniqueConstraint(fields=["campaign_contact", "action", "year"], name="birthday_once_a_year"),
            models.UniqueConstraint(
                fields=["campaign_contact", "action"], condition=models.Q(is_open=True), name="one_next_birthday"
            ),
        ]
        indexes = [
            # Read by campaigns.jobs.birthdays' tick.
            models.Index(
                fields=["due_at", "id"],
                condition=models.Q(is_open=True, due_at__isnull=False),
                name="birthday_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} for {self.campaign_contact.contact}, {self.year or 'not known when'}"
