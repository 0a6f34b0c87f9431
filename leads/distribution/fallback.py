"""Where a lead goes that nobody of a team claimed. Pure: the teams' settings in, the next stop or the end out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from core.reasons import Reason
from leads.reasons import FallbackReason

TEAM: Final = "Team"
POND: Final = "Pond"
USER: Final = "User"

STEP_REASONS: Final = {TEAM: FallbackReason.TO_TEAM, POND: FallbackReason.TO_POND, USER: FallbackReason.TO_USER}


@dataclass(frozen=True, slots=True)
class FallbackPolicy:
    """What a team does with its leads when nobody claimed; no target: it waits for its owner."""

    target: str | None = None
    team_id: int | None = None
    user_id: int | None = None
    objection: Reason | None = None  # why that user gets no leads


@dataclass(frozen=True, slots=True)
class FallbackStep:
    """The next stop of a lead, with why it goes there. Without a target it goes nowhere: it waits for its owner."""

    reason: Reason
    target: str | None = None
    team_id: int | None = None
    user_id: int | None = None


def next_fallback(
    team_id: int, been_to: Collection[int], hops: int, most: int, fallbacks: Mapping[int, FallbackPolicy]
) -> FallbackStep:
    """The stop after this team, of a lead that took `hops` of at most `most` and was with the teams `been_to`."""
    fallback = fallbacks.get(team_id, FallbackPolicy())
    came_from = {"from_team_id": team_id}
    if fallback.target is None:
        return FallbackStep(Reason(FallbackReason.NO_FALLBACK, came_from))
    if fallback.objection:
        details = {"fallback_user_id": fallback.user_id, "because": fallback.objection.as_json()}
        return FallbackStep(Reason(FallbackReason.USER_UNAVAILABLE, came_from | details))
    if hops >= most:
        return FallbackStep(Reason(FallbackReason.TOO_MANY, came_from | {"count": hops}))
    if fallback.target == TEAM and fallback.team_id in {team_id, *been_to}:
        return FallbackStep(Reason(FallbackReason.TEAM_HAD_LEAD, came_from | {"fallback_team_id": fallback.team_id}))
    destination = {TEAM: {"team_id": fallback.team_id}, POND: {}, USER: {"user_id": fallback.user_id}}[fallback.target]
    reason = Reason(STEP_REASONS[fallback.target], came_from | destination)
    return FallbackStep(reason, fallback.target, fallback.team_id, fallback.user_id)
