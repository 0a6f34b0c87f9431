"""A user's membership in each of their teams, as they read it: order, limits and warnings."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet

from leads.distribution.roster import load_roster
from teams.admin.member_overview import alert_channels, turn_text
from teams.availability import Availability, unavailable_reason
from teams.business_hours import parse_hours
from teams.display_names import texts_for
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User
from teams.setup_warnings import add_warnings


@dataclass(frozen=True)
class TeamMembershipStatus:
    """In one team; without a turn it offers them nothing."""

    team: Team
    turn: str = ""
    channels: str = ""
    takes: str = ""
    warnings: tuple[str, ...] = ()
    invitation: int | None = None  # to be answered


def membership_statuses(user: User, now: datetime) -> list[TeamMembershipStatus]:
    """In the teams that they belong to, by name."""
    options = list(TeamMemberDistributionOption.objects.filter(user=user).select_related("team", "user"))
    add_warnings(options, now)
    memberships = {member.team_id: member for member in memberships_of(user)}
    places = [membership_status(option, now) for option in options]
    places += [
        TeamMembershipStatus(memberships[team_id].team)
        for team_id in memberships.keys() - {place.team.pk for place in places}
    ]
    places = [replace(place, invitation=pending_invitation(memberships.get(place.team.pk))) for place in places]
    return sorted(places, key=lambda place: place.team.name)


def memberships_of(user: User) -> QuerySet[TeamMember]:
    """Those that were accepted, and those that they have not answered."""
    declined = TeamMember.RequestStatus.DECLINED
    return TeamMember.objects.filter(user=user).exclude(request_status=declined).select_related("team")


def pending_invitation(member: TeamMember | None) -> int | None:
    return member.pk if member and member.request_status == TeamMember.RequestStatus.PENDING else None


def membership_status(option: TeamMemberDistributionOption, now: datetime) -> TeamMembershipStatus:
    roster = load_roster(option.team, now)
    there = next(one.availability for one in roster.candidates if one.user_id == option.user_id)
    unavailable = unavailable_reason(there, now)
    warnings = [*cast(Any, option).warnings, *([unavailable] if unavailable else [])]
    return TeamMembershipStatus(
        team=option.team,
        turn=turn_text(option.team, option),
        channels=", ".join(alert_channels(option)),
        takes="; ".join(cap_texts(there)),
        warnings=tuple(dict.fromkeys(texts_for(warnings, option.user.zone))),
    )


def cap_texts(there: Availability) -> Iterator[str]:
    if there.cap_open is not None:
        yield f"at most {there.cap_open} open leads, {there.open_leads} now"
    if there.cap_day is not None:
        yield f"at most {there.cap_day} a day, {there.leads_today} today"


def unavailable_text(user: User, now: datetime) -> str:
    """Why they take no leads of any team at the moment, as text; empty when they do."""
    own = Availability(user.paused_until, parse_hours(user.working_hours), frozenset(user.days_off), user.zone)
    reason = unavailable_reason(own, now)
    return texts_for([reason], user.zone)[0] if reason else ""
