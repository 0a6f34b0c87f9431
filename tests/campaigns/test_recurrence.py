"""Recurrence rules (RFC 5545) as recurring tasks follow them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.coercion import END
from campaigns.recurrence import NEVER, next_occurrence, what_is_wrong
from teams.timezones import to_local

PACIFIC = ZoneInfo("America/Los_Angeles")
START = datetime(2026, 11, 24, 17, tzinfo=UTC)  # a Tuesday, 9:00 in Los Angeles


def occurrences(rule: str, number: int, start: datetime = START) -> list[str]:
    """The first wall times of the rule, as its engine asks for one after the other."""
    found, after = [], start - timedelta(seconds=1)
    for _ in range(number):
        moment = next_occurrence(rule, start, after, PACIFIC)
        if moment is None:
            break
        found.append(f"{to_local(moment, PACIFIC):%Y-%m-%d %H:%M}")
        after = moment
    return found


def test_a_week_later_is_the_same_time_on_the_wall():
    start = datetime(2026, 10, 27, 16, tzinfo=UTC)  # 9:00 in summer time, which ends on 1 November
    assert occurrences("FREQ=WEEKLY", 2, start) == ["2026-10-27 09:00", "2026-11-03 09:00"]


def test_days_hours_and_minutes_may_be_named():
    rule = "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=16;BYMINUTE=30"
    assert occurrences(rule, 3) == ["2026-11-26 16:30", "2026-11-30 16:30", "2026-12-03 16:30"]


def test_case_blanks_and_a_final_semicolon_do_not_matter():
    assert occurrences(" freq=monthly;bymonthday=-1; ", 2) == ["2026-11-30 09:00", "2026-12-31 09:00"]


def test_a_counted_rule_ends():
    assert occurrences("FREQ=DAILY;COUNT=2", 5) == ["2026-11-24 09:00", "2026-11-25 09:00"]


@pytest.mark.parametrize("until", ["20261126", "20261126T090000", "20261126T170000Z"])
def test_until_includes_its_day_or_moment_in_every_spelling(until):
    assert occurrences(f"FREQ=DAILY;UNTIL={until}", 9)[-1] == "2026-11-26 09:00"


@pytest.mark.parametrize("until", ["20261126T085959", "20261126T165959Z", "20261125"])
def test_until_excludes_what_comes_after(until):
    assert occurrences(f"FREQ=DAILY;UNTIL={until}", 9)[-1] == "2026-11-25 09:00"


def test_until_the_end_of_the_calendar_is_forever():
    for until in ("99991231", "99991231T235959Z"):
        assert what_is_wrong(f"FREQ=YEARLY;UNTIL={until}") == ""
        assert len(occurrences(f"FREQ=YEARLY;UNTIL={until}", 3)) == 3
        assert next_occurrence(f"FREQ=YEARLY;UNTIL={until}", START, START, ZoneInfo("Asia/Kathmandu"))


def test_a_time_the_clocks_leave_out_comes_the_first_minute_after():
    start = datetime(2026, 3, 7, 10, 30, tzinfo=UTC)  # 2:30 on the day before
    assert occurrences("FREQ=DAILY", 3, start) == ["2026-03-07 02:30", "2026-03-08 03:00", "2026-03-09 02:30"]


def test_a_series_may_begin_in_the_hour_that_comes_twice():
    start = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)  # 1:30 once more, in winter time
    assert next_occurrence("FREQ=DAILY", start, start - timedelta(seconds=1), PACIFIC) == start


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
def test_a_series_ends_where_the_calendar_does(zone):
    start = END - timedelta(days=2)
    following = next_occurrence("FREQ=DAILY", start, start, ZoneInfo(zone))
    assert following == END - timedelta(days=1)
    assert next_occurrence("FREQ=DAILY", start, following, ZoneInfo(zone)) is None


def test_a_leap_day_waits_for_its_year():
    assert occurrences("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 2) == ["2028-02-29 09:00", "2032-02-29 09:00"]


def test_an_hourly_rule_whose_hours_never_come_has_no_occurrence():
    assert next_occurrence("FREQ=HOURLY;INTERVAL=24;BYHOUR=10", START, START, PACIFIC) is None


FREQUENCIES = st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"])
STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(FREQUENCIES, st.integers(1, 9), STARTS)
def test_each_occurrence_is_after_the_last(frequency, interval, start):
    rule, after = f"FREQ={frequency};INTERVAL={interval}", start - timedelta(seconds=1)
    moments = []
    for _ in range(4):
        moments.append(after := next_occurrence(rule, start, after, PACIFIC))
    assert moments[0] == start.replace(microsecond=0)
    assert all(before < later for before, later in pairwise(moments))


@given(st.sampled_from(["MONTHLY", "WEEKLY", "DAILY"]), st.integers(1, 9), STARTS)
def test_the_time_on_the_wall_stays_unless_the_clocks_skip_it(frequency, interval, start):
    moment = next_occurrence(f"FREQ={frequency};INTERVAL={interval}", start, start, PACIFIC)
    kept, shown = to_local(start, PACIFIC).time(), to_local(moment, PACIFIC).time()
    assert shown == kept.replace(microsecond=0) or (kept.hour, shown.hour, shown.minute) == (2, 3, 0)


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("", "'' is not understood"),
        ("every Monday", "'EVERY MONDAY' is not understood"),
        ("FREQ=SECONDLY", "'FREQ=SECONDLY' is not understood"),
        ("FREQ=MINUTELY", "'FREQ=MINUTELY' is not understood"),
        ("FREQ=DAILY;INTERVAL=0", "'INTERVAL=0' is not understood"),
        ("FREQ=DAILY;BYSECOND=1", "'BYSECOND=1' is not understood"),
        ("FREQ=YEARLY;BYMONTHDAY=" + "1," * 1_000_000 + "1", "longer than 2,000 characters"),
        ("FREQ=DAILY;BYHOUR=24", "'BYHOUR=24' is not understood"),
        ("FREQ=DAILY;UNTIL=20261399", "month must be in 1..12"),
        ("FREQ=DAILY\nRDATE:20270101", "is not understood"),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is given twice"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "exclude each other"),
        ("FREQ=HOURLY;BYSETPOS=1", "BYSETPOS"),
    ],
)
def test_what_is_no_rule_is_refused_by_what_is_wrong_with_it(rule, named):
    assert named in what_is_wrong(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=53SU",
        "FREQ=WEEKLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;BYMINUTE=" + ",".join(map(str, range(60))),
    ],
)
def test_a_rule_that_no_date_fits_is_refused(rule):
    assert what_is_wrong(rule) == NEVER


NUMBERS = st.lists(st.integers(-400, 400).map(str), min_size=1, max_size=3).map(",".join)
DAYS = st.sampled_from(["MO", "-1FR", "5MO,TU", "53SU", "XX"])


@given(
    FREQUENCIES,
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ["BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYHOUR", "BYMINUTE", "BYSETPOS"], NUMBERS
        )
        | {
            "BYDAY": DAYS,
            "INTERVAL": st.integers(0, 50).map(str),
            "UNTIL": st.sampled_from(["20270101", "10000101T000000Z"]),
        },
    ),
)
def test_any_rule_is_refused_in_words_or_followed(frequency, parts):
    rule = ";".join(f"{name}={value}" for name, value in ({"FREQ": frequency} | parts).items())
    if not what_is_wrong(rule):
        moment = next_occurrence(rule, START, START, PACIFIC)
        assert moment is None or moment > START
