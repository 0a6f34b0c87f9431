"""What agents note about a contact."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from core import clock
from crm.models.contact import Contact, is_below_seen
from teams.models import User


class ActivityQuerySet(models.QuerySet["Activity"]):
    """Questions about activities."""

    def visible_to(self, user: User) -> ActivityQuerySet:
        """Those of the contacts you see."""
        return self.filter(is_below_seen(user))


class Activity(models.Model):
    """An activity that an agent logged: a note, a call from their own phone, a meeting."""

    class Kind(models.TextChoices):
        NOTE = "Note"
        CALL = "Call"
        TEXT = "Text"
        EMAIL = "Email"
        MEETING = "Meeting"
        OTHER = "Other"

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="activities", db_index=False)  # see Meta.indexes
    user = models.ForeignKey(User, models.PROTECT, related_name="activities", db_index=False)  # its author
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.NOTE)
    body = models.CharField(max_length=10_000, blank=True)
    happened_at = models.DateTimeField(default=clock.now)  # may be posted
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[ActivityQuerySet] = ActivityQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-happened_at", "-id"]
        verbose_name_plural = "activities"
        indexes = [
            # Read by the list of a contact's activities.
            models.Index(fields=["contact", "happened_at", "id"], name="activity_of_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} about {self.contact}"

    def may_be_changed_by(self, user: User) -> bool:
        """Only the author may change it."""
        return self.user_id == user.pk
