"""Two tables with the columns that the service shows of contacts and leads, and the indexes that look-ups need."""

from django.db import models
from django.utils import timezone


class Contact(models.Model):
    owner_user_id = models.BigIntegerField(null=True)
    assigned_user_id = models.BigIntegerField(null=True)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=255, blank=True, db_index=True)
    mobile_phone = models.CharField(max_length=255, blank=True, db_index=True)
    home_phone = models.CharField(max_length=45, blank=True)
    office_phone = models.CharField(max_length=45, blank=True)
    fax = models.CharField(max_length=45, blank=True)
    company = models.CharField(max_length=45, blank=True)
    birthday = models.CharField(max_length=45, blank=True)
    anniversary = models.CharField(max_length=45, blank=True)
    spouse_name = models.CharField(max_length=45, blank=True)
    spouse_email = models.CharField(max_length=45, blank=True)
    spouse_phone = models.CharField(max_length=255, blank=True)
    spouse_birthday = models.CharField(max_length=255, blank=True)
    tags = models.CharField(max_length=508, blank=True)
    hotness_id = models.BigIntegerField(null=True)
    source_id = models.BigIntegerField(null=True)
    is_do_not_contact = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "bare"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.email


class Lead(models.Model):
    owner_user_id = models.BigIntegerField(null=True)
    contact = models.ForeignKey(Contact, models.CASCADE)
    source_id = models.BigIntegerField(null=True)
    distribution_target = models.CharField(max_length=12, blank=True)
    claimed_by_user_id = models.BigIntegerField(null=True)
    claimed_at = models.DateTimeField(null=True)
    claimed_via = models.CharField(max_length=8, blank=True)
    time_to_claim = models.IntegerField(null=True)
    text_body = models.TextField(blank=True)
    html_body = models.TextField(blank=True)
    mls_id = models.CharField(max_length=255, blank=True)
    listing_status = models.CharField(max_length=255, blank=True)
    listing_price = models.CharField(max_length=255, blank=True)
    street_address = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=255, blank=True)
    zipcode = models.CharField(max_length=255, blank=True)
    type = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "bare"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"lead {self.pk}"
