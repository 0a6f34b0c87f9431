"""Telephone numbers as people write them."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phone_numbers import e164, time_zones
from tests.cpu import cpu_seconds

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
        *("(604)·555·4572", "604–555–4572", "604_555_4572", "604 / 555 / 4572", "604 555 45 72", "6 0 4 5 5 5 4 5 7 2"),
        *(
            "６０４－５５５－４５７２",
            "٦٠٤٥٥٥٤٥٧٢",
            "\u202d604\u00a0555\u20114572\u202c",
            "604\u200b5554572",
        ),
        *(
            "604-555-4572 cell",
            "Mary: 604-555-4572",
            "(604) 555-4572 (Mary)",
            "cell6045554572",
            "604-555-4572, mary@example.com",
        ),
        *(
            "604-555-4572 / 604-555-0132",
            "604-555-4572/0132",
            "604-555-4572 604-555-0132",
            "604-555-4572\n604-555-0132",
        ),
        *("604-555-4572;604-555-0132", "604-555-4572 or 0132", "m 604-555-4572 h 604-555-0132", "6045554572 12"),
        *(
            "6045554572.0",
            "16045554572.00",
            "+16045554572.0",
            "tel:+1-604-555-4572;ext=5",
            "604-555-4572,,12#",
            "+1 1 604 555 4572",
        ),
        *("10/28/1955 604-555-4572", "call after 6: 604-555-4572", "011 1 604 555 4572"),
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
        *(
            "555-2368 Ann",
            "555-2368 cel",
            "949-555 Mary",
            "949-555-Mary",
            "949-555-CELL",
            "800-555-Mary",
            "800 Mary Ann",
        ),
        *("555-2368 / 949", "555-2368 949", "555-2368 x949", "555-2368 / 555-2369", "949-555-O123", "949 555 013"),
        *(
            "949555013.0",
            "9495550130.5",
            "9.49555E+09",
            "4.423794609E+11",
            "9.495550131e9",
            "2,025,550,131",
            "2.025.550.131",
        ),
        *("9 495 550 131", "33.68456710", "2027-03-01 12:00", "2027-03-01 12", "2027-03-01", "94 95 55 01 31"),
        *("45 22 34 56 78", "65 9223 4567", "44 20 7946 0958", "29495550131", "1949555013", "949555012²"),
        *("mary9495550131@example.com", "https://example.com/9495550131", "tel:555-0131;phone-context=+1-949"),
        *("tel:863-1234;phone-context=+1-914-555-0131", "2 949-555-0131", "9495550131" * 30),
    ],
)
def test_what_cannot_be_dialled_is_no_number(written):
    assert e164(written) == ""


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(("1-800-FLOWERS", "+18003569377"), ("1 800 flowers", "+18003569377"), ("(800) FLOWERS", "+18003569377")),
        *(("1-800-GO-FEDEX", "+18004633339"), ("1-800-4-MY-HOME", "+18004694663")),
    ],
)
def test_a_toll_free_number_may_be_a_word(written, number):
    assert e164(written) == number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(("+44 (0)20 7946 0958", "+442079460958"), ("011 44 20 7946 0958", "+442079460958")),
        *(
            ("+49 30/23125012", "+493023125012"),
            ("+49 30 23125012/23125013", "+493023125012"),
            ("+49 30 23125012 / 23125013", "+493023125012"),
        ),
    ],
)
def test_a_number_abroad_is_never_made_of_two(written, number):
    assert e164(written) == number


@given(
    AREA_CODES, LINES, st.text(st.characters(categories=["L", "P", "Zs", "So"], exclude_characters="@+"), max_size=20)
)
def test_no_word_adds_a_digit(area, line, word):
    """Half a number and any word is none; a whole one with a word behind it is that number, or none."""
    assert e164(f"555-{line} {word}") == ""
    assert e164(f"{area}-555-{line} {word}") in ("", f"+1{area}555{line}")


@pytest.mark.parametrize("piece", ["1", "1 ", "1/", "+", "(", "1.", "e1", "a@", "\u200b", "9/9/"])
def test_reading_costs_no_more_than_the_length(piece):
    assert cpu_seconds(lambda: [e164(text) for text in (piece * 60, piece * 100_000)]) < 1


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
    assert time_zones("+19495550123") == ("America/Los_Angeles",)


def test_an_area_code_across_a_zone_line_tells_every_zone():
    assert time_zones("+12085550123") == ("America/Boise", "America/Los_Angeles")


@pytest.mark.parametrize("number", ["", "+18005550123", "+19995550123", "nonsense"])
def test_a_number_of_no_one_area_tells_no_zone(number):
    assert time_zones(number) == ()
