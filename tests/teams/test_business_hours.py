"""Opening hours as people write them."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from teams.business_hours import ALWAYS, DAY_MINUTES, Hours, Window, display_text, parse_hours, validate_hours
from teams.timezones import to_local

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


@pytest.mark.parametrize("text", ["Mon 9-5", "Mon 9-9", "Mon-Fri 10-12, 1-2; Sat 9-5", "Mon 9:00-5:00", "Mon 9am-5"])
def test_what_may_mean_two_things_is_refused_with_what_to_say_instead(text):
    with pytest.raises(ValidationError, match=r"write 9am-5pm or 9:00-17:00"):
        validate_hours(text)
    assert parse_hours(text)  # what was kept before is read as it was


@pytest.mark.parametrize(
    "text", ["Fri 22:00-06:00", "Fri 22-6", "Fri 10pm-6am", "Mon 09:00-09:00", "Mon 0-0", "Mon 9-5pm"]
)
def test_a_night_is_told_by_its_form(text):
    validate_hours(text)


def test_a_range_over_midnight_says_so():
    assert display_text("Fri-Sat 22:00-6:00; Sun 9-12, 10PM-2am") == (
        "Fri-Sat 22:00 until 6:00 the next day; Sun 9-12, 22:00 until 2:00 the next day"
    )


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
    assert to_local(opening, PACIFIC).hour == 9
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


ends = st.tuples(st.integers(0, 23), st.sampled_from(["", ":00", ":30"]), st.sampled_from(["", "am", "pm"]))
times = ends.map(lambda end: "{}{}{}".format(*end))


@given(times, times)
def test_what_is_accepted_without_am_or_pm_means_the_same_with_the_clock_of_twelve_hours_or_cannot(start, end):
    """No range over midnight is kept of which both ends could be hours of a clock of twelve."""
    text = f"Mon {start}-{end}"
    with suppress(ValueError, ValidationError):
        validate_hours(text)
        [window] = parse_hours(text).windows
        if window.start + window.minutes > DAY_MINUTES and not {"am", "pm"} & {start[-2:], end[-2:]}:
            assert window.start >= 13 * 60 or start.startswith("0") or end.startswith("0")
