"""When the actions of a campaign happen, as a pure plan."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import REMINDERS, CampaignAction
from campaigns.schedule import (
    AT_ONCE,
    DAY_AND_TIME,
    EMAIL,
    EXACT,
    EXHAUSTED,
    MINUTES,
    NEXT_DAY,
    PAST,
    PLANNERS,
    RECURRING,
    TASK_TYPES,
    TEXT,
    Action,
    Planned,
    plan,
    validate_timing,
)
from teams.zones import instant, wall_time

PACIFIC = ZoneInfo("America/Los_Angeles")
EASTERN = ZoneInfo("America/New_York")
START = datetime(2026, 11, 24, 17, tzinfo=UTC)  # 9:00 in Los Angeles
TASK = TASK_TYPES[1]


def planned(action: Action, start: datetime = START, zone: ZoneInfo = PACIFIC) -> Planned:
    [only] = plan([action], start, lambda _: zone)
    return only


def on_day(days: int, at: str, type: str = EMAIL) -> Action:
    return Action(4, type, DAY_AND_TIME, delay_by_days=days, dispatch_time=time.fromisoformat(at))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_words_are_those_of_the_model():
    assert set(PLANNERS) == set(CampaignAction.TimingType.values)
    assert set(TASK_TYPES) == set(REMINDERS)


def test_minutes_are_counted_in_seconds_from_the_start():
    assert planned(Action(4, TEXT, MINUTES, delay_by_seconds=600)) == Planned(4, START + timedelta(minutes=10))


def test_days_are_counted_on_the_senders_calendar():
    # 1:00 UTC on the 25th is still the evening of the 24th in Los Angeles
    assert planned(on_day(1, "20:30"), start=utc("2026-11-25T01:00")).at == utc("2026-11-26T04:30")


def test_each_action_is_timed_in_its_own_senders_zone():
    actions = [replace(on_day(1, "10:00"), id=1), replace(on_day(1, "10:00"), id=2)]
    both = plan(actions, START, lambda action: PACIFIC if action.id == 1 else EASTERN)
    assert [(one.action_id, one.at) for one in both] == [(1, utc("2026-11-25T18:00")), (2, utc("2026-11-25T15:00"))]


def test_a_time_later_today_is_today():
    assert planned(on_day(0, "09:00:01", TEXT)) == Planned(4, START + timedelta(seconds=1))
    assert planned(on_day(0, "09:00", TEXT)) == Planned(4, START)


@pytest.mark.parametrize("type", [EMAIL, TASK, "Call Contact"])
def test_where_todays_time_has_gone_by_all_but_texts_happen_at_once(type):
    assert planned(on_day(0, "08:59", type)) == Planned(4, START, AT_ONCE)


def test_where_todays_time_has_gone_by_a_text_waits_for_tomorrow():
    assert planned(on_day(0, "08:59", TEXT)) == Planned(4, utc("2026-11-25T16:59"), NEXT_DAY)


def test_a_time_the_clocks_leave_out_is_the_first_minute_after():
    assert planned(on_day(1, "02:30"), start=utc("2026-03-07T20:00")).at == utc("2026-03-08T10:00")


def test_a_time_that_comes_twice_is_the_first():
    assert planned(on_day(1, "01:30"), start=utc("2026-10-31T20:00")).at == utc("2026-11-01T08:30")


def test_an_exact_date_is_kept():
    at = utc("2027-01-05T18:00")
    assert planned(Action(4, EMAIL, EXACT, dispatch_datetime=at)) == Planned(4, at)
    assert planned(Action(4, EMAIL, EXACT, dispatch_datetime=START)) == Planned(4, START)


def test_an_exact_date_gone_by_is_left_out_and_says_so():
    assert planned(Action(4, EMAIL, EXACT, dispatch_datetime=START - timedelta(seconds=1))) == Planned(4, None, PAST)


def test_a_recurring_task_first_falls_due_at_the_start_if_the_rule_says_so():
    assert planned(Action(4, TASK, RECURRING, recurrence="FREQ=DAILY")) == Planned(4, START)
    assert planned(Action(4, TASK, RECURRING, recurrence="FREQ=WEEKLY;BYDAY=FR")) == Planned(4, utc("2026-11-27T17:00"))


def test_a_recurrence_that_had_ended_is_left_out_and_says_so():
    assert planned(Action(4, TASK, RECURRING, recurrence="FREQ=DAILY;UNTIL=20261101")) == Planned(4, None, EXHAUSTED)


ZONES = st.sampled_from([PACIFIC, EASTERN, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")])
STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TYPES = st.sampled_from([EMAIL, TEXT, TASK])


@given(STARTS, ZONES, st.integers(1, 400), st.times(), TYPES)
def test_the_wall_shows_the_dispatch_time_unless_the_clocks_skip_it(start, zone, days, at, type):
    action = Action(4, type, DAY_AND_TIME, delay_by_days=days, dispatch_time=at)
    due = planned(action, start, zone)
    shown, wanted = wall_time(due.at, zone), datetime.combine(wall_time(start, zone).date() + timedelta(days=days), at)
    assert due.reason == ""
    assert shown == wanted or (shown.second == 0 and timedelta(0) < shown - wanted <= timedelta(hours=1))


@given(STARTS, ZONES, st.integers(0, 3), st.times(), TYPES)
def test_nothing_is_planned_before_the_start_nor_later_than_a_day_after_its_time(start, zone, days, at, type):
    due = planned(Action(4, type, DAY_AND_TIME, delay_by_days=days, dispatch_time=at), start, zone)
    latest: date = wall_time(start, zone).date() + timedelta(days=days + 1)
    assert start <= due.at <= instant(datetime.combine(latest, at), zone)


@given(STARTS, st.integers(0, 10**8))
def test_a_delay_in_seconds_is_exact_in_every_zone(start, seconds):
    due = planned(Action(4, TEXT, MINUTES, delay_by_seconds=seconds), start)
    assert due.at - start == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "whole",
    [
        on_day(0, "20:30"),
        Action(4, TEXT, MINUTES, delay_by_seconds=0),
        Action(4, EMAIL, EXACT, dispatch_datetime=START),
        Action(4, TASK, RECURRING, recurrence="FREQ=YEARLY"),
    ],
)
def test_a_whole_timing_has_no_fault(whole):
    assert validate_timing(whole) == {}


def test_a_timing_names_every_field_it_misses():
    missing = "Required for this timing type."
    assert validate_timing(Action(4, EMAIL, DAY_AND_TIME)) == {"delay_by_days": missing, "dispatch_time": missing}
    assert validate_timing(Action(4, EMAIL, MINUTES)) == {"delay_by_seconds": missing}
    assert validate_timing(Action(4, EMAIL, EXACT)) == {"dispatch_datetime": missing}
    assert validate_timing(Action(4, TASK, RECURRING)) == {"recurrence": missing}


@pytest.mark.parametrize("days", [-1, 36_501, 2**31])
def test_a_delay_ends_within_the_calendar(days):
    assert validate_timing(on_day(days, "20:30")) == {"delay_by_days": "Must be between 0 and 36500."}


def test_a_delay_in_seconds_is_not_negative():
    assert "delay_by_seconds" in validate_timing(Action(4, TEXT, MINUTES, delay_by_seconds=-1))


def test_only_agent_tasks_recur():
    assert validate_timing(Action(4, TEXT, RECURRING, recurrence="FREQ=DAILY")) == {
        "timing_type": "Recurring is only for agent tasks."
    }


def test_an_unknown_timing_names_those_there_are():
    assert DAY_AND_TIME in validate_timing(Action(4, TEXT, "Someday"))["timing_type"]


def test_a_rule_that_cannot_be_followed_is_refused_by_name():
    assert "MINUTELY" in validate_timing(Action(4, TASK, RECURRING, recurrence="FREQ=MINUTELY"))["recurrence"]
