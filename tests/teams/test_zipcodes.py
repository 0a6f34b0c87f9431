"""ZIP codes as integrators send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams.zipcodes import five_digits, parse_list

CODES = st.integers(501, 99950).map(lambda number: f"{number:05}")  # the lowest and the highest in use


@pytest.mark.parametrize(
    "value", ["02108", "2108", 2108, " 02108 ", "02108-1234", "02108 1234", "021081234", "2108-1234", "2108.0"]
)
def test_a_zip_code_is_the_same_however_it_is_sent(value):
    assert five_digits(value) == "02108"


@pytest.mark.parametrize("value", [None, "", 0, "12", "9811212", "V6B 1A1", "98112-", "98112-12345", "٢١٠٨٠", "-2108"])
def test_anything_else_is_none(value):
    assert five_digits(value) == ""


@given(CODES, st.integers(0, 9999))
def test_the_four_digits_more_make_no_difference(code, more):
    assert five_digits(f"{code}-{more:04}") == five_digits(f"{code}{more:04}") == five_digits(int(code)) == code


@given(st.lists(CODES), st.sampled_from([",", ", ", ";", "\n", " ,,"]))
def test_a_list_holds_each_code_once_in_order(codes, comma):
    assert parse_list(comma.join(codes)) == tuple(dict.fromkeys(codes))


def test_a_list_leaves_out_what_is_no_zip_code():
    assert parse_list("91109, Irvine, 2108,,91109-0001") == ("91109", "02108")
    assert parse_list(None) == parse_list("") == ()
