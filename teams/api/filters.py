"""What users and teams can be asked for."""

from django.db.models import Q

from api.lists.filter_backend import FilterSet
from api.lists.filters import DecimalFilter, EmailFilter, NumberFilter, PhoneFilter, TextFilter
from core.phone_numbers import e164
from teams.models import SubAccount, Team, TeamMember, TeamMemberDistributionOption, User


class ProgramFilter(TextFilter):
    """Chooses whose users are listed (teams.oauth_apps), and compares nothing."""

    operators = frozenset({""})
    nullable = False
    is_sortable = False

    def about(self) -> str:
        return "The client id of an application of yours: lists the active users who hold a valid token for it."

    def match(self, text: str) -> Q:
        return Q()


class UserFilters(FilterSet):
    timezone_offset = DecimalFilter(field_name="hours_from_gmt")  # an alias of the view's
    phone = PhoneFilter(column="phone_e164", parse=e164)
    oauth_client_id = ProgramFilter(field_name="id")

    class Meta:
        model = User
        fields = [
            "id",
            "first_name",
            "last_name",
            "email",
            "username",
            "phone_confirmed_at",
            "system_phone",
            "timezone",
            "profile_picture",
            "paused_until",
            "working_hours",
            "created_at",
            "modified_at",
        ]


class TeamFilters(FilterSet):
    class Meta:
        model = Team
        fields = [
            "id",
            "name",
            "is_contact_resource_sharing_enabled",
            "order_method",
            "mins_until_next_alert",
            "distribution_zipcodes",
            "timezone",
            "is_exclusive_window",
            "claim_preview",
            "mins_until_alarm",
            "mins_until_contact",
            "mins_until_fallback",
            "fallback_target",
            "fallback_team_id",
            "fallback_user_id",
        ]


class TeamMemberFilters(FilterSet):
    """What is nested in a row is asked for by its name in the documentation: `user.email`."""

    locals()["team.id"] = NumberFilter(field_name="team_id")
    locals()["team.name"] = TextFilter(field_name="team__name")
    locals()["user.id"] = NumberFilter(field_name="user_id")
    locals()["user.first_name"] = TextFilter(field_name="user__first_name")
    locals()["user.last_name"] = TextFilter(field_name="user__last_name")
    locals()["user.email"] = EmailFilter(field_name="user__email")
    locals()["user.username"] = TextFilter(field_name="user__username")
    locals()["user.phone"] = PhoneFilter(field_name="user__phone", column="user__phone_e164", parse=e164)

    class Meta:
        model = TeamMember
        fields = ["id", "request_status", "team_id", "user_id"]


class TeamMemberDistributionOptionFilters(FilterSet):
    class Meta:
        model = TeamMemberDistributionOption
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
        ]


class SubAccountFilters(FilterSet):
    user_id = NumberFilter(field_name="user__id")

    class Meta:
        model = SubAccount
        fields = ["id", "broker_user_id", *SubAccount.flags(), "created_at"]
