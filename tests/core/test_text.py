"""Text as people and programs send it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import MAX_MARKS, bare_address, composed, one_line, plain_ascii, trimmed
from tests.cpu import cpu_seconds


@given(st.text(max_size=60))
def test_text_is_composed_once(text):
    assert composed(text) == unicodedata.normalize("NFC", text)
    assert trimmed(trimmed(text)) == trimmed(text)
    assert one_line(one_line(text)) == one_line(text)
    assert bare_address(bare_address(text)) == bare_address(text)


def test_marks_without_end_stay_as_they_are():
    heap = "e" + "\u0301\u0316" * MAX_MARKS

    assert composed(f"cafe\u0301 {heap}") == f"cafe\u0301 {heap}"
    assert composed(f"cafe\u0301 {heap[:9]}") != f"cafe\u0301 {heap[:9]}"


@pytest.mark.parametrize(
    "piece", ["\u0301\u0316", "e\u0301\u0316", "é", "\u1100\u1161", "\u200b", " \u00a0", "a@", "<", "\n"]
)
@pytest.mark.parametrize("read", [composed, trimmed, one_line, bare_address, plain_ascii])
def test_reading_costs_no_more_than_the_length(read, piece):
    text = piece * 100_000

    assert cpu_seconds(lambda: read(text)) < 1
