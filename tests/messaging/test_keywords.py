"""Keywords are whole messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.keywords import MEANINGS, Keyword, keyword

TWILIO_STOPS = ["STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"]
FCC_STOPS = ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"]


@pytest.mark.parametrize("word", [*TWILIO_STOPS, *FCC_STOPS, "stop all", "Opt-Out"])
def test_every_word_that_must_stop_stops(word):
    assert keyword(word) is Keyword.STOP


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("START", Keyword.START), ("unstop", Keyword.START), ("HELP", Keyword.HELP), ("info", Keyword.HELP)],
)
def test_the_other_keywords_mean_what_twilio_means(word, meaning):
    assert keyword(word) is meaning


def test_yes_opts_in_only_who_had_opted_out():
    assert keyword("Yes!") is None
    assert keyword("Yes!", is_opted_out=True) is Keyword.START


@pytest.mark.parametrize(
    "body", ["", " ", "?", "STOP by tomorrow at 5", "please stop", "don't stop", "1", "stopped", "the end", "STOP STOP"]
)
def test_words_among_others_are_conversation(body):
    assert keyword(body) is None


BLANKS = st.text(" \t\n\u00a0", max_size=3)
MARKS = st.text(".!? ", max_size=4)


@given(st.sampled_from(sorted(MEANINGS)), st.data(), BLANKS, MARKS, st.booleans())
def test_case_blanks_and_final_punctuation_never_matter(word, data, before, after, is_opted_out):
    body = "".join(data.draw(st.sampled_from([letter.upper(), letter])) for letter in word)
    assert keyword(before + body.replace(" ", " \t") + after, is_opted_out=is_opted_out) is MEANINGS[word]


@given(st.sampled_from(sorted(MEANINGS)), st.from_regex(r"[a-z]{2,9}", fullmatch=True))
def test_a_keyword_with_another_word_is_none_unless_together_they_are_one(word, other):
    assert keyword(f"{word} {other}") is MEANINGS.get(f"{word} {other}")


@given(st.text(max_size=200), st.booleans())
def test_any_message_has_a_meaning_or_none(body, is_opted_out):
    assert keyword(body, is_opted_out=is_opted_out) in {None, *Keyword}
