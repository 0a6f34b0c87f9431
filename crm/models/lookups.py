"""What users have to describe their contacts with: sources, hotnesses, custom fields and tags."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Lower

from teams.models import User
from teams.visibility import shared_by_broker


class OwnedQuerySet(models.QuerySet[Any]):
    """Rows that their creator sees and, if the model names the flag `shared_by`, also the creator's sub-accounts."""

    def visible_to(self, user: User) -> OwnedQuerySet:
        own, flag = models.Q(user=user), getattr(self.model, "shared_by", "")
        return self.filter(own | shared_by_broker(user, "user_id", flag) if flag else own)


class ContactSource(models.Model):
    """Where a contact came from; each user keeps their own list."""

    shared_by = "is_lead_sources_enabled"  # what agents call lead sources

    user = models.ForeignKey(User, models.PROTECT, related_name="contact_sources")
    name = models.CharField(max_length=200, blank=True)

    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [
            # Routing matches by name; its index serves that, too.
            models.UniqueConstraint(
                "user",
                Lower("name"),
                name="contact_source_once_per_user",
                violation_error_message="You have a contact source of this name already.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def may_be_changed_by(self, user: User) -> bool:
        return self.user_id == user.pk


class Hotness(models.Model):
    """How warm a contact is, in the words and colours of its creator."""

    shared_by = "user_can_see_broker_hotnesses"

    user = models.ForeignKey(User, models.PROTECT, related_name="hotnesses")
    rank = models.IntegerField(null=True, blank=True)  # 1 = top of lists
    name = models.CharField(max_length=45, blank=True)
    color = models.CharField(max_length=7, blank=True)

    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["user", "rank", "id"]
        verbose_name_plural = "hotnesses"

    def __str__(self) -> str:
        return self.name

    def may_be_changed_by(self, user: User) -> bool:
        return self.user_id == user.pk


class CustomField(models.Model):
    """Something that its creator wants to know of their contacts."""

    shared_by = "is_custom_fields_enabled"

    class DataType(models.TextChoices):
        TEXT = "Text"
        NUMBER = "Number"
        DATE = "Date"
        DOLLAR_AMOUNT = "Dollar Amt"

    user = models.ForeignKey(User, models.PROTECT, related_name="custom_fields")
    data_type = models.CharField(max_length=10, choices=DataType.choices)
    name = models.CharField(max_length=255)
    rank = models.IntegerField(default=99999)  # 1 = top of lists

    # Who fills in a field and reads its values: neither teammates nor assigned users, who see the contact itself.
    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["rank", "id"]

    def __str__(self) -> str:
        return self.name

    def may_be_changed_by(self, user: User) -> bool:
        return self.user_id == user.pk


class Tag(models.Model):
    """A word of a user's dictionary of tags; their contacts bear it in their `tags`."""

    user = models.ForeignKey(User, models.PROTECT, related_name="tags", db_index=False)  # the constraint's index serves
    content = models.CharField(max_length=508)  # as long as all the tags of a contact together may be

    objects: ClassVar[OwnedQuerySet] = OwnedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint("user", Lower("content"), name="tag_once_per_user")]

    def __str__(self) -> str:
        return self.content

    def may_be_changed_by(self, user: User) -> bool:
        return self.user_id == user.pk
