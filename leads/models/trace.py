"""The trace of a lead: its routing decision and later events."""

from __future__ import annotations

from django.db import models

from core import clock
from leads.models.lead import Lead
from teams.models import User


class RoutingTrace(models.Model):
    """Routing decision of a lead: evaluated rules, mismatches, the chosen rule, skipped members."""

    lead = models.OneToOneField(Lead, models.CASCADE, related_name="routing_trace")
    decided_at = models.DateTimeField(default=clock.now, editable=False)
    decision = models.JSONField()  # leads.routing.router.Decision, as JSON
    skipped = models.JSONField(default=list)  # leads.distribution.offer_plan.SkippedMember, as JSON
    rotation = models.JSONField(null=True)  # leads.history.trace_log.rotation_json; null without a round robin

    def __str__(self) -> str:
        return f"trace of lead {self.lead_id}"


class TraceEntry(models.Model):
    """An event of a lead after it was routed, in order. Alerts and claims are stored in its offers."""

    class Kind(models.TextChoices):
        PLANNED = "Planned"  # offered again: to the rest of a team, or in a new round
        FELL_BACK = "Fell back"
        IN_POND = "In the pond"
        ASSIGNED = "Assigned"  # to a user, without a claim
        CLAIMED = "Claimed"
        TAKEN_BACK = "Taken back"  # the person was not contacted in time
        RETURNED = "Returned"
        REASSIGNED = "Reassigned"
        MERGED = "Merged"
        ALARM = "Alarm"
        CONTACTED = "Contacted"
        NO_MEMBER = "No member"  # no further recipient: it waits for its owner

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="trace_entries")
    at = models.DateTimeField()
    kind = models.CharField(max_length=11, choices=Kind.choices)
    actor_user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")  # null = the server
    code = models.CharField(max_length=40, blank=True)  # leads.reasons: EventCode, FallbackReason
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"lead {self.lead_id}: {self.kind}"
