"""The parts of a text, counted as carriers do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.content.segments import BASIC, EXTENDED, GSM_7, UCS_2, Segments, segments

EURO, QUOTE, HOUSE = "€", "\N{RIGHT SINGLE QUOTATION MARK}", "\N{HOUSE BUILDING}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments(GSM_7, 0, 0)),
        ("a", Segments(GSM_7, 1, 1)),
        ("a" * 160, Segments(GSM_7, 160, 1)),
        ("a" * 161, Segments(GSM_7, 161, 2)),
        ("a" * 306, Segments(GSM_7, 306, 2)),
        ("a" * 307, Segments(GSM_7, 307, 3)),
        (EURO, Segments(GSM_7, 2, 1)),
        (EURO * 80, Segments(GSM_7, 160, 1)),
        ("a" * 159 + EURO, Segments(GSM_7, 161, 2)),
        ("a" * 152 + EURO + "a" * 152, Segments(GSM_7, 306, 3)),  # the euro starts the second part whole
        ("a" * 151 + EURO + "a" * 153, Segments(GSM_7, 306, 2)),
        ("[{^}]~|\\\f", Segments(GSM_7, 18, 1)),
        ("à" * 160, Segments(GSM_7, 160, 1)),
        ("á", Segments(UCS_2, 1, 1)),
        (QUOTE * 70, Segments(UCS_2, 70, 1)),
        (QUOTE * 71, Segments(UCS_2, 71, 2)),
        (QUOTE * 134, Segments(UCS_2, 134, 2)),
        (QUOTE * 135, Segments(UCS_2, 135, 3)),
        ("a" * 69 + HOUSE, Segments(UCS_2, 71, 2)),
        (HOUSE * 35, Segments(UCS_2, 70, 1)),
        ("a" * 66 + HOUSE + "a" * 66, Segments(UCS_2, 134, 3)),  # the emoji starts the second part whole
        (HOUSE + EURO, Segments(UCS_2, 3, 1)),  # the euro is one unit of UCS-2
    ],
)
def test_parts_are_counted_by_the_wire_rule(text, expected):
    assert segments(text) == expected


def test_the_alphabet_has_its_127_characters_and_an_escape():
    assert len(BASIC) == 127
    assert len(EXTENDED) == 10
    assert not BASIC & EXTENDED


@given(st.text())
def test_one_foreign_character_changes_the_whole_text(text):
    assert (segments(text).encoding == GSM_7) == all(character in BASIC | EXTENDED for character in text)
    assert segments(text + HOUSE).encoding == UCS_2


@given(st.text())
def test_units_are_those_of_the_encoding(text):
    counted = segments(text)
    if counted.encoding == UCS_2:
        assert counted.units == len(text.encode("utf-16-le", "surrogatepass")) // 2
    else:
        assert counted.units == len(text) + sum(character in EXTENDED for character in text)


@given(st.text(max_size=400) | st.text(sorted(BASIC | EXTENDED), max_size=600))
def test_parts_are_as_few_as_fit_without_splitting_a_character(text):
    counted = segments(text)
    alone, among_several = (160, 153) if counted.encoding == GSM_7 else (70, 67)
    if counted.units <= alone:
        assert counted.count == bool(text)
    else:
        assert counted.count * (among_several - 1) < counted.units + among_several
        assert counted.count * among_several >= counted.units


@given(st.text(sorted(BASIC), max_size=300), st.text(sorted(BASIC), max_size=300))
def test_a_longer_text_never_takes_fewer_parts(text, more):
    assert segments(text + more).count >= segments(text).count
