"""URLs for these tests alone: the dialect over plain models, whatever the product's own resources do with it."""

from typing import Any

from django.urls import include, path
from rest_framework import serializers

from api.fields import LenientSerializer, Reference
from api.lists.filter_backend import FilterSet
from api.lists.filters import PhoneFilter
from api.viewsets import BEYOND, Resource, routes
from core.phone_numbers import e164
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User

handler400 = "api.exceptions.bad_request"
handler404 = "api.exceptions.not_found"
handler500 = "api.exceptions.server_error"


class ShelfSerializer(LenientSerializer[Team]):
    class Meta:
        model = Team
        fields = [
            "id",
            "creator_id",
            "name",
            "is_contact_resource_sharing_enabled",
            "order_method",
            "mins_until_next_alert",
            "distribution_zipcodes",
            "created_at",
            "modified_at",
        ]
        read_only_fields = ["creator_id"]


class ShelfFilters(FilterSet):
    class Meta:
        model = Team
        fields = [
            "id",
            "creator_id",
            "name",
            "is_contact_resource_sharing_enabled",
            "order_method",
            "mins_until_next_alert",
            "distribution_zipcodes",
            "created_at",
        ]


class ShelfResource(Resource[Team]):
    serializer_class = ShelfSerializer
    filterset_class = ShelfFilters
    is_plain = True
    loads = frozenset({"creator"})

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, creator=self.user)


class MemberSerializer(LenientSerializer[TeamMember]):
    user_id = Reference("user", visible=False)
    team_name = serializers.CharField(source="team.name", read_only=True)

    class Meta:
        model = TeamMember
        fields = ["id", "user_id", "request_status", "team_name"]


class MemberResource(Resource[TeamMember]):
    serializer_class = MemberSerializer
    parent_model, parent_field = Team, "team"
    verbs = ("list", "create", "retrieve")
    tag = BEYOND


class OptionSerializer(LenientSerializer[TeamMemberDistributionOption]):
    user_id = Reference("user", among=User.objects.within_reach_of)

    class Meta:
        model = TeamMemberDistributionOption
        fields = ["id", "team_id", "user_id", "rank", "has_text_alert"]


class OptionResource(Resource[TeamMemberDistributionOption]):
    serializer_class = OptionSerializer


class PersonSerializer(LenientSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "email", "phone"]


class PersonFilters(FilterSet):
    phone = PhoneFilter(column="phone_e164", parse=e164)

    class Meta:
        model = User
        fields = ["email", "phone", "first_name"]


class PersonResource(Resource[User]):
    serializer_class = PersonSerializer
    filterset_class = PersonFilters
    verbs = ("list",)

    def queryset_for(self, user: Any) -> Any:
        return User.objects.all()


def broken(request: Any) -> Any:
    raise RuntimeError("the inside of the service")


urlpatterns = [
    path("", include("api.urls")),
    path("", include("oauth.urls")),
    path("broken", broken),
    *routes("shelves", ShelfResource),
    *routes("shelves/<team_id>/members", MemberResource),
    *routes("options", OptionResource),
    *routes("people", PersonResource),
]
