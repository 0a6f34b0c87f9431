"""What a team lead should know of a member who would not be told of leads, or not as they think."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from teams.models import Team, TeamMember, TeamMemberDistributionOption


def add_warnings(options: Sequence[TeamMemberDistributionOption], now: datetime) -> None:
    """Put `warnings` on each of these options, with their team and user; in two queries, however many they are."""
    accepted = accepted_among(options)
    silent = opted_out_among({option.user.phone_e164 for option in options if option.user.phone_e164})
    for option in options:
        is_accepted = (option.team_id, option.user_id) in accepted
        cast(Any, option).warnings = list(warnings_of(option, is_accepted, option.user.phone_e164 in silent, now))


def add_team_warnings(teams: Sequence[Team], now: datetime) -> None:
    """Put `warnings` on each of these teams: those of its members, by name; in three queries."""
    options = list(TeamMemberDistributionOption.objects.filter(team__in=teams).select_related("team", "user"))
    add_warnings(options, now)
    for team in teams:
        theirs = [option for option in options if option.team_id == team.pk]
        cast(Any, team).warnings = list(team_warnings(theirs))


def team_warnings(options: Sequence[Any]) -> Iterator[str]:
    """What is the matter with the members of one team."""
    if not options:
        yield "nobody is set to be offered its leads"
    for option in options:
        if option.warnings:
            yield f"{option.user}: {', '.join(option.warnings)}"


def warnings_of(
    option: TeamMemberDistributionOption, is_accepted: bool, has_opted_out: bool, now: datetime
) -> Iterator[str]:
    """What is the matter with one of them, in plain words."""
    is_rung = option.has_text_alert or option.has_call_alert
    if not option.user.is_active:
        yield "the user is deactivated"
    if not is_accepted:
        yield "has not accepted the invitation to the team"
    if not (is_rung or option.has_email_alert):
        yield "every alert is off"
    if is_rung and not option.user.phone_e164:
        yield "has no valid phone for texts and calls"
    if is_rung and has_opted_out:
        yield "has opted out of texts"
    if until := max((at for at in (option.paused_until, option.user.paused_until) if at and at > now), default=None):
        yield f"paused until {until:%Y-%m-%dT%H:%MZ}"
    if option.team.order_method == Team.OrderMethod.ROUND_ROBIN and not option.weight:
        yield "takes no turn in the round robin: the weight is 0"


def accepted_among(options: Sequence[TeamMemberDistributionOption]) -> set[tuple[int, int]]:
    """The team and the user of those who are accepted members."""
    teams, users = {option.team_id for option in options}, {option.user_id for option in options}
    rows = TeamMember.objects.accepted().filter(team__in=teams, user__in=users)
    return set(rows.values_list("team_id", "user_id"))


def opted_out_among(numbers: Collection[str]) -> Collection[str]:
    """Those of these phones (E.164) that want no texts."""
    found: Collection[str] = import_string(settings.OPTED_OUT)(numbers)
    return found
