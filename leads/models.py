"""Inquiries, the rules that route them, and the offers that hand them to somebody (design 6)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from campaigns.models import Campaign
from config import clock
from config.reasons import Reason
from crm.models import Contact, ContactSource, is_seen_by
from messaging.models import Message
from teams.hours import validate_hours
from teams.models import Team, User
from teams.zipcodes import validate_zipcodes


class LeadSource(models.Model):
    """Where leads come from; one list for the installation, seeded with fixed ids (reference 2.24)."""

    name = models.CharField(max_length=255)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(Lower("name"), name="lead_source_name_once")]

    def __str__(self) -> str:
        return self.name


class DistributionTarget(models.TextChoices):
    """Who is to get a lead."""

    MYSELF = "Myself"
    TEAM_ROLLOUT = "Team Rollout"


class LeadRouteQuerySet(models.QuerySet["LeadRoute"]):
    """Questions about routes."""

    def visible_to(self, user: User) -> LeadRouteQuerySet:
        """Only your own (reference 2.26)."""
        return self.filter(owner_user=user)


class LeadRoute(models.Model):
    """A rule: leads of these sources, or of every source, go there, and this campaign is meant for them."""

    name_in_api = "lead route"  # LionDesk's word; people read "rule"

    class TeamSelection(models.TextChoices):
        SPECIFIC_TEAM = "Specific Team"
        ZIPCODE = "Zipcode"

    class OffHours(models.TextChoices):
        """What becomes of a lead that comes in outside the open hours."""

        NEXT_RULE = "Next Rule"
        HOLD_UNTIL_OPEN = "Hold Until Open"

    owner_user = models.ForeignKey(User, models.PROTECT, related_name="lead_routes")
    position = models.PositiveIntegerField(default=0)  # lowest first; see leads.routing
    lead_source = models.ForeignKey(LeadSource, models.PROTECT, null=True, blank=True, related_name="routes")
    contact_source = models.ForeignKey(ContactSource, models.PROTECT, null=True, blank=True, related_name="routes")
    filter = models.CharField(max_length=255, blank=True)  # equals lead.type, ignoring case; "" = any
    distribution_target = models.CharField(max_length=12, choices=DistributionTarget.choices)
    team_selection_method = models.CharField(max_length=13, choices=TeamSelection.choices, null=True, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="lead_routes")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="lead_routes")
    is_automatic = models.BooleanField(default=False)  # ours: offer and enrol without being asked

    # Ours: conditions, each empty for any. Comma lists: one of them, ignoring case.
    types = models.TextField(blank=True)
    cities = models.TextField(blank=True)
    zipcodes = models.TextField(blank=True, validators=[validate_zipcodes])
    listing_statuses = models.TextField(blank=True)
    price_from = models.PositiveBigIntegerField(null=True, blank=True)  # dollars, itself among them
    price_to = models.PositiveBigIntegerField(null=True, blank=True)  # dollars, itself not among them
    # In the zone of the team, else the owner's (teams.hours).
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


class LeadQuerySet(models.QuerySet["Lead"]):
    """Questions about leads."""

    def visible_to(self, user: User) -> LeadQuerySet:
        """Leads you brought in or claimed, and those of contacts you see."""
        brought_or_claimed = models.Q(owner_user=user) | models.Q(claimed_by_user=user)
        return self.filter(brought_or_claimed | is_seen_by(user, through="contact__"))

    def in_hands_of(self, user: User) -> LeadQuerySet:
        """Those that they see, and those of the teams that they created, of which they may not see the contact."""
        return self.filter(models.Q(pk__in=self.model.objects.visible_to(user)) | models.Q(team__creator=user))


class Lead(models.Model):
    """One inquiry of a contact. It is always someone's: unclaimed, it is its owner's."""

    class ClaimedVia(models.TextChoices):
        NONE = "None"
        EMAIL = "Email"
        TEXT = "Text"
        PHONE = "Phone"
        ASSIGNED = "Assigned"
        AUTO = "Auto"

    class ClaimedThrough(models.TextChoices):
        """By which door a claim really came; `claimed_via` is LionDesk's, and may be whatever a client posted."""

        ADMIN = "admin", "in the admin"
        API = "api", "by the API"
        TEXT_LINK = "text_link", "by the link in the text"
        EMAIL_LINK = "email_link", "by the link in the email"
        TEXT_REPLY = "text_reply", "by replying to the text"
        KEY_PRESS = "key_press", "by pressing a key in the call"
        AUTOMATIC = "automatic", "automatically, as their options say"
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
    # Null while it is unclaimed, and for claims older than this column.
    claimed_through = models.CharField(max_length=10, choices=ClaimedThrough.choices, null=True, editable=False)
    time_to_claim = models.IntegerField(null=True, blank=True, editable=False)  # seconds from created_at

    # Its way through the teams. A lead that is taken back or returned is offered in a new round, to everybody anew.
    round = models.PositiveSmallIntegerField(default=0, editable=False)
    hop = models.PositiveSmallIntegerField(default=0, editable=False)  # fallbacks taken in this round
    ponded_at = models.DateTimeField(null=True, blank=True, editable=False)  # since then any member may take it
    contacted_at = models.DateTimeField(null=True, blank=True, editable=False)  # first, by whoever has claimed it
    # Whether the claim made its claimer the contact's assigned user: then that ends with the claim.
    is_contact_given = models.BooleanField(default=False, editable=False)
    merged_into = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="doubles", editable=False
    )
    # Merged on arrival, as the same inquiry sent again (leads.duplicates): never offered to anyone.
    is_duplicate = models.BooleanField(default=False, editable=False)
    # Due work (leads.engine): each is null when there is none.
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
            models.Index(fields=["created_at"], name="lead_came_in"),  # read by leads.report
            # Read by the engine's ticks.
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


class LeadOfferQuerySet(models.QuerySet["LeadOffer"]):
    """Questions about offers."""

    def visible_to(self, user: User) -> LeadOfferQuerySet:
        """Your own offers, and all of the leads you brought in."""
        return self.filter(models.Q(user=user) | models.Q(lead__owner_user=user))

    def open(self) -> LeadOfferQuerySet:
        """Alerted and not yet decided: what may be claimed."""
        return self.filter(status=LeadOffer.Status.SENT)


class LeadOffer(models.Model):
    """One member's turn at one lead."""

    class Status(models.TextChoices):
        PENDING = "Pending"  # planned for `notify_at`
        SENT = "Sent"  # alerted, claimable
        CLAIMED = "Claimed"
        DECLINED = "Declined"
        LOST = "Lost"  # another claimed after this member was alerted
        CANCELLED = "Cancelled"  # the lead was settled before this member's turn, or the member left the team
        EXPIRED = "Expired"  # an exclusive window is over
        RETURNED = "Returned"  # was claimed, then given or taken back

    # Every change of an offer writes to each index: `offered_once` serves for leads, `offer_of_user` for users. A team
    # is looked for when it is removed, and never else.
    lead = models.ForeignKey(Lead, models.CASCADE, db_index=False, related_name="offers")
    team = models.ForeignKey(Team, models.PROTECT, db_index=False, related_name="lead_offers")
    user = models.ForeignKey(User, models.PROTECT, db_index=False, related_name="lead_offers")
    round = models.PositiveSmallIntegerField(default=0)  # the lead's, when this was planned
    # As planned: a later change of the options leaves a standing rollout alone.
    position = models.PositiveIntegerField()
    rank = models.IntegerField(null=True, blank=True)
    notify_at = models.DateTimeField()
    closes_at = models.DateTimeField(null=True, blank=True)  # exclusive windows: it expires then
    assign_automatically = models.BooleanField(default=False)
    has_call_alert = models.BooleanField(default=False)
    has_text_alert = models.BooleanField(default=False)
    has_email_alert = models.BooleanField(default=False)

    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PENDING)
    end_code = models.CharField(max_length=40, blank=True)  # leads.reasons.EndReason, teams.eligibility.SkipReason
    end_details = models.JSONField(null=True, blank=True)
    # What is replied to claim this lead, and the phone (E.164) that was told so: two members may share one. The number
    # differs between the open offers of a phone.
    reply_number = models.PositiveSmallIntegerField(null=True, blank=True)
    reply_phone = models.CharField(max_length=16, blank=True)
    alerted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # One alert a channel, ever: the messages know nothing of offers.
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
            # Read by the engine's tick: whose turn it is.
            models.Index(
                fields=["notify_at", "position", "id"], condition=models.Q(status="Pending"), name="offer_due"
            ),
            # Read by the engine's tick: whose window is over.
            models.Index(
                fields=["closes_at", "id"],
                condition=models.Q(status="Sent", closes_at__isnull=False),
                name="offer_closes",
            ),
            models.Index(fields=["user", "-id"], name="offer_of_user"),  # read by GET /lead-offers
            # Read when a phone's next alert gets its number, and when somebody replies with one.
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
        """Why the offer ended; None while it is open."""
        return Reason(self.end_code, self.end_details or {}) if self.end_code else None

    def may_be_changed_by(self, user: User) -> bool:
        """Only the offered member claims or declines."""
        return self.user_id == user.pk


class RoutingTrace(models.Model):
    """Why a lead went where it went: the rules tried, what failed, what was chosen, who was passed over."""

    lead = models.OneToOneField(Lead, models.CASCADE, related_name="routing_trace")
    decided_at = models.DateTimeField(default=clock.now, editable=False)
    decision = models.JSONField()  # leads.routing.Decision, as JSON
    skipped = models.JSONField(default=list)  # leads.rollout.Skipped, as JSON
    rotation = models.JSONField(null=True)  # leads.trace.told_rotation; null where no round robin turned

    def __str__(self) -> str:
        return f"trace of lead {self.lead_id}"


class TraceEntry(models.Model):
    """Something that happened to a lead after it was first routed, in order. Alerts and claims are its offers'."""

    class Kind(models.TextChoices):
        PLANNED = "Planned"  # offered again: to the rest of a team, or in a new round
        FELL_BACK = "Fell back"
        IN_POND = "In the pond"
        GIVEN = "Given"  # to a user, without a claim
        CLAIMED = "Claimed"
        TAKEN_BACK = "Taken back"  # nobody was contacted in time
        RETURNED = "Returned"
        REASSIGNED = "Reassigned"
        MERGED = "Merged"
        ALARM = "Alarm"
        CONTACTED = "Contacted"
        NOBODY = "Nobody"  # is left to offer it to: it waits for its owner

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


class RotationPlace(models.Model):
    """A member's place in their team's round robin (leads.rotation). Whoever changes one holds the round robin."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="rotation")
    user = models.ForeignKey(User, models.PROTECT, related_name="rotation")
    credit = models.BigIntegerField(default=0)
    last_turn = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="rotation_place_once")]

    def __str__(self) -> str:
        return f"{self.user} in the rotation of {self.team}"


class PondLead(Lead):
    """A lead that any member of its team may take (leads.pond)."""

    class Meta:
        proxy = True


class TeamLead(Lead):
    """A lead of a team, as whoever created the team looks at it (leads.deeds)."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = "lead of your teams", "leads of your teams"


class DistributionReport(Team):
    """A team as its creator looks at it in leads.report: what became of its leads."""

    class Meta:
        proxy = True
