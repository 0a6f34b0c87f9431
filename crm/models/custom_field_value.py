"""Values of custom fields."""

from __future__ import annotations

from django.db import models

from crm.models.contact import Contact
from crm.models.lookups import CustomField


class CustomFieldValue(models.Model):
    """What one contact has in one custom field, as it was typed; a contact without a value has no row."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="custom_field_values", db_index=False)
    field = models.ForeignKey(CustomField, models.CASCADE, related_name="values")
    value = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "field"], name="custom_field_value_once")]

    def __str__(self) -> str:
        return self.value
