"""Whose turn it is in a round robin, exactly by weight. Pure: everybody's place in, an order and new places out.

Each lead owes every member who could take it their weight's share of it. Among those who are owed something, the turn
goes to whoever must have it first to stay within one lead of their share (earliest deadline first, which while
everybody is there keeps everybody within one lead; "most owed first", as smooth weighted round robins do it, strays
further [measured: 1.4 leads among twelve members]). Ties go to the least recently offered, then to the older option.

Who is passed over keeps their place: they earn nothing meanwhile, and lose nothing. That holds also for those of whom
it turns out only at their moment that they cannot take it. As members come and go somebody may fall a whole lead behind
after all: then whoever is furthest behind comes first. So shares are counted in leads, of whomever they are shares
[measured: with members away at random nobody strays 1.5 leads; counted in weights, it was 70 after 3,000 leads].
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

# Credits are whole numbers, so that their sum stays what it is. A share is rounded by less than one; after a thousand
# million leads that is still less than a grain, below which nothing is owed.
CREDIT_PER_LEAD: Final = 10**15
CREDIT_EPSILON: Final = 10**9


@dataclass(frozen=True, slots=True)
class RotationMember:
    """A member's place. `credit` is what they are owed, in parts of a LEAD."""

    user_id: int
    weight: int = 1
    credit: int = 0
    last_turn: int = 0  # the number of the team's turn that was theirs; 0 = none yet


@dataclass(frozen=True, slots=True)
class Allocation:
    """One lead's turn: whose it is with everybody after them, and everybody's place afterwards."""

    order: tuple[RotationMember, ...]  # as it was before
    places: tuple[RotationMember, ...]

    @property
    def number(self) -> int:
        return self.places[0].last_turn


@dataclass(frozen=True, slots=True)
class SkippedAllocation:
    """A turn that was another's at its moment: of those offered the lead, the first were passed over."""

    order: Sequence[RotationMember]  # all who shared in it, as they were before
    number: int
    offered: Sequence[int]  # users, in order
    before: Collection[int]  # those of whom that was known already
    passed: Collection[int]  # those of whom it is known now

    @property
    def recipient(self) -> int | None:
        """Whose turn it is now."""
        return _first_recipient(self.offered, self.passed)

    @property
    def changes_recipient(self) -> bool:
        """Whether it was somebody else's before."""
        return self.recipient != _first_recipient(self.offered, self.before)


def allocate(places: Sequence[RotationMember], number: int) -> Allocation:
    """The turn among those who can take it; `number` counts the turns of their team from 1."""
    shares = _shares({place.user_id: place.weight for place in places if place.weight > 0})
    owed = [replace(place, credit=place.credit + shares[place.user_id]) for place in places if place.user_id in shares]
    ranked = sorted(owed, key=_sort_key)
    if not ranked:
        return Allocation((), ())
    taker = replace(ranked[0], credit=ranked[0].credit - sum(shares.values()), last_turn=number)
    before = {place.user_id: place for place in places}
    return Allocation(tuple(before[place.user_id] for place in ranked), (taker, *ranked[1:]))


def reassign_skipped(
    places: Mapping[int, RotationMember], missed: Iterable[SkippedAllocation]
) -> dict[int, RotationMember]:
    """Everybody's place, as if these turns had been taken without those who were passed over.

    The latest turn comes first: behind it the one before appears.
    """
    after = dict(places)
    for turn in sorted(missed, key=lambda turn: turn.number, reverse=True):
        taken, due = _credit_changes(turn, turn.before), _credit_changes(turn, turn.passed)
        for was in turn.order:
            if place := after.get(was.user_id):
                credit = place.credit - taken.get(was.user_id, 0) + due.get(was.user_id, 0)
                after[was.user_id] = replace(place, credit=credit, last_turn=_last_turn(place, was, turn))
    return after


def _credit_changes(turn: SkippedAllocation, passed: Collection[int]) -> dict[int, int]:
    """What the turn gives, and takes from whose it is; where nobody who shared in it could take it there was none.

    A lead that was merged may have been offered at the same moment to others than those who shared in its turn.
    """
    taker = _first_recipient(turn.offered, passed)
    if taker is None or all(place.user_id != taker for place in turn.order):
        return {}
    left_out = turn.offered[: turn.offered.index(taker)]
    dues = _shares({place.user_id: place.weight for place in turn.order if place.user_id not in left_out})
    dues[taker] -= sum(dues.values())
    return dues


def _last_turn(place: RotationMember, was: RotationMember, turn: SkippedAllocation) -> int:
    if place.user_id == turn.recipient:
        return max(place.last_turn, turn.number)
    return was.last_turn if place.last_turn == turn.number else place.last_turn


def _first_recipient(offered: Sequence[int], passed: Collection[int]) -> int | None:
    return next((user_id for user_id in offered if user_id not in passed), None)


def _shares(weights: Mapping[int, int]) -> dict[int, int]:
    """Of one lead, by user. What does not divide nobody earns, and nobody pays."""
    whole = sum(weights.values())
    return {user_id: CREDIT_PER_LEAD * weight // whole for user_id, weight in weights.items()}


def _sort_key(place: RotationMember) -> tuple[int, bool, Fraction, int]:
    """First who is a whole lead behind; of those owed something who would soonest be; then who waits longest."""
    behind = place.credit if place.credit >= CREDIT_PER_LEAD - CREDIT_EPSILON else 0
    return (
        -behind,
        place.credit < CREDIT_EPSILON,
        Fraction(CREDIT_PER_LEAD - place.credit, place.weight),
        place.last_turn,
    )
