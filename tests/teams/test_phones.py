"""Telephone numbers as people write them."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams.phones import e164, zones_of

AREA_CODES = st.sampled_from(["206", "305", "416", "604", "907", "949"])
LINES = st.integers(0, 99).map(lambda line: f"01{line:02}")  # 555-0100 to 555-0199 belong to nobody


@pytest.mark.parametrize(
    "written",
    [
        "1(604)555-4572",
        "1 (604) 555-4572",
        "604.555.4572",
        "+16045554572",
        "6045554572",
        "604-555-4572 x12",
        " 1604555 4572 ",
    ],
)
def test_a_number_is_the_same_however_it_is_written(written):
    assert e164(written) == "+16045554572"


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "none",
        "5550123",
        "+1 555 0123",
        "+1 555 01xx",
        "+1 055 555 0123",
        "949 155 0123",
        "911",
        "9" * 20,
        "\x00",
        "x" * 400,
    ],
)
def test_what_cannot_be_dialled_is_no_number(written):
    assert e164(written) == ""


def test_numbers_set_aside_for_fiction_are_numbers():
    assert e164("+1 949 555 0123") == "+19495550123"


def test_a_number_abroad_needs_its_country_code_or_region():
    assert e164("+44 20 7946 0958") == e164("020 7946 0958", "GB") == "+442079460958"
    assert e164("7946 0958", "GB") == ""  # half a number, without its area


@given(AREA_CODES, LINES, st.sampled_from(["{a}555{l}", "({a}) 555-{l}", "1-{a}-555-{l}", "+1 {a} 555 {l} ext. 7"]))
def test_reading_a_number_again_changes_nothing(area, line, style):
    number = e164(style.format(a=area, l=line))
    assert number == f"+1{area}555{line}" == e164(number)


@given(st.text(max_size=40))
def test_any_text_at_all_is_a_whole_number_or_none(text):
    number = e164(text)
    assert number == "" or phonenumbers.is_possible_number(phonenumbers.parse(number))


def test_the_area_code_tells_the_zone():
    assert zones_of("+19495550123") == ("America/Los_Angeles",)


def test_an_area_code_across_a_zone_line_tells_every_zone():
    assert zones_of("+12085550123") == ("America/Boise", "America/Los_Angeles")


@pytest.mark.parametrize("number", ["", "+18005550123", "+19995550123", "nonsense"])
def test_a_number_of_no_one_area_tells_no_zone(number):
    assert zones_of(number) == ()
