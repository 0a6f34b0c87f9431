"""How a team comes to be, and how it changes."""

from datetime import datetime
from typing import Any

from django.db import transaction

from config.errors import DomainError
from teams.models import Team, TeamMember, User
from teams.zipcodes import parse_list, unreadable


class BadZipcodes(DomainError):
    """These ZIP codes cannot be served by this team."""

    def __init__(self, message: str) -> None:
        super().__init__(message, errors={"distribution_zipcodes": message})


@transaction.atomic
def form_team(creator: User, *, now: datetime, **given: Any) -> Team:
    """A new team, whose creator is its first accepted member."""
    hold_teams_of(creator)
    team = Team(creator=creator, created_at=now, modified_at=now)
    write(team, given)
    TeamMember.objects.create(team=team, user=creator, request_status=TeamMember.RequestStatus.ACCEPTED, created_at=now)
    return team


@transaction.atomic
def change_team(team: Team, *, now: datetime, **changes: Any) -> Team:
    """Change a team; the way it takes turns says which minutes count, so the others become zero (reference 2.3)."""
    hold_teams_of(team.creator)
    team.refresh_from_db()
    write(team, changes | {"modified_at": now})
    if changes.get("order_method") == Team.OrderMethod.RANK:
        team.distribution_options.update(mins_until_lead_offer=0, modified_at=now)
    return team


def hold_teams_of(creator: User) -> None:
    """Let one request at a time change this creator's teams: their ZIP codes are compared."""
    User.objects.select_for_update(no_key=True).get(pk=creator.pk)


def write(team: Team, values: dict[str, Any]) -> None:
    went_by_time = team.order_method == Team.OrderMethod.TIME
    for name, value in values.items():
        setattr(team, name, value)
    if team.order_method == Team.OrderMethod.TIME:
        team.mins_until_next_alert = 0
    elif went_by_time and "mins_until_next_alert" not in values:
        team.mins_until_next_alert = None  # the zero meant that it did not count; now it would mean all at once
    if "distribution_zipcodes" in values:
        refuse_bad_zipcodes(team)
    team.save()


def refuse_bad_zipcodes(team: Team) -> None:
    """A ZIP code leads to one team of its creator, or routing could not choose."""
    if unread := unreadable(team.distribution_zipcodes):
        raise BadZipcodes(f"distribution_zipcodes holds {some(unread)}, which is no ZIP code.")
    wanted = set(parse_list(team.distribution_zipcodes))
    others = Team.objects.filter(creator_id=team.creator_id).exclude(pk=team.pk).exclude(distribution_zipcodes="")
    for other in others if wanted else ():
        if taken := wanted.intersection(parse_list(other.distribution_zipcodes)):
            raise BadZipcodes(f"distribution_zipcodes: your team {other.name} already serves {some(sorted(taken))}.")


def some(codes: list[str]) -> str:
    """The first few, so that a message stays a sentence."""
    return ", ".join(code[:20] for code in codes[:10]) + (f" and {len(codes) - 10} more" if len(codes) > 10 else "")
