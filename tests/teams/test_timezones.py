"""Wall time in a zone, over the changes of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from teams.timezones import to_local, to_utc

PACIFIC = ZoneInfo("America/Los_Angeles")
ZONES = st.sampled_from(
    [
        PACIFIC,
        ZoneInfo("America/New_York"),
        ZoneInfo("Australia/Lord_Howe"),
        ZoneInfo("Asia/Kathmandu"),
        ZoneInfo("UTC"),
    ]
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1))  # noqa: DTZ001


def test_a_wall_time_that_the_clocks_leave_out_is_the_first_minute_after():
    # 8 March 2026: 2:00 becomes 3:00
    assert to_utc(datetime.fromisoformat("2026-03-08T02:30:15"), PACIFIC) == datetime(2026, 3, 8, 10, tzinfo=UTC)


def test_a_day_that_a_zone_left_out_is_the_first_minute_after():
    apia = ZoneInfo("Pacific/Apia")  # crossed the date line: there was no 30 December 2011
    assert to_utc(datetime.fromisoformat("2011-12-30T12:00"), apia) == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_a_wall_time_that_comes_twice_is_the_first():
    # 1 November 2026: 2:00 becomes 1:00
    assert to_utc(datetime.fromisoformat("2026-11-01T01:30"), PACIFIC) == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


@given(MOMENTS, ZONES)
def test_the_wall_shows_what_was_asked_or_has_just_skipped_it(local, zone):
    shown = to_local(to_utc(local, zone), zone)
    assert shown == local or (shown.second == 0 and timedelta(0) < shown - local <= timedelta(hours=1))


@given(MOMENTS, ZONES)
def test_a_moment_is_found_again_from_its_wall_time_or_the_first_like_it(local, zone):
    moment = local.replace(tzinfo=UTC)
    again = to_utc(to_local(moment, zone), zone)
    assert again == moment or timedelta(0) < moment - again <= timedelta(hours=1)
