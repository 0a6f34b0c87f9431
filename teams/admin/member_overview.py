"""The members of a team as its creator sees them: order, alert channels and warnings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse

from teams.display_names import texts_for
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User
from teams.setup_warnings import add_warnings


@dataclass(frozen=True)
class OverviewEntry:
    """One of them; without options they are offered nothing."""

    user: User
    state: str
    turn: str
    channels: str
    warnings: list[str]
    link: str
    is_set_up: bool


def member_overview(team: Team, now: datetime, zone: ZoneInfo) -> list[OverviewEntry]:
    """Return the members in the order of their offers; members who are not offered leads come last."""
    options = list(TeamMemberDistributionOption.objects.filter(team=team).select_related("team", "user"))
    add_warnings(options, now)
    by_user = {option.user_id: option for option in options}
    members = TeamMember.objects.filter(team=team).select_related("user").order_by("pk")
    entries = [(by_user.get(member.user_id), member) for member in members]
    entries.sort(key=lambda pair: offer_order(team, pair[0]))
    return [overview_entry(team, option, member, len(options), zone) for option, member in entries]


def offer_order(team: Team, option: TeamMemberDistributionOption | None) -> tuple[bool, int, int]:
    if option is None:
        return True, 0, 0
    turn = option.mins_until_lead_offer if team.order_method == Team.OrderMethod.TIME else option.rank
    return False, 1_000_000 if turn is None else turn, option.pk


def overview_entry(
    team: Team, option: TeamMemberDistributionOption | None, member: TeamMember, taken: int, zone: ZoneInfo
) -> OverviewEntry:
    state = {"Accepted": "", "Pending": "invited, not answered yet", "Declined": "has declined"}
    if option is None:
        given = {"team": team.pk, "user": member.user_id, "has_text_alert": 1, "has_email_alert": 1, "rank": taken + 1}
        link = f"{reverse('admin:teams_teammemberdistributionoption_add')}?{urlencode(given)}"
        return OverviewEntry(member.user, state[member.request_status], "", "", [], link, is_set_up=False)
    return OverviewEntry(
        user=member.user,
        state="" if member.is_accepted else state[member.request_status],
        turn=turn_text(team, option),
        channels=", ".join(alert_channels(option)),
        warnings=texts_for(cast(Any, option).warnings, zone),
        link=reverse("admin:teams_teammemberdistributionoption_change", args=[option.pk]),
        is_set_up=True,
    )


def turn_text(team: Team, option: TeamMemberDistributionOption) -> str:
    """When their turn is, as the team's order counts it."""
    if team.order_method == Team.OrderMethod.RANK:
        return "after those with a rank" if option.rank is None else f"rank {option.rank}"
    if team.order_method == Team.OrderMethod.TIME:
        return f"after {option.mins_until_lead_offer} min" if option.mins_until_lead_offer else "immediately"
    if team.order_method == Team.OrderMethod.ROUND_ROBIN:
        return f"weight {option.weight}"
    return "immediately"


def alert_channels(option: TeamMemberDistributionOption) -> Iterator[str]:
    if option.has_text_alert:
        yield "text"
    if option.has_email_alert:
        yield "email"
    if option.has_call_alert:
        yield "call"
