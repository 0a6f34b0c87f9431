"""Offers of leads to team members."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from core import clock
from core.reasons import Reason
from leads.models.lead import Lead
from messaging.models import Message
from teams.models import Team, User


class LeadOfferQuerySet(models.QuerySet["LeadOffer"]):
    """Queries for offers."""

    def visible_to(self, user: User) -> LeadOfferQuerySet:
        """Return the offers to the user, and all offers of leads that they created."""
        return self.filter(models.Q(user=user) | models.Q(lead__owner_user=user))

    def open(self) -> LeadOfferQuerySet:
        """Return the offers that can be claimed: alerted and not ended."""
        return self.filter(status=LeadOffer.Status.SENT)


class LeadOffer(models.Model):
    """One lead offered to one member."""

    class Status(models.TextChoices):
        PENDING = "Pending"  # planned for `notify_at`
        SENT = "Sent"  # alerted, claimable
        CLAIMED = "Claimed"
        DECLINED = "Declined"
        LOST = "Lost"  # another member claimed after this one was alerted
        CANCELLED = "Cancelled"  # the lead was claimed before this member's turn, or the member left the team
        EXPIRED = "Expired"  # the exclusive window ended
        RETURNED = "Returned"  # was claimed, then returned, reassigned or taken back

    # Every change of an offer writes to each index: `offered_once` serves for leads, `offer_of_user` for users. Offers
    # are searched by team only when a team is removed.
    lead = models.ForeignKey(Lead, models.CASCADE, db_index=False, related_name="offers")
    team = models.ForeignKey(Team, models.PROTECT, db_index=False, related_name="lead_offers")
    user = models.ForeignKey(User, models.PROTECT, db_index=False, related_name="lead_offers")
    round = models.PositiveSmallIntegerField(default=0)  # distribution_round of the lead when this was planned
    # As planned: later changes of options do not change a rollout in progress.
    position = models.PositiveIntegerField()
    rank = models.IntegerField(null=True, blank=True)
    notify_at = models.DateTimeField()
    closes_at = models.DateTimeField(null=True, blank=True)  # end of the exclusive window
    assign_automatically = models.BooleanField(default=False)
    has_call_alert = models.BooleanField(default=False)
    has_text_alert = models.BooleanField(default=False)
    has_email_alert = models.BooleanField(default=False)

    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PENDING)
    end_code = models.CharField(max_length=40, blank=True)  # leads.reasons.EndReason, teams.eligibility.SkipReason
    end_details = models.JSONField(null=True, blank=True)
    # The number to reply to claim this lead, and the phone (E.164) that was alerted: two members may share one. The
    # open offers of a phone have different numbers.
    reply_number = models.PositiveSmallIntegerField(null=True, blank=True)
    reply_phone = models.CharField(max_length=16, blank=True)
    alerted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # At most one alert per channel. Messages do not refer to offers.
    alert_text = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+")
    alert_email = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+")
    alert_call = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[LeadOfferQuerySet] = LeadOfferQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["lead", "user", "round"], name="offered_once"),
            models.UniqueConstraint(fields=["lead"], condition=models.Q(status="Claimed"), name="one_claim_per_lead"),
            models.UniqueConstraint(
                fields=["reply_phone", "reply_number"],
                condition=models.Q(status="Sent", reply_number__isnull=False),
                name="reply_number_once_per_phone",
            ),
            *(
                models.UniqueConstraint(
                    fields=[alert], condition=models.Q((f"{alert}__isnull", False)), name=f"one_offer_per_{alert}"
                )
                for alert in ("alert_text", "alert_email", "alert_call")
            ),
        ]
        indexes = [
            # Read by leads.jobs: due offers.
            models.Index(
                fields=["notify_at", "position", "id"], condition=models.Q(status="Pending"), name="offer_due"
            ),
            # Read by leads.jobs: ended windows.
            models.Index(
                fields=["closes_at", "id"],
                condition=models.Q(status="Sent", closes_at__isnull=False),
                name="offer_closes",
            ),
            models.Index(fields=["user", "-id"], name="offer_of_user"),  # read by GET /lead-offers
            # Read when the next alert to a phone gets its number, and when a reply with a number arrives.
            models.Index(
                fields=["reply_phone", "-alerted_at"],
                condition=models.Q(reply_number__isnull=False),
                name="offer_numbers",
            ),
        ]

    def __str__(self) -> str:
        return f"lead {self.lead_id} to {self.user}: {self.status}"

    @property
    def end_reason(self) -> Reason | None:
        """Return why the offer ended; None while it is open."""
        return Reason(self.end_code, self.end_details or {}) if self.end_code else None

    def may_be_changed_by(self, user: User) -> bool:
        """Only the member who is offered the lead can claim or decline."""
        return self.user_id == user.pk
