"""Text as people and programs send it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import MAX_MARKS, normalize_email, to_ascii, to_nfc, to_one_line, trim
from tests.cpu import cpu_seconds


@given(st.text(max_size=60))
def test_text_is_composed_once(text):
    assert to_nfc(text) == unicodedata.normalize("NFC", text)
    assert trim(trim(text)) == trim(text)
    assert to_one_line(to_one_line(text)) == to_one_line(text)
    assert normalize_email(normalize_email(text)) == normalize_email(text)


def test_marks_without_end_stay_as_they_are():
    heap = "e" + "\u0301\u0316" * MAX_MARKS

    assert to_nfc(f"cafe\u0301 {heap}") == f"cafe\u0301 {heap}"
    assert to_nfc(f"cafe\u0301 {heap[:9]}") != f"cafe\u0301 {heap[:9]}"


@pytest.mark.parametrize(
    "piece", ["\u0301\u0316", "e\u0301\u0316", "é", "\u1100\u1161", "\u200b", " \u00a0", "a@", "<", "\n"]
)
@pytest.mark.parametrize("read", [to_nfc, trim, to_one_line, normalize_email, to_ascii])
def test_reading_costs_no_more_than_the_length(read, piece):
    text = piece * 100_000

    assert cpu_seconds(lambda: read(text)) < 1
