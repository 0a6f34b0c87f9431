"""Redaction of contact details before a claim. The facts of the inquiry stay readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phone_numbers import e164
from leads.notifications.redaction import MAX_LENGTH, redact_contact_details
from tests.cpu import cpu_seconds


@pytest.mark.parametrize(
    "written",
    [
        *(
            "949-555-0131",
            "(949) 555-0131",
            "949.555.0131",
            "949·555·0131",
            "949 555 0131",
            "9495550131",
            "949,555,0131",
        ),
        *("+1 949 555 0131", "1-949-555-0131", "949 / 555 / 0131", "949_555_0131", "949–555–0131", "949:555:0131"),
        *("9 4 9 5 5 5 0 1 3 1", "9-4-9-5-5-5-0-1-3-1", "94 95 55 01 31", "949\n555\n0131", "949\u200b555\u200b0131"),
        *("９４９-５５５-０１３１", "٩٤٩٥٥٥٠١٣١", "555-0131", "+44 20 7946 0958", "020 7946 0958", "442079460958"),
    ],
)
def test_a_phone_number_is_hidden_in_any_form(written):
    assert redact_contact_details(f"Call {written} now") == "Call [phone] now"


@pytest.mark.parametrize(
    "written",
    [
        *("mary@example.com", "mary.ann+x@sub.example.com", "mary @ example.com", "mary＠example.com", "mary@example"),
        *("mary(at)example.com", "mary [at] example dot com", "mary at example dot com", "mary {at} example {dot} com"),
        *("mary at example.com", "MARY AT EXAMPLE DOT COM", "mary [at] example", "mary (@) example.com"),
    ],
)
def test_an_email_address_is_hidden_in_any_form(written):
    assert redact_contact_details(f"Write: {written} now") == "Write: [email] now"


@pytest.mark.parametrize(
    "text",
    [
        *("price 1250000", "$1,250,000", "$1.250.000", "1 250 000", "450000-500000", "$500-1000", "450-500k"),
        *("MLS OC21012345", "MLS# 21012345, 92618-1234, built 2019", "2019, 2020, 2021", "850-1200 sqft"),
        *(
            "10/28/2024 - 12/30/2024",
            "2024-05-12 10:30:15",
            "3 bed 2 bath 1500 2019",
            "Look at it. Thanks. I am at 5.30",
        ),
        "at 1200 Main St, Irvine, CA 92618, $950,000 - $1,000,000",
    ],
)
def test_prices_places_and_dates_are_kept(text):
    assert redact_contact_details(text) == text


def test_two_contact_details_are_hidden_and_their_context_is_kept():
    text = "MLS 21012345: call 949-555-0131 or 9495550132, x12; mary@example.com"

    assert redact_contact_details(text) == "MLS 21012345: call [phone] or [phone], x12; [email]"


@pytest.mark.parametrize("tail", ["949-555-0131", "mary@example.com", "9 4 9 5 5 5 0 1 3 1", "mary at example dot com"])
def test_truncating_leaves_no_part_of_a_number_or_address(tail):
    for place in range(len(tail) + 1):
        text = ("word " * MAX_LENGTH)[: MAX_LENGTH - place]

        shown = redact_contact_details(f"{text} {tail} and more")

        assert not any(letter in shown for letter in "9mxe")
        assert shown.endswith("...")


@given(st.text(max_size=200) | st.text("0123456789 -./()@,+atdo\n", max_size=200))
def test_no_number_that_this_service_would_dial_is_left(text):
    assert not e164(redact_contact_details(text)).startswith("+1")


@pytest.mark.parametrize(
    "piece",
    ["a", "@", "a@", "a.", "a at ", "[at]", "9/9/", "9 ", "9", "1", "(", "+9", "0 ", "12 ", "949 ", " ", "\u200b"],
)
def test_redaction_takes_linear_time(piece):
    texts = [(piece * length)[:length] for length in (4_000, 100_000, 1_000_000)]

    assert cpu_seconds(lambda: [redact_contact_details(text) for text in texts]) < 2
