"""Users, teams and their members."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower

from core import clock
from core.phone_numbers import e164, validate_phone
from core.text import normalize_email, to_one_line, trim
from teams.business_hours import validate_hours
from teams.timezones import hours_from_gmt, validate_zone

# A year, so that no interval passes the end of the calendar. 0 means immediately.
MINUTES = [MinValueValidator(0), MaxValueValidator(366 * 24 * 60)]


def default_timezone() -> str:
    """The zone of users who name none."""
    return str(settings.DEFAULT_TIME_ZONE)


class EmailUserManager(UserManager["User"]):
    """Makes users by email; the username defaults to it."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:  # type: ignore[override]
        return super().create_user(fields.pop("username", email), email, password, **fields)

    def visible_to(self, user: User) -> models.QuerySet[User]:
        """The API shows a user themself; an administrator's list is the admin's."""
        return self.filter(pk=user.pk)

    def within_reach_of(self, user: User) -> models.QuerySet[User]:
        """Those to whom `user` may assign things: themself and the accepted members of their teams."""
        teams = Team.objects.joined_by(user)
        return self.filter(
            models.Q(pk=user.pk)
            | models.Q(memberships__team__in=teams, memberships__request_status=TeamMember.RequestStatus.ACCEPTED)
            | models.Q(created_teams__in=teams),
            is_active=True,
        ).distinct()


class User(AbstractUser):  # type: ignore[django-manager-missing]  # of the untyped oauth2_provider
    """A user of this installation. Deactivated, never deleted, so that their history keeps its author."""

    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    email = models.EmailField(max_length=255, unique=True)
    username = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=255, blank=True, validators=[validate_phone])
    phone_e164 = models.CharField(max_length=16, blank=True, editable=False)
    # `phone_e164` after its confirmation, before that "". Texts and calls to a user go only to this number, and only
    # replies and key presses from it count as theirs.
    confirmed_phone = models.CharField(max_length=16, blank=True, default="", db_default="", editable=False)
    phone_confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The number the system texts from on this user's behalf, E.164; written by messaging. "" when none.
    system_phone = models.CharField(max_length=16, blank=True, editable=False)
    timezone = models.CharField(max_length=200, default=default_timezone, validators=[validate_zone])
    profile_picture = models.CharField(max_length=200, blank=True)  # a URL, with or without its scheme
    # When they take no leads, in their own zone (leads.availability). Hours: see teams.business_hours; none is always.
    paused_until = models.DateTimeField(null=True, blank=True)
    test_alert_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    working_hours = models.CharField(max_length=1000, blank=True, validators=[validate_hours])
    days_off = ArrayField(models.DateField(), default=list, blank=True)
    # Their place under a broker. Here, so that every request knows at no cost that its user has none.
    sub_account = models.OneToOneField(
        "teams.SubAccount", models.SET_NULL, null=True, blank=True, editable=False, related_name="user"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    # The ids of those whose contacts they see, where a request has read them first (teams.visibility.sharer_ids).
    visible_owner_ids: Sequence[int] | None = None

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[EmailUserManager] = EmailUserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),  # the log-in (teams.backends)
            models.UniqueConstraint(Lower("username"), name="user_username_unique"),
            models.UniqueConstraint(
                "system_phone", condition=~models.Q(system_phone=""), name="user_system_phone_unique"
            ),
            # A changed phone is unconfirmed, independent of how it was changed.
            models.CheckConstraint(
                condition=models.Q(confirmed_phone="", phone_confirmed_at__isnull=True)
                | models.Q(
                    ~models.Q(confirmed_phone=""),
                    confirmed_phone=models.F("phone_e164"),
                    phone_confirmed_at__isnull=False,
                ),
                name="user_confirmed_phone_is_theirs",
            ),
        ]
        indexes = [
            # Whose phone is texting in? Read by messaging.inbound.texts.
            models.Index(fields=["confirmed_phone"], condition=~models.Q(confirmed_phone=""), name="user_phone"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.keep_trimmed()
        self.username = self.username or self.email
        self.phone_e164 = e164(self.phone)
        if self.confirmed_phone != self.phone_e164:
            self.confirmed_phone, self.phone_confirmed_at = "", None
        if "phone" in (fields := kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*fields, "phone_e164", "confirmed_phone", "phone_confirmed_at"}
        super().save(*args, **kwargs)

    def confirm_phone(self, now: datetime) -> None:
        """Confirm the phone. The caller saves. A user without a phone stays without a confirmed one."""
        self.keep_trimmed()
        self.phone_e164 = self.confirmed_phone = e164(self.phone)
        self.phone_confirmed_at = now if self.confirmed_phone else None

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Forms and commands validate what will be kept."""
        self.keep_trimmed()
        super().clean_fields(exclude=exclude)

    def keep_trimmed(self) -> None:
        """Keep names, email and phone without what a form or a program puts about them."""
        self.first_name, self.last_name = to_one_line(self.first_name), to_one_line(self.last_name)
        self.email, self.phone = normalize_email(self.email), trim(self.phone)

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def may_be_changed_by(self, user: User) -> bool:
        """By the API each user changes only their own record. Operators change others in the admin."""
        return self.pk == user.pk

    def has_right(self, right: str) -> bool:
        """Return whether the broker grants this right (a flag of SubAccount). Without a broker: all rights."""
        return self.sub_account is None or self.sub_account.allows(right)

    @property
    def zone(self) -> ZoneInfo:
        """The wall clock this user lives by."""
        return ZoneInfo(self.timezone)

    def timezone_offset(self, now: datetime) -> float:
        """Hours from GMT at `now`, as the API shows them: -8, or 5.5."""
        return hours_from_gmt(now, self.zone)


class TeamQuerySet(models.QuerySet["Team"]):
    """Questions about teams."""

    def joined_by(self, user: User) -> TeamQuerySet:
        """Teams `user` created or is an accepted member of, while their creator works here."""
        accepted = TeamMember.objects.accepted().filter(user=user)
        mine = models.Q(creator=user) | models.Q(pk__in=accepted.values("team_id"))
        return self.filter(mine, creator__is_active=True)

    def visible_to(self, user: User) -> TeamQuerySet:
        """Teams you created or belong to."""
        return self.joined_by(user)

    def with_fallback_user(self) -> TeamQuerySet:
        """With the users to whom leads fall back, and `reaches_fallback_user`: whether the creator is in a team with
        that one still, or is that one."""
        creator, user = models.OuterRef("creator"), models.OuterRef("fallback_user")
        shared = Team.objects.filter(of_team(creator), of_team(user))
        is_reached = models.Q(fallback_user=models.F("creator")) | models.Exists(shared)
        return self.select_related("fallback_user").annotate(reaches_fallback_user=is_reached)


def of_team(user: models.OuterRef) -> models.Q:
    """Teams which this user, a column of the outer query, created or is an accepted member of."""
    places = TeamMember.objects.accepted().filter(team=models.OuterRef("pk"), user=models.OuterRef(user))
    return models.Q(creator=user) | models.Q(models.Exists(places))


class Team(models.Model):
    """Users who share contacts and are offered leads together."""

    class OrderMethod(models.TextChoices):
        RANK = "Rank"
        TIME = "Time"
        ROUND_ROBIN = "Round Robin"  # ours: by rank, but begun with another member for each lead
        BROADCAST = "Broadcast"  # beyond LionDesk: all members together

    class ClaimPreview(models.TextChoices):
        """What an agent sees of a lead before the claim. Contact details are never included."""

        AREA = "Area"  # what is asked for, and where
        SUMMARY = "Summary"  # that, and the person's name
        MESSAGE = "Message"  # that, and what they wrote

    class FallbackTarget(models.TextChoices):
        """Who gets a lead that no member of the team claimed."""

        TEAM = "Team"
        POND = "Pond"  # any member may take it, whenever they like
        USER = "User"

    creator = models.ForeignKey(User, models.PROTECT, related_name="created_teams")
    name = models.CharField(max_length=255)
    is_contact_resource_sharing_enabled = models.BooleanField(default=False)
    order_method = models.CharField(max_length=11, choices=OrderMethod.choices, default=OrderMethod.RANK)
    # Minutes; null means 5, 0 means all members immediately. Only for Rank and Round Robin.
    mins_until_next_alert = models.IntegerField(null=True, blank=True, validators=MINUTES)
    # As given: "91109,92618,32899".
    distribution_zipcodes = models.TextField(blank=True, default="")

    # Ours, each off until it is set.
    timezone = models.CharField(max_length=200, blank=True, validators=[validate_zone])  # "" = the creator's
    holidays = ArrayField(models.DateField(), default=list, blank=True)  # no leads are offered on these dates
    is_exclusive_window = models.BooleanField(default=False)  # an offer closes when the next one opens
    claim_preview = models.CharField(max_length=7, choices=ClaimPreview.choices, default=ClaimPreview.SUMMARY)
    mins_until_alarm = models.IntegerField(null=True, blank=True, validators=MINUTES)  # unclaimed: notify the creator
    mins_until_contact = models.IntegerField(null=True, blank=True, validators=MINUTES)  # claimed, or offered again
    mins_until_fallback = models.IntegerField(null=True, blank=True, validators=MINUTES)  # after the last alert
    fallback_target = models.CharField(max_length=4, choices=FallbackTarget.choices, null=True, blank=True)
    fallback_team = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="falls_back_from")
    fallback_user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="falls_back_from")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    modified_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[TeamQuerySet] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(mins_until_next_alert__gte=0), name="team_interval_not_negative"),
            models.CheckConstraint(
                condition=models.Q(fallback_target="Team", fallback_team__isnull=False, fallback_user__isnull=True)
                | models.Q(fallback_target="User", fallback_team__isnull=True, fallback_user__isnull=False)
                | models.Q(
                    models.Q(fallback_target="Pond") | models.Q(fallback_target__isnull=True),
                    fallback_team__isnull=True,
                    fallback_user__isnull=True,
                ),
                name="team_fallback_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The wall clock of the team."""
        return ZoneInfo(self.timezone) if self.timezone else self.creator.zone

    def may_be_changed_by(self, user: User) -> bool:
        """Only its creator administers a team."""
        return self.creator_id == user.pk


class TeamMemberQuerySet(models.QuerySet["TeamMember"]):
    """Questions about memberships."""

    def visible_to(self, user: User) -> TeamMemberQuerySet:
        """Your own memberships, and all of the teams you accepted or created."""
        return self.filter(models.Q(user=user) | models.Q(team__in=Team.objects.joined_by(user).values("pk")))

    def accepted(self) -> TeamMemberQuerySet:
        return self.filter(request_status=TeamMember.RequestStatus.ACCEPTED)


class TeamMember(models.Model):
    """A user's place in a team: invited, and accepted or declined by that user alone."""

    class RequestStatus(models.TextChoices):
        ACCEPTED = "Accepted"
        PENDING = "Pending"
        DECLINED = "Declined"

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    request_status = models.CharField(max_length=8, choices=RequestStatus.choices, default=RequestStatus.PENDING)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[TeamMemberQuerySet] = TeamMemberQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="team_member_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"

    @property
    def is_accepted(self) -> bool:
        return self.request_status == self.RequestStatus.ACCEPTED

    def may_be_changed_by(self, user: User) -> bool:
        """Only the invited user answers an invitation, not even the team's creator."""
        return self.user_id == user.pk

    def may_be_removed_by(self, user: User) -> bool:
        """The member leaves, or the creator removes them."""
        return user.pk in (self.user_id, self.team.creator_id)
