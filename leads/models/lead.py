"""The model of a lead, with its proxies for the pond and for teams."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from core import clock
from crm.models import Contact, is_seen_by
from leads.models.route import DistributionTarget, LeadRoute
from leads.models.source import LeadSource
from teams.models import Team, User


class LeadQuerySet(models.QuerySet["Lead"]):
    """Queries for leads."""

    def visible_to(self, user: User) -> LeadQuerySet:
        """Return the leads that the user created or claimed, and the leads of contacts they can see."""
        brought_or_claimed = models.Q(owner_user=user) | models.Q(claimed_by_user=user)
        return self.filter(brought_or_claimed | is_seen_by(user, through="contact__"))

    def in_hands_of(self, user: User) -> LeadQuerySet:
        """Return the visible leads, and the leads of teams that the user created, whose contacts they may not see."""
        return self.filter(models.Q(pk__in=self.model.objects.visible_to(user)) | models.Q(team__creator=user))


class Lead(models.Model):
    """One inquiry of a contact. An unclaimed lead belongs to its owner."""

    class ClaimedVia(models.TextChoices):
        NONE = "None"
        EMAIL = "Email"
        TEXT = "Text"
        PHONE = "Phone"
        ASSIGNED = "Assigned"
        AUTO = "Auto"

    class ClaimedThrough(models.TextChoices):
        """How a claim was made. `claimed_via` is LionDesk's field and may be set by a client."""

        ADMIN = "admin", "in the admin"
        API = "api", "by the API"
        TEXT_LINK = "text_link", "by the link in the text"
        EMAIL_LINK = "email_link", "by the link in the email"
        TEXT_REPLY = "text_reply", "by replying to the text"
        KEY_PRESS = "key_press", "by pressing a key in the call"
        AUTOMATIC = "automatic", "automatically, by the member's options"
        ASSIGNMENT = "assignment", "by assignment"

    owner_user = models.ForeignKey(User, models.PROTECT, related_name="leads")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="leads")
    source = models.ForeignKey(LeadSource, models.PROTECT, null=True, blank=True, related_name="leads")

    route = models.ForeignKey(LeadRoute, models.SET_NULL, null=True, blank=True, related_name="leads", editable=False)
    distribution_target = models.CharField(max_length=12, choices=DistributionTarget.choices, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="leads", editable=False)

    claimed_by_user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="claimed_leads", editable=False
    )
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    claimed_via = models.CharField(max_length=8, choices=ClaimedVia.choices, default=ClaimedVia.NONE)
    # Null for an unclaimed lead, and for claims older than this column.
    claimed_through = models.CharField(max_length=10, choices=ClaimedThrough.choices, null=True, editable=False)
    time_to_claim = models.IntegerField(null=True, blank=True, editable=False)  # seconds from created_at

    # Progress in distribution. A lead that is taken back or returned is offered again to all members, in a new round.
    distribution_round = models.PositiveSmallIntegerField(default=0, editable=False)
    fallback_count = models.PositiveSmallIntegerField(default=0, editable=False)  # in this round
    ponded_at = models.DateTimeField(null=True, blank=True, editable=False)  # when it fell into the pond
    contacted_at = models.DateTimeField(null=True, blank=True, editable=False)  # first contact by the claimer
    # Whether the claim assigned the contact to the claimer. If so, the assignment ends with the claim.
    has_assigned_contact = models.BooleanField(default=False, editable=False)
    merged_into = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="duplicates", editable=False
    )
    # Merged on receipt as a duplicate (leads.lifecycle.duplicates). It is never offered.
    is_duplicate = models.BooleanField(default=False, editable=False)
    # Due work (leads.jobs). Null means that none is due.
    falls_back_at = models.DateTimeField(null=True, blank=True, editable=False)
    alarm_at = models.DateTimeField(null=True, blank=True, editable=False)
    contact_due_at = models.DateTimeField(null=True, blank=True, editable=False)

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
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[LeadQuerySet] = LeadQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(claimed_by_user__isnull=True, claimed_at__isnull=True)
                | models.Q(claimed_by_user__isnull=False, claimed_at__isnull=False),
                name="lead_claim_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="lead_came_in"),  # read by leads.reporting
            # Read by leads.jobs.
            models.Index(
                fields=["falls_back_at", "id"], condition=models.Q(falls_back_at__isnull=False), name="lead_falls_back"
            ),
            models.Index(fields=["alarm_at", "id"], condition=models.Q(alarm_at__isnull=False), name="lead_alarm"),
            models.Index(
                fields=["contact_due_at", "id"],
                condition=models.Q(contact_due_at__isnull=False),
                name="lead_contact_due",
            ),
            # Read by GET /pond.
            models.Index(fields=["team", "id"], condition=models.Q(ponded_at__isnull=False), name="lead_in_pond"),
        ]

    def __str__(self) -> str:
        return f"lead {self.pk}: {self.contact}"

    @property
    def opens_contact(self) -> bool:
        """Whether a claim gives access to the contact: only if the owner of the lead may assign the contact.

        Otherwise a colleague could create a lead about a contact that they see through a team, claim it, and keep the
        contact after leaving the team.
        """
        return self.owner_user_id in self.contact.assigner_ids


class PondLead(Lead):
    """A lead that any member of its team may claim (leads.lifecycle.pond)."""

    class Meta:
        proxy = True


class LeadOfTeam(Lead):
    """A lead in the admin of its team lead."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = "lead of your teams", "leads of your teams"
