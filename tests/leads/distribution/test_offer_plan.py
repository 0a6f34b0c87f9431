"""The plan of turns, as a pure function."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reasons import reason_text
from leads.distribution.offer_plan import (
    RANK,
    TIME,
    Candidate,
    RolloutTeam,
    lateness_shift,
    next_reply_number,
    plan_rollout,
)
from teams.eligibility import EMAIL, PHONE, TEXT, usable_channels

NOW = datetime(2026, 11, 24, 17, tzinfo=UTC)
ALICE, BOB, DANA = 1, 2, 3


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def option(user_id: int, **given: object) -> Candidate:
    """Return a candidate with text alerts; the option id is 10 + the user id."""
    return Candidate(
        **(
            {
                "id": 10 + user_id,
                "user_id": user_id,
                "has_text_alert": True,
                "phone": "+19495550112",
                "confirmed_phone": "+19495550112",
            }
            | given
        )
    )


def turns(team: RolloutTeam, *options: Candidate) -> list[tuple[int, timedelta]]:
    """Return the offered users, and how long after `NOW`."""
    return [(offer.user_id, offer.notify_at - NOW) for offer in plan_rollout(team, options, set(), NOW).offers]


def why_not(given: Candidate, already_offered: frozenset[int] = frozenset()) -> list[str]:
    return [
        reason_text(*skipped.reason) for skipped in plan_rollout(RolloutTeam(6), [given], already_offered, NOW).skipped
    ]


@pytest.mark.contract("Lead offers", "By rank one after another, `mins_until_next_alert` apart", "documented")
def test_by_rank_members_are_alerted_one_after_another():
    team = RolloutTeam(6, RANK, mins_until_next_alert=7)
    assert turns(team, option(BOB, rank=2), option(DANA), option(ALICE, rank=1)) == [
        (ALICE, minutes(0)),
        (BOB, minutes(7)),
        (DANA, minutes(14)),
    ]


def test_equal_ranks_go_to_the_older_option_first():
    assert [user for user, _ in turns(RolloutTeam(6), option(DANA, rank=1), option(BOB, rank=1))] == [BOB, DANA]


def test_the_default_interval_is_five_minutes():
    assert turns(RolloutTeam(6, RANK, None), option(ALICE), option(BOB))[1] == (BOB, minutes(5))


@pytest.mark.parametrize("interval", [0, -3])
def test_an_interval_of_zero_alerts_all_members_together(interval):
    assert turns(RolloutTeam(6, RANK, interval), option(ALICE), option(BOB)) == [(ALICE, minutes(0)), (BOB, minutes(0))]


@pytest.mark.contract("Lead offers", "By time each after minutes of their own", "documented")
def test_by_time_each_member_has_their_own_delay():
    team = RolloutTeam(6, TIME, mins_until_next_alert=5)
    late, soon = option(ALICE, rank=1, mins_until_lead_offer=10), option(BOB, rank=2, mins_until_lead_offer=3)
    assert turns(team, late, soon, option(DANA, rank=3)) == [
        (DANA, minutes(0)),
        (BOB, minutes(3)),
        (ALICE, minutes(10)),
    ]


def test_by_time_members_with_the_same_delay_are_ordered_by_rank():
    both = option(ALICE, rank=2, mins_until_lead_offer=3), option(BOB, rank=1, mins_until_lead_offer=3)
    assert [user for user, _ in turns(RolloutTeam(6, TIME), *both)] == [BOB, ALICE]


def test_an_offer_copies_the_channels_of_the_option():
    [offer] = plan_rollout(
        RolloutTeam(6), [option(BOB, rank=4, assign_automatically=True, has_email_alert=True)], set(), NOW
    ).offers
    assert (offer.team_id, offer.rank, offer.assign_automatically) == (6, 4, True)
    assert (offer.has_call_alert, offer.has_text_alert, offer.has_email_alert) == (False, True, True)


def test_only_ranked_rollouts_store_the_rank():
    [offer] = plan_rollout(RolloutTeam(6, TIME), [option(BOB, rank=4)], set(), NOW).offers
    assert offer.rank is None


def test_skipped_members_take_no_interval():
    paused = option(ALICE, rank=1, has_text_alert=False)
    assert turns(RolloutTeam(6), paused, option(BOB, rank=2), option(DANA, rank=3)) == [
        (BOB, minutes(0)),
        (DANA, minutes(5)),
    ]


def test_a_second_round_starts_now_with_members_who_had_no_turn():
    plan = plan_rollout(RolloutTeam(6), [option(ALICE), option(BOB)], {ALICE}, NOW)
    assert [(offer.user_id, offer.notify_at, offer.position) for offer in plan.offers] == [(BOB, NOW, 0)]
    assert [(skipped.user_id, skipped.reason.code) for skipped in plan.skipped] == [(ALICE, "already_offered")]


@pytest.mark.parametrize(
    ("unreachable", "reason"),
    [
        ({"has_text_alert": False}, "all alerts are off"),
        ({"is_active": False}, "the user is deactivated"),
        ({"is_accepted": False}, "has not accepted the team's invitation"),
        ({"phone": ""}, "no alert can be delivered: no valid phone number"),
        ({"has_opted_out": True}, "no alert can be delivered: the phone number has opted out of texts"),
        ({"has_text_alert": False, "has_email_alert": True}, "no alert can be delivered: no email address"),
        (
            {"phone": "", "has_call_alert": True},
            "no alert can be delivered: no valid phone number",
        ),
        (
            {"has_text_alert": False, "has_call_alert": True, "has_opted_out": True},
            "no alert can be delivered: the phone number has opted out of texts",
        ),
        (
            {"has_text_alert": False, "has_email_alert": True, "has_opted_out": True},
            "no alert can be delivered: no email address",
        ),
    ],
)
def test_an_unreachable_member_is_skipped_with_the_reason(unreachable, reason):
    assert why_not(option(BOB, **unreachable)) == [reason]


def test_one_usable_channel_is_enough():
    reachable = option(BOB, phone="", has_call_alert=True, has_email_alert=True, email="bob@example.com")
    assert usable_channels(reachable) == (EMAIL,)
    assert why_not(reachable) == []
    assert usable_channels(option(BOB, has_email_alert=True, email="bob@example.com")) == (TEXT, EMAIL)
    assert usable_channels(option(BOB, has_text_alert=False, has_call_alert=True)) == (PHONE,)


OPTIONS = st.lists(
    st.builds(
        Candidate,
        id=st.integers(1, 10**6),
        user_id=st.integers(1, 40),
        rank=st.none() | st.integers(-3, 5),
        mins_until_lead_offer=st.none() | st.integers(-5, 2**31),
        has_call_alert=st.booleans(),
        has_text_alert=st.booleans(),
        has_email_alert=st.booleans(),
        is_accepted=st.booleans(),
        is_active=st.booleans(),
        phone=st.sampled_from(["", "+19495550112"]),
        has_opted_out=st.booleans(),
        email=st.sampled_from(["", "bob@example.com"]),
    ),
    max_size=10,
    unique_by=(lambda option: option.id, lambda option: option.user_id),
)
TEAMS = st.builds(
    RolloutTeam,
    id=st.just(6),
    order_method=st.sampled_from([RANK, TIME]),
    mins_until_next_alert=st.none() | st.integers(-5, 2**31),
)
OFFERED = st.frozensets(st.integers(1, 40))


@given(TEAMS, OPTIONS, OFFERED)
def test_every_member_is_offered_once_or_skipped_with_a_reason(team, options, offered):
    plan = plan_rollout(team, options, offered, NOW)
    seen = [offer.user_id for offer in plan.offers] + [skipped.user_id for skipped in plan.skipped]
    assert sorted(seen) == sorted(option.user_id for option in options)
    assert all(skipped.reason for skipped in plan.skipped)
    assert not {offer.user_id for offer in plan.offers} & offered


@given(TEAMS, OPTIONS, OFFERED)
def test_turns_are_in_order_and_none_is_in_the_past(team, options, offered):
    offers = plan_rollout(team, options, offered, NOW).offers
    assert [offer.position for offer in offers] == list(range(len(offers)))
    assert [offer.notify_at for offer in offers] == sorted(offer.notify_at for offer in offers)
    assert all(offer.notify_at >= NOW for offer in offers)


@given(TEAMS, OPTIONS, OFFERED)
def test_by_rank_the_first_turn_is_now_and_intervals_are_equal(team, options, offered):
    offers = plan_rollout(RolloutTeam(6, RANK, team.mins_until_next_alert), options, offered, NOW).offers
    steps = {after.notify_at - before.notify_at for before, after in itertools.pairwise(offers)}
    assert len(steps) <= 1
    assert all(offer.notify_at == NOW for offer in offers[:1])
    assert [offer.rank is None for offer in offers] == sorted(offer.rank is None for offer in offers)


@given(TEAMS, OPTIONS, OFFERED)
def test_the_plan_does_not_depend_on_the_order_of_the_rows(team, options, offered):
    assert plan_rollout(team, options, offered, NOW).offers == plan_rollout(team, options[::-1], offered, NOW).offers


def test_an_alert_up_to_a_minute_late_is_on_time():
    assert lateness_shift(NOW, NOW + minutes(1)) == lateness_shift(NOW, NOW - minutes(9)) == timedelta(0)


def test_a_later_alert_moves_the_remaining_ones_by_the_same_time():
    assert lateness_shift(NOW, NOW + minutes(45)) == minutes(45)


def test_reply_numbers_increase_while_earlier_alerts_are_open():
    assert [next_reply_number(set()), next_reply_number({1}), next_reply_number({1, 2, 4})] == [1, 2, 3]


def test_the_least_recently_used_digit_is_reused():
    assert next_reply_number(set(), recent=[2, 1]) == 3
    assert next_reply_number(set(), recent=[9, 8, 7, 6, 5, 4, 3, 2, 1]) == 1
    assert next_reply_number({1}, recent=[9, 8, 7, 6, 5, 4, 3, 2, 1]) == 2


def test_the_tenth_open_alert_has_a_longer_number():
    assert next_reply_number(set(range(1, 10))) == 10
    assert next_reply_number({*range(1, 13), 14}) == 13


@given(st.frozensets(st.integers(1, 15)), st.lists(st.integers(1, 15)))
def test_the_next_number_is_not_open_and_a_single_digit_while_one_is_free(open_numbers, recent):
    digit = next_reply_number(open_numbers, recent)
    assert digit not in open_numbers
    assert (digit <= 9) == (not open_numbers.issuperset(range(1, 10)))
