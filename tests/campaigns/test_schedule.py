"""When the actions of a campaign happen, as a pure plan."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
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
    month_and_day,
    next_birthday,
    plan,
    validate_timing,
)
from teams.timezones import to_local, to_utc

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
    shown, wanted = to_local(due.at, zone), datetime.combine(to_local(start, zone).date() + timedelta(days=days), at)
    assert due.reason is None
    assert shown == wanted or (shown.second == 0 and timedelta(0) < shown - wanted <= timedelta(hours=1))


@given(STARTS, ZONES, st.integers(0, 3), st.times(), TYPES)
def test_nothing_is_planned_before_the_start_nor_later_than_a_day_after_its_time(start, zone, days, at, type):
    due = planned(Action(4, type, DAY_AND_TIME, delay_by_days=days, dispatch_time=at), start, zone)
    latest: date = to_local(start, zone).date() + timedelta(days=days + 1)
    assert start <= due.at <= to_utc(datetime.combine(latest, at), zone)


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


@pytest.mark.contract("Campaign actions", "Each timing asks for its own fields", "documented")
def test_a_timing_names_every_field_it_misses():
    missing = "Required for this timing type."
    assert validate_timing(Action(4, EMAIL, DAY_AND_TIME)) == {"delay_by_days": missing, "dispatch_time": missing}
    assert validate_timing(Action(4, EMAIL, MINUTES)) == {"delay_by_seconds": missing}
    assert validate_timing(Action(4, EMAIL, EXACT)) == {"dispatch_datetime": missing}
    assert validate_timing(Action(4, TASK, RECURRING)) == {"recurrence": missing}


@pytest.mark.parametrize("days", [-1, 36_501, 2**31])
def test_a_delay_ends_within_the_calendar(days):
    assert validate_timing(on_day(days, "20:30")) == {"delay_by_days": "must lie between 0 and 36500."}


def test_a_delay_in_seconds_is_not_negative():
    assert "delay_by_seconds" in validate_timing(Action(4, TEXT, MINUTES, delay_by_seconds=-1))


@pytest.mark.contract("Campaign actions", "Only agent tasks recur", "documented")
def test_only_agent_tasks_recur():
    assert validate_timing(Action(4, TEXT, RECURRING, recurrence="FREQ=DAILY")) == {
        "timing_type": "Recurring is only for agent tasks."
    }


def test_an_unknown_timing_names_those_there_are():
    assert DAY_AND_TIME in validate_timing(Action(4, TEXT, "Someday"))["timing_type"]


def test_a_rule_that_cannot_be_followed_is_refused_by_name():
    assert "MINUTELY" in validate_timing(Action(4, TASK, RECURRING, recurrence="FREQ=MINUTELY"))["recurrence"]


DAYS = st.dates(date(2000, 1, 1), date(2000, 12, 31))
MOMENTS = st.integers(0, 15 * 366 * 24).map(lambda hours: START + timedelta(hours=hours))
BIRTHDAY = Action(id=1, type="Email Contact", timing_type="Delay by Day and Time", trigger_type=2)


@pytest.mark.parametrize(
    "text",
    [
        *("1955-10-28", "1955-10-28T00:00:00.000Z", "10/28/1955", "10/28/55", "28/10/1955", "28.10.1955", "19551028"),
        *("10-28", "--10-28", "10/28", "Oct 28, 1955", "October 28", "28 oct 1955", " 28-Oct-55 "),
        *("28/10", "28.10.", "28.10", "28-10", "28 10", "--1028", "0000-10-28", "28/10/55", "28. 10. 1955", "10 28"),
        *(
            "10/28/1955 12:00:00 AM",
            "1955-10-28 00:00:00",
            "1955/10/28",
            "1604-10-28",
            "28th of October",
            "10. 28. 1955",
        ),
        *("\u200b10/28/1955\u00a0", "１０/２８", "١٠/٢٨", "10–28–1955"),
    ],
)
def test_a_birthday_is_read_however_it_is_written(text):
    assert month_and_day(text) == (10, 28)


@pytest.mark.parametrize(
    "text",
    [
        *("", "1955", "Oct 1955", "October", "28", "1028", "Friday", "10:28", "0000-00-00", "1955-02-30"),
        *("28/13", "0/28", "1/0/1900", "30/2", "31.4.", "2/29/1981", "--0230", "0001-01-01T00:00:00"),
        *("20390", "20390.0", "551028", "10281955", "-447292800000", "2.0390E+04", "10-28-30-31", "Feb 30", "Fri 28"),
        *("x" * 100_000, "Oct 28 " * 20_000, "1/" * 100_000, "9" * 100_000, "\u200b" * 100_000),
    ],
    ids=lambda text: text[:12],
)
def test_what_does_not_tell_month_and_day_is_none(text):
    assert month_and_day(text) is None


@pytest.mark.parametrize("text", ["29/2", "2/29", "29.2.", "--0229", "0000-02-29", "2/29/1980", "29 Feb", "29/2/80"])
def test_a_birthday_on_the_leap_day_needs_no_year(text):
    assert month_and_day(text) == (2, 29)


@given(st.text(max_size=45) | st.text("0123456789-/.: ,TZamoctjn", max_size=45))
def test_no_text_is_too_strange_for_a_birthday(text):
    born = month_and_day(text)
    assert born is None or date(2000, *born)


@given(DAYS, st.integers(0, 364), MOMENTS)
def test_birthdays_are_a_year_apart_at_one_time_of_day(birthday, delay, after):
    action = replace(BIRTHDAY, delay_by_days=delay)
    born, years, moments = (birthday.month, birthday.day), [], []
    for _ in range(6):
        year, moment = next_birthday(action, born, after, PACIFIC, years[-1] if years else None)
        years.append(year)
        moments.append(to_local(moment, PACIFIC))
        after = moment
    assert [year - years[0] for year in years] == list(range(6))
    assert {moment.time() for moment in moments} == {time(9)}
    assert all(timedelta(364) <= later - before <= timedelta(367) for before, later in pairwise(moments))


@given(DAYS, MOMENTS)
def test_the_next_birthday_is_within_a_year_or_so(birthday, after):
    _, moment = next_birthday(BIRTHDAY, (birthday.month, birthday.day), after, PACIFIC)
    assert timedelta(0) <= moment - after <= timedelta(367)
