"""Users and teams over HTTP."""

from teams.api.serializers import UserSerializer, teams_created_by
from teams.api.views import MeResource

__all__ = ["MeResource", "UserSerializer", "teams_created_by"]
