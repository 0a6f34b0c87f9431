"""Users, teams and programs in the admin: each module registers its own."""

from teams.admin import programs, sub_accounts, teams, users

__all__ = ["programs", "sub_accounts", "teams", "users"]
