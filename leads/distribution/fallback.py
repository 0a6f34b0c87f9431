"""The next destination of a lead that no member claimed. Pure."""

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
    """What a team does with unclaimed leads. Without a target, the lead waits for its owner."""

    target: str | None = None
    team_id: int | None = None
    user_id: int | None = None
    objection: Reason | None = None  # why that user cannot get leads


@dataclass(frozen=True, slots=True)
class FallbackStep:
    """The next destination of a lead, and why. Without a target, the lead waits for its owner."""

    reason: Reason
    target: str | None = None
    team_id: int | None = None
    user_id: int | None = None


def next_fallback(
    team_id: int,
    visited_team_ids: Collection[int],
    fallback_count: int,
    max_fallbacks: int,
    fallbacks: Mapping[int, FallbackPolicy],
) -> FallbackStep:
    """Return the step after this team, for a lead that took `fallback_count` of at most `max_fallbacks` steps."""
    fallback = fallbacks.get(team_id, FallbackPolicy())
    came_from = {"from_team_id": team_id}
    if fallback.target is None:
        return FallbackStep(Reason(FallbackReason.NO_FALLBACK, came_from))
    if fallback.objection:
        details = {"fallback_user_id": fallback.user_id, "because": fallback.objection.as_json()}
        return FallbackStep(Reason(FallbackReason.USER_UNAVAILABLE, came_from | details))
    if fallback_count >= max_fallbacks:
        return FallbackStep(Reason(FallbackReason.TOO_MANY, came_from | {"count": fallback_count}))
    if fallback.target == TEAM and fallback.team_id in {team_id, *visited_team_ids}:
        return FallbackStep(Reason(FallbackReason.TEAM_HAD_LEAD, came_from | {"fallback_team_id": fallback.team_id}))
    destination = {TEAM: {"team_id": fallback.team_id}, POND: {}, USER: {"user_id": fallback.user_id}}[fallback.target]
    reason = Reason(STEP_REASONS[fallback.target], came_from | destination)
    return FallbackStep(reason, fallback.target, fallback.team_id, fallback.user_id)
