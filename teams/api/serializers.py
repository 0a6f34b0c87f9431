"""How users, teams and sub-accounts look to clients."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from api.fields import CommaList, LenientDates, LenientField, LenientSerializer, LenientText, ReasonField, Reference
from core.phone_numbers import validate_phone
from teams.api import examples
from teams.business_hours import validate_hours
from teams.models import SubAccount, Team, TeamMember, TeamMemberDistributionOption, User
from teams.sub_accounts import eligible_sub_accounts
from teams.timezones import zone_named


class ZoneField(LenientField):
    """An IANA time zone, in any case."""

    def read(self, value: object) -> str:
        return zone_named(str(value))


class ZoneOrNone(ZoneField):
    """The time zone of another user, who may have none."""

    def run_validation(self, data: Any = empty) -> Any:
        return "" if data is None or data == "" else super().run_validation(data)


class UserSerializer(LenientSerializer[User]):
    """A user as they see themself."""

    timezone_offset = serializers.SerializerMethodField()
    timezone = ZoneField(required=False)
    working_hours = LenientText(max_length=1000, required=False, allow_blank=True, validators=[validate_hours])
    days_off = LenientDates(required=False)

    class Meta:
        model = User
        example = examples.USER
        fields = [
            "id",
            "first_name",
            "last_name",
            "email",
            "username",
            "phone",
            "phone_confirmed_at",
            "system_phone",
            "timezone_offset",
            "timezone",
            "profile_picture",
            "paused_until",
            "working_hours",
            "days_off",
            "created_at",
            "modified_at",
        ]
        read_only_fields = ["email", "username", "phone_confirmed_at", "system_phone", "created_at", "modified_at"]

    def validate_phone(self, phone: str) -> str:
        if phone:
            validate_phone(phone)
        return phone

    def get_timezone_offset(self, user: User) -> float:
        return user.timezone_offset(self.context["view"].now)


def teams_created_by(user: User) -> QuerySet[Team]:
    return Team.objects.filter(creator=user)


class TeamSerializer(LenientSerializer[Team]):
    distribution_zipcodes = CommaList(required=False, allow_blank=True)
    timezone = ZoneOrNone(required=False)
    holidays = LenientDates(required=False)
    fallback_team_id = Reference("fallback_team", among=teams_created_by, required=False, allow_null=True)
    fallback_user_id = Reference("fallback_user", among=User.objects.within_reach_of, required=False, allow_null=True)

    class Meta:
        model = Team
        example = examples.TEAM
        fields = [
            "id",
            "name",
            "is_contact_resource_sharing_enabled",
            "order_method",
            "mins_until_next_alert",
            "distribution_zipcodes",
            "timezone",
            "holidays",
            "is_exclusive_window",
            "claim_preview",
            "mins_until_alarm",
            "mins_until_contact",
            "mins_until_fallback",
            "fallback_target",
            "fallback_team_id",
            "fallback_user_id",
        ]


class MemberTeamSerializer(LenientSerializer[Team]):
    """A team as its members' rows name it."""

    class Meta:
        model = Team
        fields = ["id", "name"]


class MemberUserSerializer(LenientSerializer[User]):
    """A user as the teams they belong to see them."""

    class Meta:
        model = User
        fields = ["id", "first_name", "last_name", "email", "username", "phone"]


class TeamMemberSerializer(LenientSerializer[TeamMember]):
    team = MemberTeamSerializer(read_only=True)
    user = MemberUserSerializer(read_only=True)

    class Meta:
        model = TeamMember
        example = examples.TEAM_MEMBER
        fields = ["id", "request_status", "team", "user"]


class InvitationSerializer(serializers.Serializer[Any]):
    """What `POST /team-members` takes (ours: LionDesk invited people in its web app)."""

    team_id = Reference("team", model=Team)
    email = LenientText(max_length=255, trim_whitespace=True)

    class Meta:
        example = examples.INVITATION


class TeamMemberDistributionOptionSerializer(LenientSerializer[TeamMemberDistributionOption]):
    user_id = Reference("user", among=User.objects.within_reach_of)
    warnings = serializers.ListField(child=ReasonField(), read_only=True)

    class Meta:
        model = TeamMemberDistributionOption
        example = examples.OPTION
        fields = [
            "id",
            "team_id",
            "user_id",
            "rank",
            "mins_until_lead_offer",
            "assign_automatically",
            "has_call_alert",
            "has_text_alert",
            "has_email_alert",
            "weight",
            "paused_until",
            "cap_open",
            "cap_day",
            "warnings",
        ]
        required = ["assign_automatically"]


class SubAccountSerializer(LenientSerializer[SubAccount]):
    user_id = Reference("user", among=eligible_sub_accounts)
    user = UserSerializer(read_only=True)
    access_token = serializers.SerializerMethodField()

    class Meta:
        model = SubAccount
        example = examples.SUB_ACCOUNT
        fields = [
            "id",
            "user_id",
            "broker_user_id",
            *SubAccount.flags(),
            "created_at",
            "user",
            "access_token",
        ]
        read_only_fields = ["broker_user_id", "created_at"]

    def validate_user_id(self, user: User) -> User:
        """The same again may be sent back."""
        if self.instance is not None and user != self.instance.user:
            raise ValidationError("cannot be changed: remove this sub-account and add another.")
        return user

    def get_access_token(self, sub_account: SubAccount) -> str | None:
        """Always null: a broker's application acts only for a user who authorized it (`/oauth2/authorize`)."""
        return None
