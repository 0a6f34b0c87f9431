"""How a team comes to be, and how it changes."""

from datetime import datetime
from typing import Any

from django.db import transaction

from core.errors import DomainError
from core.postal_codes import common_codes, invalid_parts, parse_list
from teams.fallback_loops import find_loop
from teams.membership import check_weights, lock_team
from teams.models import Team, TeamMember, User


class InvalidZipcodes(DomainError):
    """These ZIP codes cannot be served by this team."""

    def __init__(self, message: str) -> None:
        super().__init__(message, errors={"distribution_zipcodes": message})


class InvalidFallback(DomainError):
    """This team's leads cannot fall back so."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, errors={field: message})


@transaction.atomic
def create_team(creator: User, *, now: datetime, **given: Any) -> Team:
    """A new team, whose creator is its first accepted member."""
    lock_creator(creator)
    team = Team(creator=creator, created_at=now, modified_at=now)
    save_team(team, given)
    TeamMember.objects.create(team=team, user=creator, request_status=TeamMember.RequestStatus.ACCEPTED, created_at=now)
    return team


@transaction.atomic
def change_team(team: Team, *, now: datetime, **changes: Any) -> Team:
    """Change a team. The order method decides which minutes count; the others become 0."""
    lock_creator(team.creator)
    lock_team(team)
    team.refresh_from_db()
    save_team(team, changes | {"modified_at": now})
    if "order_method" in changes:
        check_weights(team)
    if changes.get("order_method") == Team.OrderMethod.RANK:
        team.distribution_options.update(mins_until_lead_offer=0, modified_at=now)
    return team


@transaction.atomic
def delete_team(team: Team) -> None:
    """Remove a team. Locks the team before its members, as joining and leaving do."""
    lock_team(team)
    team.delete()


def lock_creator(creator: User) -> None:
    """Let one request at a time change this creator's teams: their ZIP codes are compared."""
    User.objects.select_for_update(no_key=True).get(pk=creator.pk)


def save_team(team: Team, values: dict[str, Any]) -> None:
    went_by_time = team.order_method == Team.OrderMethod.TIME
    for name, value in values.items():
        setattr(team, name, value)
    if team.order_method == Team.OrderMethod.TIME:
        # It does not count here: 0 as documented, or null where that was sent, as the documented example has it.
        unused = values.get("mins_until_next_alert", team.mins_until_next_alert if went_by_time else 0)
        team.mins_until_next_alert = None if unused is None else 0
    elif went_by_time and "mins_until_next_alert" not in values:
        team.mins_until_next_alert = (
            None  # 0 meant "not used" before; with this order method it would mean "immediately"
        )
    if "distribution_zipcodes" in values:
        check_zipcodes(team)
    check_fallback(team, values)
    if team.is_exclusive_window and team.mins_until_fallback == 0:
        message = "mins_until_fallback may not be 0 with is_exclusive_window: the last offer would close as it opens."
        raise InvalidFallback("mins_until_fallback", message)
    if team.mins_until_contact == 0:
        message = "mins_until_contact may not be 0: each claim would be undone immediately. Use null for no limit."
        raise InvalidFallback("mins_until_contact", message)
    team.save()
    check_fallback_loop(team)


def check_fallback(team: Team, values: dict[str, Any]) -> None:
    """Drop what the target makes moot, and refuse a target without its team or user, or one of these without it."""
    targets = {"fallback_team": Team.FallbackTarget.TEAM, "fallback_user": Team.FallbackTarget.USER}
    for name, target in targets.items():
        if team.fallback_target == target and getattr(team, name) is None:
            raise InvalidFallback(f"{name}_id", f"{name}_id is required where fallback_target is {target}.")
        if team.fallback_target is None and values.get(name) is not None:
            raise InvalidFallback("fallback_target", f"fallback_target must be {target} where {name}_id is given.")
        if team.fallback_target != target:
            setattr(team, name, None)
    if "fallback_target" in values and "fallback_user" not in values:
        check_fallback_user(team)


def check_fallback_user(team: Team) -> None:
    """Refuse a fallback user who has left the creator's teams: they get no leads any more."""
    user = team.fallback_user
    if user is not None and not User.objects.within_reach_of(team.creator).filter(pk=user.pk).exists():
        message = f"fallback_user_id: {user} (user {user.pk}) is no longer a member of your teams. Choose another user."
        raise InvalidFallback("fallback_user_id", message)


def check_fallback_loop(team: Team) -> None:
    """Refuse a fallback that leads back to this team: an unclaimed lead would never come to an end."""
    teams = Team.objects.filter(creator_id=team.creator_id)
    named = {one.pk: one for one in teams} if team.fallback_team_id else {}
    if loop := find_loop(team.pk, {pk: one.fallback_team_id for pk, one in named.items()}):
        way = " to ".join(f"{named[pk].name} ({pk})" for pk in loop)
        raise InvalidFallback("fallback_team_id", f"fallback_team_id makes a loop: leads would go from {way}.")


def check_zipcodes(team: Team) -> None:
    """A ZIP code leads to one team of its creator, or routing could not choose."""
    if unread := invalid_parts(team.distribution_zipcodes):
        raise InvalidZipcodes(
            f"distribution_zipcodes holds {preview_list(unread)}, which is not a ZIP code or a Canadian postal code."
        )
    wanted = set(parse_list(team.distribution_zipcodes))
    others = Team.objects.filter(creator_id=team.creator_id).exclude(pk=team.pk).exclude(distribution_zipcodes="")
    for other in others if wanted else ():
        if taken := common_codes(wanted, parse_list(other.distribution_zipcodes)):
            raise InvalidZipcodes(
                f"distribution_zipcodes: your team {other.name} already serves {preview_list(sorted(taken))}."
            )


def preview_list(codes: list[str]) -> str:
    """The first few, so that a message stays a sentence."""
    return ", ".join(code[:20] for code in codes[:10]) + (f" and {len(codes) - 10} more" if len(codes) > 10 else "")
