"""Keywords are whole messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.keywords import MEANINGS, Keyword, asks_to_stop, keyword

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


@pytest.mark.parametrize(
    "body",
    [
        *("Stop please", "please stop texting me", "STOP TEXTING ME!!", "Please, please stop.", "Stop. Thank you."),
        *("Can you stop texting me?", "I\u2019d like you to stop sending me messages", "quit texting this number"),
        *("Don't text me again", "do not contact me any more", "never call me again", "No more texts please"),
        *("Remove me from your list", "take me off the list", "unsubscribe me", "opt me out", "leave me alone"),
    ],
)
def test_a_wish_to_be_left_alone_is_understood_though_it_is_no_keyword(body):
    assert keyword(body) is None
    assert asks_to_stop(body)


@pytest.mark.parametrize(
    "body",
    [
        *("", "?", "Is it still for sale?", "STOP by tomorrow at 5", "Can you stop by?", "don't stop", "please"),
        *("Don't stop texting me", "Don't call, text me", "stop calling and text me", "text me", "please call me"),
        *("take me to the house", "remove my contingency", "do not call my wife", "no more than a million"),
    ],
)
def test_whoever_says_more_is_spoken_with(body):
    assert not asks_to_stop(body)


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
    assert asks_to_stop(body) in {True, False}
