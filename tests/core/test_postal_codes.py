"""ZIP codes as integrators send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.postal_codes import common_codes, has_code, invalid_parts, parse_list, postal_code

# Those in use, of which three digits may be left, and the many above.
CODES = (st.sampled_from([501, 544]) | st.integers(600, 99950)).map(lambda number: f"{number:05}")


@pytest.mark.parametrize(
    "value", ["02108", "2108", 2108, " 02108 ", "02108-1234", "02108 1234", "021081234", "2108-1234", "2108.0"]
)
def test_a_zip_code_is_the_same_however_it_is_sent(value):
    assert postal_code(value) == "02108"


@pytest.mark.parametrize(("value", "code"), [("501", "00501"), (601, "00601"), ("802", "00802"), ("949.0", "00949")])
def test_three_digits_are_a_code_whose_zeros_a_spreadsheet_dropped(value, code):
    assert postal_code(value) == code


@pytest.mark.parametrize("value", ["310", 123, "502", "000", "061", "0501", "0061", "0000", "310-1234"])
def test_digits_that_no_spreadsheet_leaves_are_no_code(value):
    assert postal_code(value) == ""


@pytest.mark.parametrize(
    "value",
    [None, "", 0, "12", "9811212", "D6B 1A1", "V6B 1A", "V6B--1A1 x", "98112-", "98112-12345", "٢١٠٨٠", "-2108"],
)
def test_anything_else_is_none(value):
    assert postal_code(value) == ""


@given(CODES, st.integers(0, 9999))
def test_the_four_digits_more_make_no_difference(code, more):
    assert postal_code(f"{code}-{more:04}") == postal_code(f"{code}{more:04}") == postal_code(int(code)) == code


@given(st.lists(CODES), st.sampled_from([",", ", ", ";", "\n", " ,,"]))
def test_a_list_holds_each_code_once_in_order(codes, comma):
    assert parse_list(comma.join(codes)) == tuple(dict.fromkeys(codes))


def test_a_list_leaves_out_what_is_no_zip_code():
    assert parse_list("91109, Irvine, 2108,,91109-0001") == ("91109", "02108")
    assert parse_list(None) == parse_list("") == ()


@pytest.mark.parametrize("value", ["K1A 0B1", "k1a0b1", "K1A-0B1", " k1a  0b1 ", "K1A\xa00B1"])
def test_a_canadian_code_is_the_same_however_it_is_sent(value):
    assert postal_code(value) == "K1A0B1"


def test_an_area_has_all_of_its_codes_and_no_other():
    codes = parse_list("K1A, 92618 v6b 1a1;M5V 2T6")
    assert codes == ("K1A", "92618", "V6B1A1", "M5V2T6")
    assert [has_code(codes, postal_code(value)) for value in ("K1A 0B1", "K1A", "92618-1234", "V6B 1A1")] == [True] * 4
    assert not any(has_code(codes, postal_code(value)) for value in ("V6B", "V6B 1A2", "92619", "", None))
    assert common_codes(codes, parse_list("K1A 0B1, K1B, V6B")) == {"K1A0B1", "V6B1A1"}
    assert invalid_parts("K1A 0B1, Irvine, 92618") == ["Irvine"]


AREAS = st.sampled_from(["K1A", "V6B"])
CANADIAN = st.builds(str.__add__, AREAS, st.sampled_from(["0B1", "1A1"]))
ANY_CODES = st.frozensets(CODES | AREAS | CANADIAN, max_size=5)


@given(ANY_CODES, ANY_CODES, CODES | AREAS | CANADIAN)
def test_what_two_lists_share_is_what_both_have(some, others, code):
    assert has_code(common_codes(some, others), code) == (has_code(some, code) and has_code(others, code))
