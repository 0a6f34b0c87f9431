"""Warnings for a team lead: members who are not offered leads, or not as expected."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import TextChoices

from core.reasons import Reason, reason_codes
from teams.availability import Availability, unavailable_reason
from teams.eligibility import SkipReason, channel_reasons, member_reasons
from teams.models import Team, TeamMember, TeamMemberDistributionOption, TeamQuerySet
from teams.opt_outs import opt_out_lookups


@reason_codes
class TeamWarning(TextChoices):
    """What a team lead should know about a team, besides its members' SkipReasons."""

    NO_RECIPIENTS = "no_recipients", "No member is set up to be offered leads."
    MEMBER = "member_warning", "{user_id:User}: {warnings:reasons}."
    FALLBACK_USER = "fallback_user_warning", "Leads fall back to {user_id:user}, who cannot get them{because:because}."


@reason_codes
class FallbackUserReason(TextChoices):
    """Why a user to whom a team's leads fall back cannot get them, besides being deactivated."""

    OUT_OF_REACH = "left_creators_teams", "left the teams of the creator"


@dataclass(frozen=True, slots=True)
class OptionOwner:
    """The member of a distribution option, as `teams.eligibility.Reachable` looks at them."""

    option: TeamMemberDistributionOption
    is_accepted: bool
    has_opted_out: bool

    @property
    def is_active(self) -> bool:
        return self.option.user.is_active

    @property
    def has_text_alert(self) -> bool:
        return self.option.has_text_alert

    @property
    def has_email_alert(self) -> bool:
        return self.option.has_email_alert

    @property
    def has_call_alert(self) -> bool:
        return self.option.has_call_alert

    @property
    def phone(self) -> str:
        return self.option.user.phone_e164

    @property
    def confirmed_phone(self) -> str:
        return self.option.user.confirmed_phone

    @property
    def email(self) -> str:
        return self.option.user.email


def add_warnings(options: Sequence[TeamMemberDistributionOption], now: datetime) -> None:
    """Put `warnings`, a list of Reason, on each of these options, with their team and user, in two queries."""
    accepted = accepted_members(options)
    silent = opted_out_numbers({option.user.phone_e164 for option in options if option.user.phone_e164})
    for option in options:
        is_accepted = (option.team_id, option.user_id) in accepted
        owner = OptionOwner(option, is_accepted, option.user.phone_e164 in silent)
        cast(Any, option).warnings = list(option_warnings(owner, now))


def add_team_warnings(teams: Sequence[Team], now: datetime) -> None:
    """Put `warnings`, a list of Reason, on each of these teams: of its members and its fallback, in four queries."""
    options = list(TeamMemberDistributionOption.objects.filter(team__in=teams).select_related("team", "user"))
    add_warnings(options, now)
    of_fallbacks = {team.pk: fallback_warnings(team) for team in with_fallback_users(teams)}
    for team in teams:
        theirs = [option for option in options if option.team_id == team.pk]
        cast(Any, team).warnings = [*team_warnings(theirs), *of_fallbacks.get(team.pk, ())]


def with_fallback_users(teams: Collection[Team]) -> TeamQuerySet:
    """Those of these teams whose leads fall back to a user."""
    named = [team.pk for team in teams if team.fallback_user_id is not None]
    return Team.objects.filter(pk__in=named).with_fallback_user()


def fallback_warnings(team: Team) -> list[Reason]:
    """Warnings about the user to whom a team's leads fall back."""
    reason = fallback_user_reason(team)
    if reason is None:
        return []
    return [Reason(TeamWarning.FALLBACK_USER, {"user_id": team.fallback_user_id, "because": reason.as_json()})]


def fallback_user_reason(team: Team) -> Reason | None:
    """Why the user to whom the team's leads fall back cannot get them; None when they can.

    The team is read `with_fallback_user`.
    """
    if team.fallback_user is None:
        return None
    if not team.fallback_user.is_active:
        return Reason(SkipReason.USER_INACTIVE)
    return None if cast(Any, team).reaches_fallback_user else Reason(FallbackUserReason.OUT_OF_REACH)


def team_warnings(options: Sequence[Any]) -> Iterator[Reason]:
    """Warnings about the members of one team."""
    if not options:
        yield Reason(TeamWarning.NO_RECIPIENTS)
    for option in options:
        if option.warnings:
            warnings = [warning.as_json() for warning in option.warnings]
            yield Reason(TeamWarning.MEMBER, {"user_id": option.user_id, "warnings": warnings})


def option_warnings(owner: OptionOwner, now: datetime) -> Iterator[Reason]:
    """Warnings about one member: what keeps leads from them, then what keeps single alerts from them."""
    reasons = list(member_reasons(owner))
    yield from (reason for reason in reasons if reason.code != SkipReason.NO_CHANNEL)  # its faults follow
    yield from channel_reasons(owner)
    option = owner.option
    pauses = [until for until in (option.paused_until, option.user.paused_until) if until]
    if paused := unavailable_reason(Availability(paused_until=max(pauses, default=None)), now):
        yield paused
    if option.team.order_method == Team.OrderMethod.ROUND_ROBIN and not option.weight:
        yield Reason(SkipReason.ZERO_WEIGHT)


def accepted_members(options: Sequence[TeamMemberDistributionOption]) -> set[tuple[int, int]]:
    """Return (team id, user id) of the accepted members."""
    teams, users = {option.team_id for option in options}, {option.user_id for option in options}
    rows = TeamMember.objects.accepted().filter(team__in=teams, user__in=users)
    return set(rows.values_list("team_id", "user_id"))


def opted_out_numbers(numbers: Collection[str]) -> Collection[str]:
    """Those of these phones (E.164) that want no texts."""
    return {number for look_up in opt_out_lookups for number in look_up(numbers)}
