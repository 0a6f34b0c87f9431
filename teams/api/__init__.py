"""Users and teams over HTTP."""

from teams.api.serializers import teams_created_by
from teams.api.views import MeResource

__all__ = ["MeResource", "teams_created_by"]
