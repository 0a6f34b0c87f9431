"""Codes that are texted to users' phones."""

from django.db import models

from core import clock
from teams.models.people import User


class PhoneCode(models.Model):
    """A code texted to a user's phone, to confirm that it is theirs. Only the latest code of a user is valid."""

    user = models.ForeignKey(User, models.CASCADE, related_name="phone_codes")
    number = models.CharField(max_length=16)  # E.164: whose phone it confirms, and only while that is the user's
    code_hash = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        # How many codes were sent to a number recently, by any user's request?
        indexes = [models.Index(fields=["number", "created_at"], name="phone_code_of_number")]

    def __str__(self) -> str:
        return f"code {self.pk} for {self.user}"
