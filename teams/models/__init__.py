"""Users and their teams, the programs that act for them, and their places under brokers."""

from teams.models.distribution_option import MAX_WEIGHT, TeamMemberDistributionOption
from teams.models.oauth_apps import RENEWABLE, AccessToken, AccessTokenQuerySet, Application
from teams.models.people import EmailUserManager, Team, TeamMember, TeamQuerySet, User, default_timezone
from teams.models.phone_codes import PhoneCode
from teams.models.sub_account import SubAccount

__all__ = [
    "MAX_WEIGHT",
    "RENEWABLE",
    "AccessToken",
    "AccessTokenQuerySet",
    "Application",
    "EmailUserManager",
    "PhoneCode",
    "SubAccount",
    "Team",
    "TeamMember",
    "TeamMemberDistributionOption",
    "TeamQuerySet",
    "User",
    "default_timezone",
]
