"""A user's membership in each of their teams: order, limits and warnings."""

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
    """The membership in one team. Without a turn, the team offers them no leads."""

    team: Team
    turn: str = ""
    channels: str = ""
    limits: str = ""
    warnings: tuple[str, ...] = ()
    invitation: int | None = None  # to be answered


def membership_statuses(user: User, now: datetime) -> list[TeamMembershipStatus]:
    """Return the memberships of the user, by the name of the team."""
    options = list(TeamMemberDistributionOption.objects.filter(user=user).select_related("team", "user"))
    add_warnings(options, now)
    memberships = {member.team_id: member for member in memberships_of(user)}
    statuses = [membership_status(option, now) for option in options]
    statuses += [
        TeamMembershipStatus(memberships[team_id].team)
        for team_id in memberships.keys() - {status.team.pk for status in statuses}
    ]
    statuses = [replace(status, invitation=pending_invitation(memberships.get(status.team.pk))) for status in statuses]
    return sorted(statuses, key=lambda status: status.team.name)


def memberships_of(user: User) -> QuerySet[TeamMember]:
    """Return the accepted and the pending memberships."""
    declined = TeamMember.RequestStatus.DECLINED
    return TeamMember.objects.filter(user=user).exclude(request_status=declined).select_related("team")


def pending_invitation(member: TeamMember | None) -> int | None:
    return member.pk if member and member.request_status == TeamMember.RequestStatus.PENDING else None


def membership_status(option: TeamMemberDistributionOption, now: datetime) -> TeamMembershipStatus:
    roster = load_roster(option.team, now)
    availability = next(one.availability for one in roster.candidates if one.user_id == option.user_id)
    unavailable = unavailable_reason(availability, now)
    warnings = [*cast(Any, option).warnings, *([unavailable] if unavailable else [])]
    return TeamMembershipStatus(
        team=option.team,
        turn=turn_text(option.team, option),
        channels=", ".join(alert_channels(option)),
        limits="; ".join(cap_texts(availability)),
        warnings=tuple(dict.fromkeys(texts_for(warnings, option.user.zone))),
    )


def cap_texts(availability: Availability) -> Iterator[str]:
    if availability.cap_open is not None:
        yield f"at most {availability.cap_open} open leads, {availability.open_leads} now"
    if availability.cap_day is not None:
        yield f"at most {availability.cap_day} a day, {availability.leads_today} today"


def unavailable_text(user: User, now: datetime) -> str:
    """Return why the user gets no leads from any team now; empty if they do."""
    own = Availability(user.paused_until, parse_hours(user.working_hours), frozenset(user.days_off), user.zone)
    reason = unavailable_reason(own, now)
    return texts_for([reason], user.zone)[0] if reason else ""
