"""Events that programs report about a contact, and their properties."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from core import clock
from crm.models.contact import Contact, is_below_seen
from teams.models import User


class EventQuerySet(models.QuerySet["Event"]):
    """Questions about events."""

    def visible_to(self, user: User) -> EventQuerySet:
        """Those of the contacts you see."""
        return self.filter(is_below_seen(user))


class Event(models.Model):
    """Something a contact did, such as looking at a house."""

    class Source(models.TextChoices):
        WEB = "web"
        DISPOSITION = "disposition"  # of a call
        API = "api"

    user = models.ForeignKey(User, models.PROTECT, related_name="events", db_index=False)  # the user who reported it
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="events")
    source = models.CharField(max_length=11, choices=Source.choices, default=Source.API, editable=False)
    type = models.CharField(max_length=45)  # free; "property_viewed" is one that LionDesk showed
    description = models.CharField(max_length=2000, blank=True)
    site_domain = models.CharField(max_length=100, blank=True)
    dialer_session_id = models.BigIntegerField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now)  # may be posted, as may
    modified_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[EventQuerySet] = EventQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["created_at", "id"], name="event_created")]  # read by $sort[created_at]

    def __str__(self) -> str:
        return f"{self.type} of {self.contact}"

    def may_be_changed_by(self, user: User) -> bool:
        """Only the contact's owner may change it, not the user who reported it."""
        return self.contact.owner_user_id == user.pk


# Fields of a property, by column name.
PROPERTY_COLUMNS = [
    "mls",
    "url",
    "address",
    "city",
    "state",
    "zip",
    "beds",
    "full_baths",
    "half_baths",
    "type",
    "square_feet",
    "listing_price",
    "estimated_value",
    "last_sold_price",
    "listing_status",
    "listing_days_on_market",
    "year_built",
    "last_sold_at",
    "listed_at",
    "latitude",
    "longitude",
    "images",
]


class EventProperty(models.Model):
    """The house, flat or land that an event is about."""

    event = models.OneToOneField(Event, models.CASCADE, related_name="property")
    mls = models.CharField(max_length=255, blank=True)
    url = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=200, blank=True)  # street and number
    city = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=200, blank=True)
    zip = models.CharField(max_length=200, blank=True)
    beds = models.IntegerField(null=True, blank=True)
    full_baths = models.IntegerField(null=True, blank=True)
    half_baths = models.IntegerField(null=True, blank=True)
    type = models.CharField(max_length=45, blank=True)  # in words: "Single Family Home"
    square_feet = models.CharField(max_length=45, blank=True)
    listing_price = models.DecimalField(max_digits=15, decimal_places=2, null=True, blank=True)
    estimated_value = models.DecimalField(max_digits=15, decimal_places=2, null=True, blank=True)
    last_sold_price = models.DecimalField(max_digits=15, decimal_places=2, null=True, blank=True)
    listing_status = models.CharField(max_length=45, blank=True)
    listing_days_on_market = models.IntegerField(null=True, blank=True)
    year_built = models.IntegerField(null=True, blank=True)
    last_sold_at = models.DateTimeField(null=True, blank=True)
    listed_at = models.DateTimeField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    images = models.CharField(max_length=255, blank=True)  # addresses, comma-separated

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "event properties"

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.address, self.city])) or f"property {self.pk}"

    @property
    def contact_id(self) -> int:
        return self.event.contact_id

    def may_be_changed_by(self, user: User) -> bool:
        """As its event."""
        return self.event.may_be_changed_by(user)
