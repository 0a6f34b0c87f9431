"""The round robin of a team."""

from __future__ import annotations

from django.db import models

from teams.models import Team, User


class RotationSlot(models.Model):
    """The credit of a member in their team's round robin (leads.distribution.round_robin).

    Lock the round robin before you change a row.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="rotation")
    user = models.ForeignKey(User, models.PROTECT, related_name="rotation")
    credit = models.BigIntegerField(default=0)
    last_turn = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="rotation_slot_once")]

    def __str__(self) -> str:
        return f"{self.user} in the rotation of {self.team}"
