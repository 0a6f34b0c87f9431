"""Users, teams and programs in the admin: each module registers its own."""

from teams.admin import oauth_apps, sub_accounts, teams, users

__all__ = ["oauth_apps", "sub_accounts", "teams", "users"]
