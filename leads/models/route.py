"""Lead routes: the rules that decide where leads go."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from campaigns.models import Campaign
from core import clock
from core.postal_codes import validate_zipcodes
from crm.models import ContactSource
from leads.models.source import LeadSource
from teams.business_hours import validate_hours
from teams.models import Team, User


class DistributionTarget(models.TextChoices):
    """Which team or user gets a lead."""

    MYSELF = "Myself"
    TEAM_ROLLOUT = "Team Rollout"


class LeadRouteQuerySet(models.QuerySet["LeadRoute"]):
    """Queries for routes."""

    def visible_to(self, user: User) -> LeadRouteQuerySet:
        """Return the routes of the user."""
        return self.filter(owner_user=user)


class LeadRoute(models.Model):
    """A rule: leads of this source, or of every source, go to this team or to the owner, and start this campaign."""

    name_in_api = "lead route"  # LionDesk's word; people read "rule"

    class TeamSelection(models.TextChoices):
        SPECIFIC_TEAM = "Specific Team"
        ZIPCODE = "Zipcode"

    class OffHours(models.TextChoices):
        """What happens to a lead that is received outside the open hours."""

        NEXT_RULE = "Next Rule"
        HOLD_UNTIL_OPEN = "Hold Until Open"

    owner_user = models.ForeignKey(User, models.PROTECT, related_name="lead_routes")
    position = models.PositiveIntegerField(default=0)  # lowest first; see leads.routing.router
    lead_source = models.ForeignKey(LeadSource, models.PROTECT, null=True, blank=True, related_name="routes")
    contact_source = models.ForeignKey(ContactSource, models.PROTECT, null=True, blank=True, related_name="routes")
    filter = models.CharField(max_length=255, blank=True)  # equals lead.type, ignoring case; "" = any
    distribution_target = models.CharField(max_length=12, choices=DistributionTarget.choices)
    team_selection_method = models.CharField(max_length=13, choices=TeamSelection.choices, null=True, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="lead_routes")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="lead_routes")
    is_automatic = models.BooleanField(default=False)  # ours: distribute and enroll immediately

    # Ours: conditions. Empty matches any value. Comma lists match any of their values, ignoring case.
    types = models.TextField(blank=True)
    cities = models.TextField(blank=True)
    zipcodes = models.TextField(blank=True, validators=[validate_zipcodes])
    listing_statuses = models.TextField(blank=True)
    price_from = models.PositiveBigIntegerField(null=True, blank=True)  # dollars, inclusive
    price_to = models.PositiveBigIntegerField(null=True, blank=True)  # dollars, exclusive
    # In the time zone of the team, otherwise of the owner (teams.business_hours).
    open_hours = models.CharField(max_length=1000, blank=True, validators=[validate_hours])
    off_hours = models.CharField(max_length=15, choices=OffHours.choices, default=OffHours.NEXT_RULE)
    # To the member who claimed the contact's last lead.
    is_returning_to_claimer = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[LeadRouteQuerySet] = LeadRouteQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "lead rule"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(distribution_target="Myself", team_selection_method__isnull=True, team__isnull=True)
                | models.Q(
                    distribution_target="Team Rollout", team_selection_method="Specific Team", team__isnull=False
                )
                | models.Q(distribution_target="Team Rollout", team_selection_method="Zipcode", team__isnull=True),
                name="route_target_is_whole",
            ),
            models.CheckConstraint(condition=models.Q(price_from__lt=models.F("price_to")), name="route_price_band"),
        ]
        indexes = [models.Index(fields=["owner_user", "position", "id"], name="route_in_order")]  # read by routing

    def __str__(self) -> str:
        source = self.lead_source or self.contact_source or "Any source"
        return f"route {self.pk}: {source} to {self.team or self.distribution_target}"

    def may_be_changed_by(self, user: User) -> bool:
        return self.owner_user_id == user.pk
