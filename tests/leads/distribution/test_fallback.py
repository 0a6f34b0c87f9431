"""Where a lead goes that nobody of a team claimed, as a pure decision; and teams that fall back in a circle."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reasons import Reason
from leads.distribution.fallback import POND, TEAM, USER, FallbackPolicy, next_fallback
from teams.fallback_loops import find_loop

BOB = 2
INACTIVE = Reason("user_inactive")


def hop(fallback, been_to=(), hops=0):
    """From team 1, of at most three."""
    return next_fallback(1, been_to, hops, 3, {1: fallback} if fallback else {})


@pytest.mark.parametrize(
    ("fallback", "target", "code"),
    [
        (FallbackPolicy(TEAM, team_id=4), TEAM, "fell_back_to_team"),
        (FallbackPolicy(POND), POND, "fell_back_to_pond"),
        (FallbackPolicy(USER, user_id=BOB), USER, "fell_back_to_user"),
        (FallbackPolicy(), None, "no_fallback"),
        (None, None, "no_fallback"),
    ],
)
def test_a_lead_goes_where_its_team_says_else_it_waits_for_its_owner(fallback, target, code):
    assert (hop(fallback).target, hop(fallback).reason.code) == (target, code)


def test_nobody_is_given_a_lead_to_whom_there_is_an_objection():
    gone = hop(FallbackPolicy(USER, user_id=BOB, objection=INACTIVE))
    assert (gone.target, gone.user_id) == (None, None)
    assert gone.reason.code == "fallback_user_unavailable"
    assert gone.reason.details["because"] == INACTIVE.as_json()


def test_a_lead_does_not_come_back_to_a_team():
    assert hop(FallbackPolicy(TEAM, team_id=4), been_to={1, 4}).target is None
    assert hop(FallbackPolicy(TEAM, team_id=1)).target is None


def test_after_so_many_fallbacks_it_is_over():
    assert hop(FallbackPolicy(TEAM, team_id=4), hops=2).target == TEAM
    assert hop(FallbackPolicy(TEAM, team_id=4), hops=3).target is None


TEAMS = st.integers(1, 6)
FALLBACKS = st.dictionaries(
    TEAMS,
    st.one_of(
        st.builds(FallbackPolicy, st.just(TEAM), team_id=TEAMS),
        st.just(FallbackPolicy(POND)),
        st.builds(FallbackPolicy, st.just(USER), user_id=st.just(BOB), objection=st.sampled_from([None, INACTIVE])),
        st.just(FallbackPolicy()),
    ),
)


@given(FALLBACKS, TEAMS, st.integers(0, 8))
def test_whatever_was_set_every_lead_comes_to_an_end_and_to_no_team_twice(fallbacks, first, most):
    way, been_to = [first], {first}
    while (step := next_fallback(way[-1], been_to, len(way) - 1, most, fallbacks)).target == TEAM:
        way.append(step.team_id)
        been_to.add(step.team_id)
    assert len(set(way)) == len(way) <= most + 1
    assert step.reason


# Loops


def test_a_loop_is_told_in_order_and_closed():
    assert find_loop(1, {1: 2, 2: 3, 3: 2}) == [2, 3, 2]
    assert find_loop(1, {1: 1}) == [1, 1]


def test_a_chain_that_ends_is_no_loop():
    assert find_loop(1, {1: 2, 2: 3, 3: None}) == []
    assert find_loop(9, {}) == []


@given(st.dictionaries(TEAMS, st.one_of(st.none(), TEAMS)), TEAMS)
def test_a_loop_is_found_where_there_is_one(following, first):
    loop = find_loop(first, following)
    steps, current = 0, first
    while current is not None and steps <= 6:
        current, steps = following.get(current), steps + 1
    assert bool(loop) == (current is not None)
    assert all(following[here] == there for here, there in pairwise(loop))
    assert loop[:1] == loop[-1:]
