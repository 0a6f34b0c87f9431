"""A user's place under a broker."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from core import clock
from teams.models.people import User


class SubAccountQuerySet(models.QuerySet["SubAccount"]):
    """Questions about sub-accounts."""

    def visible_to(self, user: User) -> SubAccountQuerySet:
        """A broker's own; and one's own place under a broker."""
        return self.filter(models.Q(broker_user=user) | models.Q(user=user))


class SubAccount(models.Model):
    """A user's membership of a broker: what the broker shares, and what the user may create.

    By default it shares nothing and forbids nothing. Pridedesk has no activity settings, lead statuses or contact
    types: their flags are stored without effect.
    """

    broker_user = models.ForeignKey(User, models.PROTECT, related_name="sub_accounts")

    user_can_see_broker_hotnesses = models.BooleanField(default=False)
    is_lead_sources_enabled = models.BooleanField(default=False)  # of contacts: a lead's own are the installation's
    is_contact_activity_settings_enabled = models.BooleanField(default=False)
    is_lead_status_enabled = models.BooleanField(default=False)
    is_contact_types_enabled = models.BooleanField(default=False)
    is_custom_fields_enabled = models.BooleanField(default=False)
    is_contact_ownership_enabled = models.BooleanField(default=False)

    user_can_create_own_hotnesses = models.BooleanField(default=True)
    is_lead_sources_new_enabled = models.BooleanField(default=True)
    is_contact_activity_settings_new_enabled = models.BooleanField(default=True)
    is_lead_status_new_enabled = models.BooleanField(default=True)
    is_custom_fields_new_enabled = models.BooleanField(default=True)
    is_contact_ownership_new_enabled = models.BooleanField(default=True)
    is_contact_types_new_enabled = models.BooleanField(default=True)

    created_at = models.DateTimeField(default=clock.now, editable=False)

    user: User  # which names this

    objects: ClassVar[SubAccountQuerySet] = SubAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        verbose_name = "sub-account"

    def __str__(self) -> str:
        return f"{self.user} under {self.broker_user}"

    @classmethod
    def flags(cls) -> list[str]:
        return [field.name for field in cls._meta.fields if isinstance(field, models.BooleanField)]

    @property
    def user_id(self) -> int:
        return self.user.pk

    def allows(self, right: str) -> bool:
        """Return whether the user has this right. A deactivated broker forbids nothing."""
        return getattr(self, right) or not self.broker_user.is_active

    def may_be_changed_by(self, user: User) -> bool:
        """Only the broker sets what is shared."""
        return self.broker_user_id == user.pk

    def may_be_removed_by(self, user: User) -> bool:
        """The broker lets go of the user, or the user leaves."""
        return user.pk in (self.broker_user_id, self.user_id)
