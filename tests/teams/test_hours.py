"""Opening hours as people write them."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams.hours import ALWAYS, DAY_MINUTES, Hours, Window, parse_hours
from teams.zones import wall_time

PACIFIC = ZoneInfo("America/Los_Angeles")
MONDAY = date(2026, 11, 23)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of the week of `MONDAY`, by the wall clock in California."""
    return datetime(2026, 11, 23 + day, hour, minute, tzinfo=PACIFIC).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "open_at", "closed_at"),
    [
        ("Mon-Fri 9:00-17:00", [at(0, 9), at(4, 16, 59)], [at(0, 8, 59), at(4, 17), at(5, 12)]),
        ("Mon-Fri 9-12, 13-17; Sat 10-14", [at(2, 11), at(2, 13), at(5, 10)], [at(2, 12), at(6, 10)]),
        ("monday,Wed 9am - 5:30pm", [at(0, 17, 29), at(2, 9)], [at(1, 10), at(0, 17, 30)]),
        ("Fri-Mon 22:00-2:00", [at(4, 23), at(5, 1), at(0, 1), at(1, 1)], [at(4, 1), at(2, 1), at(1, 22)]),
        ("Sat, Sun", [at(5, 0), at(6, 23, 59)], [at(4, 23, 59), at(0, 0)]),
        ("Tue 0:00-24:00", [at(1, 0), at(1, 23, 59)], [at(0, 23, 59), at(2, 0)]),
        ("Mon 12am-12pm", [at(0, 0), at(0, 11, 59)], [at(0, 12)]),
        ("", [at(0, 3), at(6, 23)], []),
    ],
)
def test_hours_are_read_as_they_are_meant(text, open_at, closed_at):
    hours = parse_hours(text)
    assert [moment for moment in open_at if not hours.is_open(moment, PACIFIC)] == []
    assert [moment for moment in closed_at if hours.is_open(moment, PACIFIC)] == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("9-17", "'9-17'"),
        ("Mon 9", "'9'"),
        ("Moon 9-17", "'moon'"),
        ("Mon-Fri 9-25", "25:00"),
        ("Mon 13pm-2pm", "13pm"),
        ("Mo 9-17", "'mo'"),
        ("Mon 24:00-3:00", "'24:00-3:00'"),
    ],
)
def test_what_cannot_be_read_is_named(text, named):
    with pytest.raises(ValueError, match=named):
        parse_hours(text)


def test_a_day_off_is_closed_from_midnight_to_midnight():
    hours = parse_hours("Mon-Fri 9-17")
    assert not hours.is_open(at(0, 10), PACIFIC, {MONDAY})
    assert hours.next_opening(at(0, 10), PACIFIC, {MONDAY}) == at(1, 9)


def test_what_has_no_hours_never_closes():
    assert ALWAYS.next_opening(at(0, 10), PACIFIC, {MONDAY}) == at(0, 10)


def test_what_is_open_opens_now():
    assert parse_hours("Mon 9-17").next_opening(at(0, 10), PACIFIC) == at(0, 10)


def test_what_never_opens_says_so():
    closed = {MONDAY + timedelta(days=number) for number in range(400)}
    assert parse_hours("Mon 9-17").next_opening(at(0, 10), PACIFIC, closed) is None


def test_it_opens_by_the_wall_clock_on_the_day_the_clocks_change():
    """On March 8th 2026 the clocks go from 2 to 3: nine o'clock comes an hour sooner."""
    night = datetime(2026, 3, 8, 1, tzinfo=PACIFIC)
    opening = parse_hours("Sun 9-17").next_opening(night, PACIFIC)
    assert opening is not None
    assert wall_time(opening, PACIFIC).hour == 9
    assert opening - night == timedelta(hours=7)


windows = st.builds(Window, st.integers(0, 6), st.integers(0, DAY_MINUTES - 1), st.integers(1, DAY_MINUTES))
moments = st.integers(0, 2 * 365 * DAY_MINUTES).map(lambda minutes: at(0, 0) + timedelta(minutes=minutes))
zones = st.sampled_from(["America/Los_Angeles", "America/New_York", "Pacific/Honolulu", "Australia/Lord_Howe"])


@given(st.lists(windows, min_size=1, max_size=4), moments, zones.map(ZoneInfo))
def test_the_next_opening_is_open_and_nothing_before_it_is(some, moment, zone):
    hours = Hours(tuple(some))
    opening = hours.next_opening(moment, zone)
    assert opening is not None
    assert hours.is_open(opening, zone)
    between = (opening - moment) / 7
    assert not any(hours.is_open(moment + between * step, zone) for step in range(7) if opening > moment)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused(text):
    with suppress(ValueError):
        assert parse_hours(text) == parse_hours(text.upper())
