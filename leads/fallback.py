"""Where a lead goes that nobody of a team claimed. Pure: the teams' settings in, the next stop or the end out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

TEAM: Final = "Team"
POND: Final = "Pond"
USER: Final = "User"


@dataclass(frozen=True, slots=True)
class Fallback:
    """What a team does with its leads when nobody claimed; no target: it waits for its owner."""

    target: str | None = None
    team_id: int | None = None
    user_id: int | None = None
    objection: str = ""  # why that user gets no leads, in plain words


@dataclass(frozen=True, slots=True)
class Hop:
    """The next stop of a lead, with why it goes there. Without a target it goes nowhere: it waits for its owner."""

    reason: str
    target: str | None = None
    team_id: int | None = None
    user_id: int | None = None


def next_hop(team_id: int, been_to: Collection[int], hops: int, most: int, fallbacks: Mapping[int, Fallback]) -> Hop:
    """The stop after this team, of a lead that took `hops` of at most `most` and was with the teams `been_to`."""
    fallback = fallbacks.get(team_id, Fallback())
    if fallback.target is None:
        return Hop(f"Team {team_id} has no fallback: the lead waits for its owner.")
    if fallback.objection:
        to = f"user {fallback.user_id}, who {fallback.objection}"
        return Hop(f"Team {team_id} falls back to {to}: it waits for its owner.")
    if hops >= most:
        return Hop(f"The lead fell back {hops} times, which is the most: it waits for its owner.")
    if fallback.target == TEAM and fallback.team_id in {team_id, *been_to}:
        return Hop(f"Team {team_id} falls back to team {fallback.team_id}, where the lead has been already.")
    words = {TEAM: f"team {fallback.team_id}", POND: "its pond", USER: f"user {fallback.user_id}"}
    reason = f"Team {team_id} falls back to {words[fallback.target]}."
    return Hop(reason, fallback.target, fallback.team_id, fallback.user_id)
