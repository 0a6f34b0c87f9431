"""Whose turn it is in a round robin, exactly by weight. Pure: everybody's place in, an order and new places out.

Each lead owes every member who could take it their weight's share of a lead. Among those who are owed something, the
turn goes to whoever must have it first to stay within one lead of their share (earliest deadline first, which for
weights that stand keeps everybody within one lead; "most owed first", as smooth weighted round robins do it, strays
further [measured: 1.4 leads among twelve members]). Ties go to the least recently offered, then to the older option.
Who is passed over keeps their place: they earn nothing meanwhile, and lose nothing. That holds also for those of whom
it turns out only at their moment that they cannot take it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Place:
    """A member's place. `credit` is what they are owed, in leads times the weight of all who shared in them."""

    user_id: int
    weight: int = 1
    credit: int = 0
    last_turn: int = 0  # the number of the team's turn that was theirs; 0 = none yet


@dataclass(frozen=True, slots=True)
class Turn:
    """One lead's turn: whose it is with everybody after them, and everybody's place afterwards."""

    order: tuple[Place, ...]  # as it was before
    places: tuple[Place, ...]

    @property
    def number(self) -> int:
        return self.places[0].last_turn


@dataclass(frozen=True, slots=True)
class Missed:
    """A turn that was another's at its moment: of those offered the lead, the first were passed over."""

    order: Sequence[Place]  # all who shared in it, as they were before
    number: int
    offered: Sequence[int]  # users, in order
    before: Collection[int]  # those of whom that was known already
    passed: Collection[int]  # those of whom it is known now

    @property
    def taker(self) -> int | None:
        """Whose turn it is now."""
        return _first(self.offered, self.passed)

    @property
    def is_anothers(self) -> bool:
        """Whether it was somebody else's before."""
        return self.taker != _first(self.offered, self.before)


def take_turn(places: Sequence[Place], whole: int, number: int) -> Turn:
    """The turn among those who can take it; `whole` is the weight of the whole team, `number` counts its turns from 1.

    No place may be more than a lead away from its share: what older, larger weights left behind is cut.
    """
    owed = [replace(place, credit=_within(place.credit, whole) + place.weight) for place in places if place.weight > 0]
    shared = sum(place.weight for place in owed)
    ranked = sorted(owed, key=lambda place: _deadline(place, shared))
    if not ranked:
        return Turn((), ())
    taker = replace(ranked[0], credit=ranked[0].credit - shared, last_turn=number)
    before = {place.user_id: place for place in places}
    return Turn(tuple(before[place.user_id] for place in ranked), (taker, *ranked[1:]))


def hand_on(places: Mapping[int, Place], missed: Iterable[Missed]) -> dict[int, Place]:
    """Everybody's place, as if these turns had been taken without those who were passed over.

    The latest turn comes first: behind it the one before appears.
    """
    after = dict(places)
    for turn in sorted(missed, key=lambda turn: turn.number, reverse=True):
        taken, due = _dues(turn, turn.before), _dues(turn, turn.passed)
        for was in turn.order:
            if place := after.get(was.user_id):
                credit = place.credit - taken.get(was.user_id, 0) + due.get(was.user_id, 0)
                after[was.user_id] = replace(place, credit=credit, last_turn=_last_turn(place, was, turn))
    return after


def _dues(turn: Missed, passed: Collection[int]) -> dict[int, int]:
    """What the turn gives, and takes from whose it is; where nobody of the plan could take it there was none."""
    taker = _first(turn.offered, passed)
    if taker is None:
        return {}
    left_out = turn.offered[: turn.offered.index(taker)]
    dues = {place.user_id: place.weight for place in turn.order if place.user_id not in left_out}
    dues[taker] -= sum(dues.values())
    return dues


def _last_turn(place: Place, was: Place, turn: Missed) -> int:
    if place.user_id == turn.taker:
        return max(place.last_turn, turn.number)
    return was.last_turn if place.last_turn == turn.number else place.last_turn


def _first(offered: Sequence[int], passed: Collection[int]) -> int | None:
    return next((user_id for user_id in offered if user_id not in passed), None)


def _deadline(place: Place, shared: int) -> tuple[bool, Fraction, int]:
    """First those who are owed something; of them, who would soonest be a whole lead behind, then who waits longest."""
    return place.credit <= 0, Fraction(shared - place.credit, place.weight), place.last_turn


def _within(credit: int, whole: int) -> int:
    return max(1 - whole, min(whole - 1, credit))
