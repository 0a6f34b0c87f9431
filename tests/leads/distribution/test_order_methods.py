"""Plans of round robins, broadcasts and exclusive windows, and of unavailable members."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.distribution.offer_plan import BROADCAST, RANK, ROUND_ROBIN, TIME, Candidate, RolloutTeam, plan_rollout
from leads.distribution.roster import Roster
from teams.availability import Availability, unavailable_reason
from teams.business_hours import parse_hours

NOON = datetime(2027, 3, 1, 20, tzinfo=UTC)  # Monday in Los Angeles
LA = ZoneInfo("America/Los_Angeles")
ALICE, BOB, DANA = 1, 2, 3


def minutes(number):
    return timedelta(minutes=number)


def option(user_id, **given):
    return Candidate(id=10 + user_id, user_id=user_id, has_email_alert=True, email="a@example.com", **given)


def away(**given):
    return Availability(zone=LA, **given)


def plan(team, *options, start=NOON, offered=()):
    return plan_rollout(team, options, offered, start)


def turns(planned):
    return [(offer.user_id, offer.notify_at - NOON) for offer in planned.offers]


ALL = (option(ALICE), option(BOB), option(DANA))


# Broadcast


def test_a_broadcast_alerts_all_members_together_with_any_interval():
    planned = plan(RolloutTeam(6, BROADCAST, mins_until_next_alert=9), *ALL)
    assert turns(planned) == [(ALICE, minutes(0)), (BOB, minutes(0)), (DANA, minutes(0))]
    assert planned.ends_at == NOON + minutes(5)


# Round robin


def test_a_round_robin_begins_with_another_member_for_each_lead_and_the_others_follow():
    roster = Roster(RolloutTeam(6, ROUND_ROBIN, mins_until_next_alert=2), ALL)
    orders = []
    for _ in range(4):
        planned = roster.plan((), NOON)
        orders.append([offer.user_id for offer in planned.offers])
        assert [offer.notify_at - NOON for offer in planned.offers] == [minutes(0), minutes(2), minutes(4)]
        roster = roster.with_plan_applied(planned, NOON)
    assert orders == [[ALICE, BOB, DANA], [BOB, DANA, ALICE], [DANA, ALICE, BOB], [ALICE, BOB, DANA]]


def test_an_unavailable_member_takes_no_turn_and_keeps_their_place():
    paused = option(ALICE, availability=away(paused_until=NOON + minutes(1)))
    planned = plan(RolloutTeam(6, ROUND_ROBIN), paused, option(BOB), option(DANA))
    assert [offer.user_id for offer in planned.offers] == [BOB, DANA]
    assert ALICE not in {place.user_id for place in planned.allocation.places}


def test_a_weight_of_zero_is_a_reason_to_skip():
    planned = plan(RolloutTeam(6, ROUND_ROBIN), option(BOB), option(DANA, weight=0))
    assert [(skipped.user_id, skipped.reason.code) for skipped in planned.skipped] == [(DANA, "zero_weight")]


def test_without_an_available_member_there_is_no_turn():
    planned = plan(RolloutTeam(6, ROUND_ROBIN), option(BOB, weight=0))
    assert (planned.is_empty, planned.allocation, planned.ends_at) == (True, None, None)


# Exclusive windows


def test_a_window_closes_when_the_next_one_opens():
    team = RolloutTeam(6, RANK, mins_until_next_alert=4, is_exclusive_window=True, mins_until_fallback=10)
    assert [offer.closes_at - NOON for offer in plan(team, *ALL).offers] == [minutes(4), minutes(8), minutes(18)]


def test_members_alerted_together_share_a_window():
    team = RolloutTeam(6, TIME, is_exclusive_window=True)
    planned = plan(team, option(ALICE), option(BOB), option(DANA, mins_until_lead_offer=3))
    assert [offer.closes_at - NOON for offer in planned.offers] == [minutes(3), minutes(3), minutes(8)]


def test_without_windows_an_offer_stays_open():
    assert {offer.closes_at for offer in plan(RolloutTeam(6), *ALL).offers} == {None}


# Who is there


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"paused_until": NOON + minutes(1)}, "paused"),
        ({"paused_until": NOON}, ""),
        ({"days_off": frozenset({date(2027, 3, 1)})}, "day_off"),
        ({"days_off": frozenset({date(2027, 3, 2)})}, ""),
        ({"hours": parse_hours("Mon 9-12")}, "outside_working_hours"),
        ({"hours": parse_hours("Mon 12-13")}, ""),
        ({"cap_open": 2, "open_leads": 2}, "open_lead_cap"),
        ({"cap_open": 2, "open_leads": 1}, ""),
        ({"cap_open": 0}, "open_lead_cap"),
        ({"cap_day": 0}, "daily_cap"),
        ({"open_leads": 99, "leads_today": 99}, ""),
    ],
)
def test_an_unavailable_member_is_skipped_with_the_reason(given, code):
    reason = unavailable_reason(away(**given), NOON)
    assert (reason.code if reason else "") == code


def test_a_day_off_is_a_day_in_the_members_time_zone():
    off = away(days_off=frozenset({date(2027, 3, 1)}))
    assert unavailable_reason(off, datetime(2027, 3, 2, 7, 59, tzinfo=UTC)).code == "day_off"
    assert unavailable_reason(off, datetime(2027, 3, 2, 8, 0, tzinfo=UTC)) is None


def test_availability_is_checked_for_the_time_of_the_turn():
    late = option(ALICE, rank=2, availability=away(hours=parse_hours("Mon 12:05-13")))
    soon = option(BOB, rank=1, availability=away(hours=parse_hours("Mon 9-12:05")))
    assert turns(plan(RolloutTeam(6), late, soon)) == [(BOB, minutes(0)), (ALICE, minutes(5))]
    assert turns(plan(RolloutTeam(6), replace(late, rank=1), replace(soon, rank=2))) == [(BOB, minutes(0))]


def test_an_unavailable_member_delays_no_other_member():
    paused = option(BOB, availability=away(paused_until=NOON + minutes(60)))
    assert turns(plan(RolloutTeam(6), option(ALICE), paused, option(DANA))) == [(ALICE, minutes(0)), (DANA, minutes(5))]


def test_an_alerted_lead_counts_toward_the_cap_for_the_next_lead():
    roster = Roster(RolloutTeam(6), (option(BOB, availability=away(cap_open=1)), option(DANA)))
    roster = roster.with_plan_applied(roster.plan((), NOON), NOON)
    assert [offer.user_id for offer in roster.plan((), NOON).offers] == [DANA]


# Properties

AVAILABILITIES = st.builds(
    Availability,
    paused_until=st.sampled_from([None, None, NOON, NOON + minutes(7)]),
    hours=st.sampled_from(["", "", "Mon 9-12:10", "Tue"]).map(parse_hours),
    days_off=st.sampled_from([frozenset(), frozenset(), frozenset({date(2027, 3, 1)})]),
    zone=st.just(LA),
    cap_open=st.sampled_from([None, None, 0, 2]),
    cap_day=st.sampled_from([None, None, 1]),
    open_leads=st.integers(0, 3),
    leads_today=st.integers(0, 2),
)
MEMBERS = st.lists(
    st.builds(
        Candidate,
        id=st.integers(1, 99),
        user_id=st.integers(1, 99),
        rank=st.one_of(st.none(), st.integers(0, 3)),
        mins_until_lead_offer=st.one_of(st.none(), st.integers(0, 9)),
        has_email_alert=st.sampled_from([True, True, True, False]),
        email=st.just("a@example.com"),
        availability=AVAILABILITIES,
        weight=st.integers(0, 4),
    ),
    max_size=7,
    unique_by=(lambda option: option.id, lambda option: option.user_id),
)
TEAMS = st.builds(
    RolloutTeam,
    id=st.just(6),
    order_method=st.sampled_from([RANK, TIME, ROUND_ROBIN, BROADCAST]),
    mins_until_next_alert=st.one_of(st.none(), st.integers(0, 9)),
    is_exclusive_window=st.booleans(),
    mins_until_fallback=st.one_of(st.none(), st.integers(0, 30)),
)


@given(TEAMS, MEMBERS, st.sets(st.integers(1, 99)))
def test_every_member_has_one_turn_or_one_reason(team, members, offered):
    planned = plan(team, *members, offered=offered)
    counted = Counter([offer.user_id for offer in planned.offers] + [skipped.user_id for skipped in planned.skipped])
    assert counted == Counter(member.user_id for member in members)
    assert all(skipped.reason for skipped in planned.skipped)
    assert offered.isdisjoint(offer.user_id for offer in planned.offers)


@given(TEAMS, MEMBERS)
def test_turns_come_in_order_and_windows_leave_no_gap(team, members):
    planned = plan(team, *members)
    times = [offer.notify_at for offer in planned.offers]
    assert times == sorted(times)
    assert [offer.position for offer in planned.offers] == list(range(len(times)))
    if team.is_exclusive_window and times:
        windows = sorted({(offer.notify_at, offer.closes_at) for offer in planned.offers})
        assert all(before[1] == after[0] for before, after in pairwise(windows))
        assert windows[-1][1] == planned.ends_at
    assert planned.ends_at is None or planned.ends_at >= times[-1]


@given(TEAMS, MEMBERS)
def test_no_member_is_offered_a_lead_while_unavailable(team, members):
    by_user = {member.user_id: member for member in members}
    for offer in plan(team, *members).offers:
        assert unavailable_reason(by_user[offer.user_id].availability, offer.notify_at) is None


@given(MEMBERS, st.integers(1, 60))
def test_shares_are_within_one_lead_among_available_members(members, leads):
    present = [replace(member, availability=Availability(), has_email_alert=True) for member in members]
    roster = Roster(RolloutTeam(6, ROUND_ROBIN), tuple(present))
    whole, firsts = sum(member.weight for member in present), Counter()
    for lead in range(1, leads + 1):
        planned = roster.plan((), NOON)
        roster = roster.with_plan_applied(planned, NOON)
        firsts.update(offer.user_id for offer in planned.offers[:1])
        for member in present if whole else ():
            assert abs(firsts[member.user_id] - lead * member.weight / whole) < 1
