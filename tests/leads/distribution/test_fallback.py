"""The fallback of an unclaimed lead, as a pure function, and loops of fallbacks."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reasons import Reason
from leads.distribution.fallback import POND, TEAM, USER, FallbackPolicy, next_fallback
from teams.fallback_loops import find_loop

BOB = 2
INACTIVE = Reason("user_inactive")


def step(fallback, been_to=(), fallback_count=0):
    """Return the step after team 1, with at most three fallbacks."""
    return next_fallback(1, been_to, fallback_count, 3, {1: fallback} if fallback else {})


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
def test_a_lead_goes_to_the_fallback_of_its_team_or_waits_for_its_owner(fallback, target, code):
    assert (step(fallback).target, step(fallback).reason.code) == (target, code)


def test_an_unavailable_fallback_user_gets_no_lead():
    gone = step(FallbackPolicy(USER, user_id=BOB, objection=INACTIVE))
    assert (gone.target, gone.user_id) == (None, None)
    assert gone.reason.code == "fallback_user_unavailable"
    assert gone.reason.details["because"] == INACTIVE.as_json()


def test_a_lead_does_not_return_to_a_team():
    assert step(FallbackPolicy(TEAM, team_id=4), been_to={1, 4}).target is None
    assert step(FallbackPolicy(TEAM, team_id=1)).target is None


def test_the_number_of_fallbacks_is_limited():
    assert step(FallbackPolicy(TEAM, team_id=4), fallback_count=2).target == TEAM
    assert step(FallbackPolicy(TEAM, team_id=4), fallback_count=3).target is None


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
def test_every_lead_reaches_an_end_and_no_team_twice(fallbacks, first, most):
    way, been_to = [first], {first}
    while (step := next_fallback(way[-1], been_to, len(way) - 1, most, fallbacks)).target == TEAM:
        way.append(step.team_id)
        been_to.add(step.team_id)
    assert len(set(way)) == len(way) <= most + 1
    assert step.reason


# Loops


def test_a_loop_is_reported_in_order_and_closed():
    assert find_loop(1, {1: 2, 2: 3, 3: 2}) == [2, 3, 2]
    assert find_loop(1, {1: 1}) == [1, 1]


def test_a_chain_that_ends_is_not_a_loop():
    assert find_loop(1, {1: 2, 2: 3, 3: None}) == []
    assert find_loop(9, {}) == []


@given(st.dictionaries(TEAMS, st.one_of(st.none(), TEAMS)), TEAMS)
def test_every_loop_is_found(following, first):
    loop = find_loop(first, following)
    steps, current = 0, first
    while current is not None and steps <= 6:
        current, steps = following.get(current), steps + 1
    assert bool(loop) == (current is not None)
    assert all(following[here] == there for here, there in pairwise(loop))
    assert loop[:1] == loop[-1:]
