"""Merge fields of texts and emails."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.content.merge_fields import FIELDS, Unfilled, fill
from messaging.content.placeholders import find_placeholders

MARY = {"first_name": "Mary", "last_name": "", "agent_first_name": "Bob", "company": None}


def test_fields_are_filled():
    assert fill("Hi {{first_name}}, {{ Agent_First_Name }} here.", MARY) == "Hi Mary, Bob here."


def test_an_empty_field_gives_way_to_what_stands_after_the_bar():
    assert fill("Dear {{last_name| friend }}{{company|}}", MARY) == "Dear friend"
    assert fill("{{first_name|friend}}", MARY) == "Mary"


@pytest.mark.parametrize("name", ["last_name", "company", "email"])
def test_an_empty_field_with_nothing_instead_holds_the_message(name):
    with pytest.raises(Unfilled, match=name) as held:
        fill(f"Hi {{{{{name}}}}},", MARY)
    assert held.value.token == name


def test_blanks_are_nothing():
    with pytest.raises(Unfilled):
        fill("Hi {{first_name}},", {"first_name": "  "})


def test_single_braces_are_text():
    text = "body {color: red} @media print { p {margin: 0}}"
    assert find_placeholders(text) == ()
    assert fill(text, MARY) == text


def test_a_value_is_never_read_for_fields():
    assert (
        fill("{{first_name}}", {"first_name": "{{agent_email}}", "agent_email": "bob@example.com"}) == "{{agent_email}}"
    )


@pytest.mark.parametrize(
    "attempt", ["{{first_name.__class__}}", "{{contact.delete}}", "{{first_name|upper|safe}}", "{{7*7}}"]
)
def test_nothing_but_a_field_is_ever_evaluated(attempt):
    assert find_placeholders(attempt)


def test_a_value_that_is_no_field_stays_secret():
    with pytest.raises(Unfilled):
        fill("{{password}}", {"password": "a long pass phrase"})


TEXTS = st.text("{}| ab_first_name\n%$", max_size=60)


@given(TEXTS, st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(max_size=10)))
def test_a_text_without_unknown_fields_is_filled_or_held(text, values):
    if find_placeholders(text):
        return
    with suppress(Unfilled):  # held
        assert "{{" not in fill(text, values) or any("{" in value for value in values.values())


@given(st.text().filter(lambda text: "{{" not in text))
def test_a_text_without_fields_stays_as_it_is(text):
    assert fill(text, {}) == text
