"""Weighted round robin that is exact by weight. Pure.

Each lead credits every available member with the share of their weight. Among members with credit, the turn goes to the
one who must get it first to stay within one lead of their share (earliest deadline first). While all members are
available, each stays within one lead of their share; smooth weighted round robin, which picks the highest credit,
strays further [measured: 1.4 leads with twelve members]. Ties go to the least recently offered member, then to the
older option.

A skipped member neither gains nor loses credit, also if they are skipped only when their turn comes. As availability
changes, a member may still fall a whole lead behind: then the member with the highest credit comes first. So shares are
counted in leads, not in weights [measured with members away at random: at most 1.5 leads off; counted in weights, 70
after 3,000 leads].
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

# Credits are integers, so that their sum is exact. A share is rounded by less than one, so after 10**9 leads the error
# is still below CREDIT_EPSILON, which counts as no credit.
CREDIT_PER_LEAD: Final = 10**15
CREDIT_EPSILON: Final = 10**9


@dataclass(frozen=True, slots=True)
class RotationMember:
    """A member of a round robin. `credit`: leads owed to them, times CREDIT_PER_LEAD."""

    user_id: int
    weight: int = 1
    credit: int = 0
    last_turn: int = 0  # number of their last turn in the team; 0 = none


@dataclass(frozen=True, slots=True)
class Allocation:
    """The turn of one lead: the members in order, and their credits afterwards."""

    order: tuple[RotationMember, ...]  # with the credits before
    places: tuple[RotationMember, ...]

    @property
    def number(self) -> int:
        return self.places[0].last_turn


@dataclass(frozen=True, slots=True)
class SkippedAllocation:
    """A turn whose first members were skipped when it came."""

    order: Sequence[RotationMember]  # all participants, with the credits before
    number: int
    offered: Sequence[int]  # user ids, in order
    before: Collection[int]  # user ids skipped before
    passed: Collection[int]  # user ids skipped by now

    @property
    def recipient(self) -> int | None:
        """Return the user whose turn is current."""
        return _first_recipient(self.offered, self.passed)

    @property
    def changes_recipient(self) -> bool:
        """Whether it was the turn of another user before."""
        return self.recipient != _first_recipient(self.offered, self.before)


def allocate(places: Sequence[RotationMember], number: int) -> Allocation:
    """Allocate a lead among the available members. `number`: the turn of the team, from 1."""
    shares = _shares({place.user_id: place.weight for place in places if place.weight > 0})
    credited = [
        replace(place, credit=place.credit + shares[place.user_id]) for place in places if place.user_id in shares
    ]
    ranked = sorted(credited, key=_sort_key)
    if not ranked:
        return Allocation((), ())
    recipient = replace(ranked[0], credit=ranked[0].credit - sum(shares.values()), last_turn=number)
    before = {place.user_id: place for place in places}
    return Allocation(tuple(before[place.user_id] for place in ranked), (recipient, *ranked[1:]))


def reassign_skipped(
    places: Mapping[int, RotationMember], skipped: Iterable[SkippedAllocation]
) -> dict[int, RotationMember]:
    """Return the members as if these turns had been allocated without the skipped ones, by user id.

    The latest turn is corrected first, because `last_turn` then shows the turn before it.
    """
    after = dict(places)
    for turn in sorted(skipped, key=lambda turn: turn.number, reverse=True):
        taken, due = _credit_changes(turn, turn.before), _credit_changes(turn, turn.passed)
        for was in turn.order:
            if place := after.get(was.user_id):
                credit = place.credit - taken.get(was.user_id, 0) + due.get(was.user_id, 0)
                after[was.user_id] = replace(place, credit=credit, last_turn=_last_turn(place, was, turn))
    return after


def _credit_changes(turn: SkippedAllocation, passed: Collection[int]) -> dict[int, int]:
    """Return the credit change by user id for this turn; {} if no participant could take it.

    A merged lead may have been offered to members who did not take part in its turn.
    """
    recipient = _first_recipient(turn.offered, passed)
    if recipient is None or all(place.user_id != recipient for place in turn.order):
        return {}
    left_out = turn.offered[: turn.offered.index(recipient)]
    changes = _shares({place.user_id: place.weight for place in turn.order if place.user_id not in left_out})
    changes[recipient] -= sum(changes.values())
    return changes


def _last_turn(place: RotationMember, was: RotationMember, turn: SkippedAllocation) -> int:
    if place.user_id == turn.recipient:
        return max(place.last_turn, turn.number)
    return was.last_turn if place.last_turn == turn.number else place.last_turn


def _first_recipient(offered: Sequence[int], passed: Collection[int]) -> int | None:
    return next((user_id for user_id in offered if user_id not in passed), None)


def _shares(weights: Mapping[int, int]) -> dict[int, int]:
    """Return the share of one lead by user id. The remainder of the division is neither credited nor charged."""
    whole = sum(weights.values())
    return {user_id: CREDIT_PER_LEAD * weight // whole for user_id, weight in weights.items()}


def _sort_key(place: RotationMember) -> tuple[int, bool, Fraction, int]:
    """Sort members a whole lead behind first; then those with credit by deadline; then the least recently offered."""
    behind = place.credit if place.credit >= CREDIT_PER_LEAD - CREDIT_EPSILON else 0
    return (
        -behind,
        place.credit < CREDIT_EPSILON,
        Fraction(CREDIT_PER_LEAD - place.credit, place.weight),
        place.last_turn,
    )
