"""Users and teams over HTTP."""

from functools import cached_property
from typing import Any

from django.db.models import Case, FloatField, QuerySet, When
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.exceptions import RecordNotFound
from api.viewsets import Resource
from core.db.retry import retry_transaction
from teams.api.filters import (
    SubAccountFilters,
    TeamFilters,
    TeamMemberDistributionOptionFilters,
    TeamMemberFilters,
    UserFilters,
)
from teams.api.serializers import (
    InvitationSerializer,
    SubAccountSerializer,
    TeamMemberDistributionOptionSerializer,
    TeamMemberSerializer,
    TeamSerializer,
    UserSerializer,
)
from teams.membership import answer_invitation, check_option, check_weights, invite, lock_team, remove, remove_option
from teams.models import SubAccount, Team, TeamMember, TeamMemberDistributionOption, User
from teams.oauth_apps import NotYourApplication, application_users
from teams.setup_warnings import add_warnings
from teams.sub_accounts import NotABroker, add_sub_account, may_have_sub_accounts
from teams.team_actions import change_team, create_team, delete_team
from teams.timezones import zones_by_offset


class UserResource(Resource[User]):
    """Oneself; with `oauth_client_id`, those who use one's program."""

    serializer_class = UserSerializer
    is_for_some = True
    filterset_class = UserFilters
    verbs = ("list", "retrieve")

    @cached_property
    def client_id(self) -> str:
        """Of the program that is asked about, or ""."""
        asked = [term for term in self.query.terms if (term.field, term.operator) == ("oauth_client_id", "")]
        return asked[0].values[-1] if asked else ""

    def queryset_for(self, user: User) -> QuerySet[User]:
        users = application_users(self.client_id, user) if self.client_id else super().queryset_for(user)
        return users.alias(hours_from_gmt=self.hours_from_gmt()) if self.asks_for_offset() else users

    def asks_for_offset(self) -> bool:
        return "timezone_offset" in {*self.query.names(), *(name for name, _ in self.query.sort)}

    def hours_from_gmt(self) -> Case:
        """The user's current UTC offset. Computed from the time zone, not stored."""
        return Case(
            *(When(timezone__in=names, then=hours) for hours, names in zones_by_offset(self.now)),
            output_field=FloatField(),
        )

    def get_object(self) -> User:
        try:
            return super().get_object()
        except RecordNotFound as error:
            raise NotYourApplication if self.client_id else error from None


class MeResource(Resource[User]):
    """The token's owner; changing them is ours."""

    serializer_class = UserSerializer
    verbs = ("retrieve", "partial_update")
    beyond = ("partial_update",)

    def get_object(self) -> User:
        me: User = self.user
        return me


class TeamResource(Resource[Team]):
    serializer_class = TeamSerializer
    filterset_class = TeamFilters
    is_plain = True

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = create_team(self.user, now=self.now, **serializer.validated_data)

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = change_team(serializer.instance, now=self.now, **serializer.validated_data)

    def perform_destroy(self, record: Team) -> None:
        delete_team(record)


class TeamMemberResource(Resource[TeamMember]):
    serializer_class = TeamMemberSerializer
    filterset_class = TeamMemberFilters
    beyond = ("create", "destroy")
    may_stand = True

    def queryset_for(self, user: User) -> QuerySet[TeamMember]:
        return TeamMember.objects.visible_to(user).select_related("team", "user")

    @extend_schema(request=InvitationSerializer)
    @retry_transaction
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Invite a user. A second invitation returns the existing one with 200."""
        invitation = InvitationSerializer(data=request.data, context=self.get_serializer_context())
        self.validate(invitation)
        member, is_new = invite(**invitation.validated_data, by=self.user, now=self.now)
        return Response(self.represent(member), status=201 if is_new else 200)

    def perform_update(self, serializer: Any) -> None:
        if "request_status" in serializer.validated_data:
            serializer.instance = answer_invitation(serializer.instance, now=self.now, **serializer.validated_data)

    def perform_destroy(self, record: TeamMember) -> None:
        remove(record, now=self.now)


class TeamMemberDistributionOptionResource(Resource[TeamMemberDistributionOption]):
    serializer_class = TeamMemberDistributionOptionSerializer
    filterset_class = TeamMemberDistributionOptionFilters

    def queryset_for(self, user: User) -> QuerySet[TeamMemberDistributionOption]:
        return TeamMemberDistributionOption.objects.visible_to(user).select_related("team", "user")

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        options = super().paginate_queryset(queryset)
        add_warnings(options or [], self.now)
        return options or []

    def represent(self, record: Any) -> dict[str, Any]:
        add_warnings([record], self.now)
        return super().represent(record)

    def perform_create(self, serializer: Any) -> None:
        given = serializer.validated_data
        check_option(given["team"], given["user"], by=self.user)
        check_weights(self.save(serializer).team)

    def perform_update(self, serializer: Any) -> None:
        option, given = serializer.instance, serializer.validated_data
        if given.keys() & {"team", "user"}:
            check_option(given.get("team", option.team), given.get("user", option.user), by=self.user, beside=option)
        elif "weight" in given:
            lock_team(option.team)
        check_weights(self.save(serializer).team)

    def perform_destroy(self, record: TeamMemberDistributionOption) -> None:
        remove_option(record)


class SubAccountResource(Resource[SubAccount]):
    """The sub-accounts of a broker. A sub-account sees its own record and may remove it."""

    serializer_class = SubAccountSerializer
    is_for_some = True
    filterset_class = SubAccountFilters
    beyond = ("partial_update",)

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        reads_own = self.user.sub_account_id is not None and request.method != "POST"
        if not (reads_own or may_have_sub_accounts(self.user)):
            raise NotABroker

    def queryset_for(self, user: User) -> QuerySet[SubAccount]:
        return SubAccount.objects.visible_to(user).select_related("user", "broker_user")

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = add_sub_account(self.user, now=self.now, **serializer.validated_data)

    def perform_update(self, serializer: Any) -> None:
        serializer.validated_data.pop("user", None)
        self.save(serializer)
