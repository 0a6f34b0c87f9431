"""What a team lead should know of a member who would not be told of leads, or not as they think."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from teams.models import Team, TeamMember, TeamMemberDistributionOption, TeamQuerySet


def add_warnings(options: Sequence[TeamMemberDistributionOption], now: datetime) -> None:
    """Put `warnings` on each of these options, with their team and user; in two queries, however many they are."""
    accepted = accepted_among(options)
    silent = opted_out_among({option.user.phone_e164 for option in options if option.user.phone_e164})
    for option in options:
        is_accepted = (option.team_id, option.user_id) in accepted
        cast(Any, option).warnings = list(warnings_of(option, is_accepted, option.user.phone_e164 in silent, now))


def add_team_warnings(teams: Sequence[Team], now: datetime) -> None:
    """Put `warnings` on each of these teams: those of its members, by name, and of its fallback; in four queries."""
    options = list(TeamMemberDistributionOption.objects.filter(team__in=teams).select_related("team", "user"))
    add_warnings(options, now)
    of_fallbacks = {team.pk: fallback_warnings(team) for team in named_fallbacks(teams)}
    for team in teams:
        theirs = [option for option in options if option.team_id == team.pk]
        cast(Any, team).warnings = [*team_warnings(theirs), *of_fallbacks.get(team.pk, ())]


def named_fallbacks(teams: Collection[Team]) -> TeamQuerySet:
    """Those of these teams whose leads fall back to a user."""
    named = [team.pk for team in teams if team.fallback_user_id is not None]
    return Team.objects.filter(pk__in=named).with_fallback_user()


def fallback_warnings(team: Team) -> list[str]:
    """What is the matter with the user to whom a team's leads fall back."""
    objection = why_not_fallback(team)
    return [f"Leads go on to {team.fallback_user}, who {objection}"] if objection else []


def why_not_fallback(team: Team) -> str:
    """Why the user to whom the team's leads fall back gets none, in plain words; empty when they do.

    Of a team read `with_fallback_user`.
    """
    if team.fallback_user is None:
        return ""
    if not team.fallback_user.is_active:
        return "is deactivated"
    return "" if cast(Any, team).reaches_fallback_user else "has left the teams of its creator"


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
