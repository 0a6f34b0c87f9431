"""Addresses of contacts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from core import clock
from crm.models.contact import Contact, is_below_seen
from teams.models import User

ADDRESS_TYPES = ("Home", "Main Office", "Branch Office", "Second Home", "Investment", "Mailing")  # as documented


class AddressQuerySet(models.QuerySet["Address"]):
    """Questions about addresses."""

    def visible_to(self, user: User) -> AddressQuerySet:
        """Those of the contacts you see."""
        return self.filter(is_below_seen(user))


class Address(models.Model):
    """Where a contact lives, works or owns a house."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="addresses")
    type = models.CharField(max_length=45, blank=True)  # one of ADDRESS_TYPES, or another text that a client sent
    street_address_1 = models.CharField(max_length=45, blank=True)
    street_address_2 = models.CharField(max_length=45, null=True, blank=True)
    zip = models.CharField(max_length=45, blank=True)
    city = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=200, blank=True)  # documented as spelled in full
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[AddressQuerySet] = AddressQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "addresses"

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.street_address_1, self.city])) or f"address {self.pk}"

    def may_be_changed_by(self, user: User) -> bool:
        """Users who may work with the contact may change its addresses."""
        return self.contact.may_be_changed_by(user)
