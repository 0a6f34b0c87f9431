"""The gate every text passes, as a pure decision."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phone_numbers import time_zones
from core.reasons import reason_text
from messaging.send_policy.rules import (
    DEFER,
    GIVEN,
    IMPORTED,
    REFUSE,
    SEND,
    UNKNOWN,
    Facts,
    Verdict,
    decide,
    next_closing,
    next_opening,
)
from teams.timezones import to_local

NOON = datetime(2026, 11, 24, 20, tzinfo=UTC)  # 12:00 in Los Angeles
MIDNIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)
MARY = Facts(number="+19495550123", consent=GIVEN)
OPENING = datetime(2026, 11, 24, 16, tzinfo=UTC)  # 8:00 in Los Angeles
CLOSING = datetime(2026, 11, 25, 5, tzinfo=UTC)  # 21:00 there


def local(text: str, zone: str = "America/Los_Angeles") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_a_wanted_text_in_daytime_leaves():
    assert decide(MARY, NOON) == Verdict(SEND, until=CLOSING)


def test_a_text_may_leave_as_long_as_it_is_of_use():
    until = NOON + timedelta(hours=1)
    assert decide(replace(MARY, valid_until=until), NOON) == Verdict(SEND, until=until)
    assert decide(replace(MARY, valid_until=CLOSING + timedelta(hours=1)), NOON).until == CLOSING


@pytest.mark.parametrize(
    ("objection", "code"),
    [
        ({"number": ""}, "no_number"),
        ({"is_do_not_contact": True}, "do_not_contact"),
        ({"has_opted_out": True}, "opted_out"),
        ({"consent": UNKNOWN}, "no_consent"),
        ({"consent": IMPORTED}, "no_consent_imported"),
        ({"valid_until": NOON}, "expired"),
    ],
)
def test_a_text_that_must_not_leave_is_refused_with_the_reason(objection, code):
    verdict = decide(replace(MARY, **objection), NOON)
    assert (verdict.kind, verdict.reason.code) == (REFUSE, code)
    assert reason_text(*verdict.reason).endswith(".")


def test_the_first_objection_decides():
    everything = replace(
        MARY, number="", is_do_not_contact=True, has_opted_out=True, consent=UNKNOWN, valid_until=MIDNIGHT
    )
    codes = []
    for settled in (
        {},
        {"number": MARY.number},
        {"is_do_not_contact": False},
        {"has_opted_out": False},
        {"consent": GIVEN},
        {"valid_until": None},
    ):
        everything = replace(everything, **settled)
        codes.append(decide(everything, MIDNIGHT).reason.code)
    assert codes == ["no_number", "do_not_contact", "opted_out", "no_consent", "expired", "quiet_hours"]


def test_the_operator_may_let_unknown_consent_pass_but_never_an_import():
    assert decide(replace(MARY, consent=UNKNOWN, allows_unknown_consent=True), NOON).kind == SEND
    assert decide(replace(MARY, consent=IMPORTED, allows_unknown_consent=True), NOON).kind == REFUSE


def test_a_text_at_night_waits_for_the_morning():
    verdict = decide(MARY, MIDNIGHT)
    assert (verdict.kind, verdict.reason.code, verdict.until) == (DEFER, "quiet_hours", OPENING)


def test_a_text_that_waits_is_asked_again_when_it_loses_its_sense():
    until = MIDNIGHT + timedelta(hours=1)
    waiting = replace(MARY, valid_until=until)
    assert decide(waiting, MIDNIGHT).until == until
    assert decide(waiting, until).reason.code == "expired"


def test_an_alert_passes_all_but_its_number_its_end_and_the_users_own_opt_out():
    alert = Facts("+19495550111", is_alert=True, is_do_not_contact=True, consent=IMPORTED)
    assert decide(alert, MIDNIGHT) == Verdict(SEND)
    assert decide(replace(alert, has_opted_out=True), MIDNIGHT).reason.code == "opted_out"
    assert decide(replace(alert, number=""), MIDNIGHT).reason.code == "no_number"
    assert decide(replace(alert, valid_until=MIDNIGHT), MIDNIGHT).reason.code == "expired"


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-24T07:59:59", "2026-11-24T08:00"),
        ("2026-11-24T08:00", "2026-11-24T08:00"),
        ("2026-11-24T20:59:59", "2026-11-24T20:59:59"),
        ("2026-11-24T21:00", "2026-11-25T08:00"),
        ("2026-10-31T23:00", "2026-11-01T08:00"),  # the night of 25 hours
        ("2026-03-07T23:00", "2026-03-08T08:00"),  # the night of 23 hours
    ],
)
def test_the_day_is_from_eight_to_nine_on_the_recipients_wall(at, opens):
    assert next_opening(local(at), MARY.number, "UTC") == local(opens)


def test_a_number_that_may_be_in_two_zones_waits_for_day_in_both():
    boise = "+12085550123"  # Mountain and Pacific time
    assert next_opening(local("2026-11-24T08:30", "America/Boise"), boise, "UTC") == local("2026-11-24T08:00")
    assert next_opening(local("2026-11-24T20:30"), boise, "UTC") == local("2026-11-25T08:00")


def test_the_day_of_a_number_that_may_be_in_two_zones_ends_in_the_first_of_them():
    boise = "+12085550123"
    assert next_closing(local("2026-11-24T12:00"), boise, "UTC") == local("2026-11-24T21:00", "America/Boise")


def test_a_number_that_tells_no_zone_goes_by_the_one_given():
    toll_free = "+18005550123"
    assert next_opening(local("2026-11-24T07:00", "America/New_York"), toll_free, "America/New_York") == local(
        "2026-11-24T08:00", "America/New_York"
    )


NUMBERS = st.sampled_from(
    [
        "+19495550123",
        "+12085550123",
        "+12125550123",
        "+19075550123",
        "+18005550123",
        "+61412345678",
        "+79161234567",
        "+442079460958",
    ]
)
DEFAULTS = st.sampled_from(["America/Los_Angeles", "America/New_York", "Australia/Lord_Howe"])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, NUMBERS, DEFAULTS)
def test_every_text_that_leaves_arrives_in_daytime_wherever_it_may_arrive(now, number, default):
    opening = next_opening(now, number, default)
    for zone in time_zones(number) or (default,):
        assert time(8) <= to_local(opening, ZoneInfo(zone)).time() < time(21)


@given(MOMENTS, NUMBERS, DEFAULTS)
def test_the_leave_to_send_ends_when_quiet_hours_begin(now, number, default):
    now = next_opening(now, number, default)
    closing = next_closing(now, number, default)
    assert now < closing <= now + timedelta(hours=13)
    last, first = closing - timedelta(seconds=1), closing
    assert next_opening(last, number, default) == last
    assert next_opening(first, number, default) > first


@given(MOMENTS, NUMBERS, DEFAULTS)
def test_a_text_waits_less_than_two_nights_and_not_at_all_by_day(now, number, default):
    opening = next_opening(now, number, default)
    assert now <= opening < now + timedelta(hours=30)
    assert next_opening(opening, number, default) == opening


@given(MOMENTS, NUMBERS, DEFAULTS)
def test_no_text_waits_longer_than_it_must(now, number, default):
    opening = next_opening(now, number, default)
    if opening > now:
        just_before = opening - timedelta(seconds=1)
        zones = [ZoneInfo(zone) for zone in time_zones(number) or (default,)]
        assert not all(time(8) <= to_local(just_before, zone).time() < time(21) for zone in zones)


@given(
    st.builds(
        Facts,
        number=NUMBERS | st.just(""),
        is_alert=st.booleans(),
        is_do_not_contact=st.booleans(),
        has_opted_out=st.booleans(),
        consent=st.sampled_from([GIVEN, UNKNOWN, IMPORTED]),
        allows_unknown_consent=st.booleans(),
        valid_until=st.none() | MOMENTS,
    ),
    MOMENTS,
)
def test_whoever_opted_out_is_never_texted_and_every_objection_has_a_reason(facts, now):
    verdict = decide(facts, now)
    if facts.has_opted_out or not facts.number:
        assert verdict.kind == REFUSE
    assert (verdict.kind == SEND) == (verdict.reason is None)
    assert verdict.until is None or verdict.until > now
    assert (verdict.until is None) == (verdict.kind == REFUSE or facts.is_alert)
