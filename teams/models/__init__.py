"""Users and their teams, the programs that act for them, and their places under brokers."""

from teams.models.people import (
    MOST_WEIGHT,
    Team,
    TeamMember,
    TeamMemberDistributionOption,
    TeamQuerySet,
    User,
    Users,
    default_timezone,
)
from teams.models.programs import RENEWABLE, AccessToken, AccessTokenQuerySet, Application
from teams.models.sub_accounts import SubAccount

__all__ = [
    "MOST_WEIGHT",
    "RENEWABLE",
    "AccessToken",
    "AccessTokenQuerySet",
    "Application",
    "SubAccount",
    "Team",
    "TeamMember",
    "TeamMemberDistributionOption",
    "TeamQuerySet",
    "User",
    "Users",
    "default_timezone",
]
