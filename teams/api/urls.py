"""Addresses of users and teams."""

from django.urls import path

from api.viewsets import routes
from teams.api.views import (
    MeResource,
    SubAccountResource,
    TeamMemberDistributionOptionResource,
    TeamMemberResource,
    TeamResource,
    UserResource,
)

urlpatterns = [
    path("me", MeResource.as_view({"get": "retrieve", "patch": "partial_update"}), name="me"),
    path("users/me", MeResource.as_view({"get": "retrieve"}), name="users-me"),
    *routes("users", UserResource),
    *routes("teams", TeamResource),
    *routes("team-members", TeamMemberResource),
    *routes("team-member-distribution-options", TeamMemberDistributionOptionResource),
    *routes("sub-accounts", SubAccountResource),
]
