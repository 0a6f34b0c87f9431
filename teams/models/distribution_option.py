"""How one member of a team is offered leads."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models

from core import clock
from teams.models.people import MINUTES, Team, User

MAX_WEIGHT = 1000  # a typing error must not keep all other members from getting leads


class DistributionOptionQuerySet(models.QuerySet["TeamMemberDistributionOption"]):
    """Questions about distribution options."""

    def visible_to(self, user: User) -> DistributionOptionQuerySet:
        """Only those of teams you created."""
        return self.filter(team__creator=user)


class TeamMemberDistributionOption(models.Model):
    """When and how one member of a team is offered a lead."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="distribution_options")
    user = models.ForeignKey(User, models.PROTECT, related_name="distribution_options")
    rank = models.IntegerField(null=True, blank=True)  # lowest first, null last; only with Rank
    # Minutes from the creation of the offers; only with Time.
    mins_until_lead_offer = models.IntegerField(null=True, blank=True, validators=MINUTES)
    assign_automatically = models.BooleanField(default=False)
    has_call_alert = models.BooleanField(default=False)
    has_text_alert = models.BooleanField(default=False)
    has_email_alert = models.BooleanField(default=False)

    # Ours.
    weight = models.PositiveSmallIntegerField(default=1, validators=[MaxValueValidator(MAX_WEIGHT)])  # Round Robin
    paused_until = models.DateTimeField(null=True, blank=True)
    # Leads; null = no cap, zero = none at all.
    cap_open = models.PositiveIntegerField(null=True, blank=True)  # at a time: offered, or claimed without a contact
    cap_day = models.PositiveIntegerField(null=True, blank=True)  # in one day of the member's: offered or claimed
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[DistributionOptionQuerySet] = DistributionOptionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="distribution_option_once"),
            models.CheckConstraint(
                condition=models.Q(mins_until_lead_offer__gte=0), name="distribution_option_delay_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"

    def may_be_changed_by(self, user: User) -> bool:
        """The team's creator sets who is offered leads."""
        return self.team.creator_id == user.pk
