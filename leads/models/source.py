"""Lead sources."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower


class LeadSource(models.Model):
    """Where leads come from. One list for the installation, seeded with fixed ids."""

    name = models.CharField(max_length=255)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(Lower("name"), name="lead_source_name_once")]

    def __str__(self) -> str:
        return self.name
