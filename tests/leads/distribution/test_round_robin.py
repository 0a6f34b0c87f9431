"""A round robin that is exact by weight, as a pure function."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from leads.distribution.round_robin import (
    CREDIT_PER_LEAD,
    Allocation,
    RotationMember,
    SkippedAllocation,
    allocate,
    reassign_skipped,
)

ALICE, BOB, DANA = 1, 2, 3


def run(places: list[RotationMember], turns: int, away: Iterable[int] = ()) -> tuple[list[int], list[RotationMember]]:
    """Return the recipient of each turn, and all members afterwards."""
    start = max(place.last_turn for place in places)
    takers = []
    for number in range(start + 1, start + turns + 1):
        turn = allocate([place for place in places if place.user_id not in away], number)
        takers.append(turn.order[0].user_id)
        after = {place.user_id: place for place in turn.places}
        places = [after.get(place.user_id, place) for place in places]
    return takers, places


def test_equal_members_take_turns():
    takers, _ = run([RotationMember(ALICE), RotationMember(BOB), RotationMember(DANA)], 7)
    assert takers == [ALICE, BOB, DANA, ALICE, BOB, DANA, ALICE]


def test_the_turns_of_a_heavy_member_are_spread_out():
    takers, _ = run([RotationMember(ALICE, weight=2), RotationMember(BOB), RotationMember(DANA)], 8)
    assert Counter(takers) == {ALICE: 4, BOB: 2, DANA: 2}
    assert all(taker != following for taker, following in pairwise(takers) if taker != ALICE)


def test_an_unavailable_member_keeps_their_credit_and_gains_none():
    _, places = run([RotationMember(ALICE), RotationMember(BOB), RotationMember(DANA)], 1)
    takers, places = run(places, 10, away={BOB})
    assert set(takers) == {ALICE, DANA}
    assert abs(Counter(takers)[ALICE] - 5) <= 1
    takers, _ = run(places, 4)
    assert takers[0] == BOB  # next, as before
    assert Counter(takers)[BOB] <= 2  # and not ten in a row


def test_a_new_member_does_not_get_the_missed_leads():
    _, places = run([RotationMember(ALICE), RotationMember(BOB)], 100)
    takers, _ = run([*places, RotationMember(DANA)], 9)
    assert Counter(takers) == {ALICE: 3, BOB: 3, DANA: 3}


def test_a_weight_of_zero_takes_no_turn():
    takers, _ = run([RotationMember(ALICE), RotationMember(BOB, weight=0)], 3)
    assert takers == [ALICE] * 3
    assert allocate([RotationMember(BOB, weight=0)], 1).order == ()


def test_the_other_members_follow_in_the_order_of_their_turns():
    _, places = run([RotationMember(ALICE), RotationMember(BOB), RotationMember(DANA)], 1)
    assert [place.user_id for place in allocate(places, 2).order] == [BOB, DANA, ALICE]


def test_a_reduced_weight_leaves_no_large_debt():
    _, places = run([RotationMember(ALICE, weight=1000), RotationMember(BOB, weight=999)], 7)
    lighter = [RotationMember(place.user_id, 1, place.credit, place.last_turn) for place in places]
    takers, _ = run(lighter, 10)
    assert abs(Counter(takers)[ALICE] - 5) <= 1


weights = st.lists(st.one_of(st.integers(1, 12), st.sampled_from([50, 100, 1000])), min_size=1, max_size=12)


@given(weights, st.integers(1, 300))
@settings(max_examples=150)
def test_no_member_is_ever_a_whole_lead_from_their_share(given_weights, turns):
    places = [RotationMember(number, weight) for number, weight in enumerate(given_weights, 1)]
    takers, _ = run(places, turns)
    whole = sum(given_weights)
    had = Counter[int]()
    for so_far, taker in enumerate(takers, 1):
        had[taker] += 1
        assert all(abs(had[place.user_id] * whole - so_far * place.weight) < whole for place in places)


def strays(places: list[RotationMember], aways: Iterable[Iterable[int]]) -> Iterator[float]:
    """Yield after each turn the largest deviation from a share, in leads, among the available members."""
    due = Counter[int]()
    for away in aways:
        there = {place.user_id: place.weight for place in places if place.user_id not in away}
        (taker,), places = run(places, 1, away)
        due.update({user_id: Fraction(weight, sum(there.values())) for user_id, weight in there.items()})
        due[taker] -= 1
        yield max(map(abs, due.values()))


@given(st.lists(st.integers(1, 9), min_size=2, max_size=6), st.data())
def test_with_changing_availability_the_deviation_is_below_the_number_of_members(given_weights, data):
    places = [RotationMember(number, weight) for number, weight in enumerate(given_weights, 1)]
    some_away = st.sets(st.sampled_from([place.user_id for place in places]), max_size=len(places) - 1)
    aways = data.draw(st.lists(some_away, min_size=1, max_size=60))
    assert max(strays(places, aways)) < len(places)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=12), st.integers(1, 9), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_with_random_availability_the_deviation_is_below_two_leads(given_weights, tenths, random):
    places = [RotationMember(number, weight) for number, weight in enumerate(given_weights, 1)]
    aways = ({place.user_id for place in places[1:] if random.random() < tenths / 10} for _ in range(500))
    assert max(strays(places, aways)) < 2


# Who cannot take a turn at its moment


def miss(turn: Allocation, passed: int, before: int = 0) -> SkippedAllocation:
    """Return the turn after the first members who were offered the lead were skipped."""
    offered = [place.user_id for place in turn.order]
    return SkippedAllocation(turn.order, turn.number, offered, offered[:before], offered[:passed])


def placed(places: Iterable[RotationMember]) -> dict[int, RotationMember]:
    return {place.user_id: place for place in places}


def test_the_next_member_of_the_plan_is_charged_for_a_skipped_turn():
    before = placed([RotationMember(ALICE), RotationMember(BOB), RotationMember(DANA)])
    turn = allocate(list(before.values()), 1)

    after = reassign_skipped(placed(turn.places), [miss(turn, 1)])

    assert after[ALICE] == before[ALICE]
    assert (after[BOB].credit, after[BOB].last_turn) == (-CREDIT_PER_LEAD // 2, 1)
    assert (after[DANA].credit, after[DANA].last_turn) == (CREDIT_PER_LEAD // 2, 0)


def test_a_turn_that_no_member_can_take_charges_no_member():
    before = placed([RotationMember(ALICE, 2), RotationMember(BOB), RotationMember(DANA)])
    turn = allocate(list(before.values()), 1)

    assert reassign_skipped(placed(turn.places), [miss(turn, 3)]) == before


def test_two_skipped_turns_in_a_row_do_not_count_as_the_last_turn():
    before = placed([RotationMember(ALICE, 5), RotationMember(BOB, 1)])
    first = allocate(list(before.values()), 1)
    second = allocate(first.places, 2)
    assert [turn.order[0].user_id for turn in (first, second)] == [ALICE, ALICE]

    after = reassign_skipped(placed(second.places), [miss(first, 1), miss(second, 1)])

    assert after[ALICE] == before[ALICE]
    assert after[BOB].last_turn == 2


members = st.lists(
    st.tuples(st.integers(1, 12), st.integers(-CREDIT_PER_LEAD, CREDIT_PER_LEAD), st.integers(0, 9)).map(list),
    min_size=1,
    max_size=8,
)


@given(members, st.data())
def test_a_skipped_turn_gives_the_same_credits_as_an_allocation_without_the_member(given_members, data):
    """Skipped together, or one after another."""
    places = [RotationMember(number, *member) for number, member in enumerate(given_members, 1)]
    turn = allocate(places, 10)
    count = len(turn.order)
    passed = data.draw(st.integers(0, count))

    after = reassign_skipped(placed(turn.places), [miss(turn, passed)])

    assert sum(place.credit for place in after.values()) == sum(place.credit for place in places)
    out, rest = turn.order[:passed], turn.order[passed:]
    assert all(after[place.user_id] == place for place in out)
    shares = {place.user_id: CREDIT_PER_LEAD * place.weight // sum(place.weight for place in rest) for place in rest}
    for place in rest:
        owed = place.credit + shares[place.user_id] - (sum(shares.values()) if place == rest[0] else 0)
        assert after[place.user_id].credit == owed
        assert after[place.user_id].last_turn == (10 if place == rest[0] else place.last_turn)
    by_and_by = placed(turn.places)
    for number in range(passed):
        by_and_by = reassign_skipped(by_and_by, [miss(turn, number + 1, before=number)])
    assert by_and_by == after


@given(st.lists(st.integers(1, 9), min_size=2, max_size=8), st.data())
def test_with_skipped_turns_no_member_is_owed_more_than_three_leads(given_weights, data):
    places = placed(RotationMember(number, weight) for number, weight in enumerate(given_weights, 1))
    for number in range(1, 41):
        turn = allocate(list(places.values()), number)
        passed = data.draw(st.integers(0, len(places)))
        places = reassign_skipped(places | placed(turn.places), [miss(turn, passed)])
        assert all(abs(place.credit) <= 3 * CREDIT_PER_LEAD for place in places.values())


def test_a_member_who_did_not_participate_in_a_turn_is_not_charged():
    """A member of another team is offered the lead through its duplicate, which was planned at the same time."""
    turn = allocate([RotationMember(1), RotationMember(2)], 1)
    places = {place.user_id: place for place in turn.places}

    handed_on = reassign_skipped(places, [SkippedAllocation(turn.order, 1, offered=[1, 3], before=[], passed=[1])])

    assert [place.credit for place in handed_on.values()] == [0, 0]
