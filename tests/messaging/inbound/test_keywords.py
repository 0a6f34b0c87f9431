"""Keywords are whole messages in any spelling; wishes are sentences; what may be one is for a person to read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.inbound.keywords import MEANINGS, Keyword, Wish, keyword, wish_to_stop
from tests.cpu import cpu_seconds

TWILIO_STOPS = ["STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"]
FCC_STOPS = ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"]
SPELLINGS = [
    "\uff33\uff34\uff2f\uff30",
    "“STOP”",
    "— STOP —",
    "STOP \U0001f6d1",
    "S T O P",
    "s.t.o.p.",
    "Stop\u00a0",
    "stop\u200b",
    "stoppp",
]
SPELLINGS += ["opt\u2011out", "opt\u2013out", "*STOP*", "(stop)"]
FOREIGN_STOPS = ["ARRET", "ARRÊT", "ALTO", "BAJA", "PARAR", "Désabonner", "\u0421\u0422\u041e\u041f", "停止"]


def meaning(body):
    return keyword(body) or wish_to_stop(body)


@pytest.mark.parametrize("word", [*TWILIO_STOPS, *FCC_STOPS, *SPELLINGS, *FOREIGN_STOPS, "stop all", "Opt-Out"])
def test_every_word_that_must_stop_stops(word):
    assert keyword(word) is Keyword.STOP


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("START", Keyword.START), ("unstop", Keyword.START), ("HELP", Keyword.HELP), ("info", Keyword.HELP)],
)
def test_the_other_keywords_mean_what_twilio_means(word, meaning):
    assert keyword(word) is meaning
    assert keyword(f"  {word.title()}!\n") is meaning


@pytest.mark.parametrize(
    "body",
    [
        "please start",
        "Start texting me again",
        "start now",
        "S T A R T",
        "unstop it",
        "\uff33\uff34\uff21\uff32\uff34",
        "start 7",
        "help me",
    ],
)
def test_start_and_help_are_never_read_out_of_a_sentence(body):
    assert keyword(body, is_opted_out=True) is None


def test_yes_opts_in_only_who_had_opted_out():
    assert keyword("Yes!") is None
    assert keyword("Yes!", is_opted_out=True) is Keyword.START


@pytest.mark.parametrize(
    "body", ["", " ", "?", "STOP by tomorrow at 5", "please stop", "don't stop", "1", "stopped", "the end", "STOP STOP"]
)
def test_words_among_others_are_no_keyword(body):
    assert keyword(body) is None


@pytest.mark.parametrize(
    "body",
    [
        *("Stop please", "please stop texting me", "STOP TEXTING ME!!", "Please, please stop.", "Stop. Thank you."),
        *("Can you stop texting me?", "I\u2019d like you to stop sending me messages", "quit texting this number"),
        *("Don't text me again", "do not contact me any more", "never call me again", "No more texts please"),
        *("Remove me from your list", "take me off the list", "unsubscribe me", "opt me out", "leave me alone"),
        *("Please unsubscribe", "I want to unsubscribe", "Remove", "STOP TXT", "Stop texting me. Wrong number"),
        *("Stop\nSent from my iPhone", "STOP\n\n--\nMary Jackson", "STOP\nMary", "Stop all messages", "STOP STOP STOP"),
        *("Remove my number", "Wrong number, please stop", "This is not Mary. Please remove me from your list."),
        *("Hi, please stop texting me. Thanks, Mary", "STOP\n> Hello Mary, I saw that you", "lose my number"),
        *("no me escriba más", "arrêtez de m'écrire", "arrêtez svp", "Por favor pare", "Dejen de mandarme mensajes"),
    ],
)
def test_a_wish_to_be_left_alone_is_understood_though_it_is_no_keyword(body):
    assert keyword(body) is None
    assert wish_to_stop(body) is Wish.CLEAR


@pytest.mark.parametrize(
    "body",
    [
        *("I told you to stop", "I don't want to receive these messages", "how do I unsubscribe", "Not interested"),
        *("wrong number", "Why do you keep texting me after I said stop", "please cancel", "Stop emailing me"),
        *("You have the wrong person STOP", "I do not wish to be contacted", "don't text me, call me"),
        *("I no longer wish to receive texts", "Stop! Is this a bot?", "I am reporting you"),
    ],
)
def test_a_sentence_that_may_be_a_wish_to_stop_is_for_a_person(body):
    assert meaning(body) is Wish.DOUBTFUL


@pytest.mark.parametrize(
    "body",
    [
        *("", "?", "Is it still for sale?", "STOP by tomorrow at 5", "Can you stop by?", "don't stop", "please"),
        *("Don't stop texting me", "Don't call, text me", "stop calling and text me", "text me", "please call me"),
        *("take me to the house", "remove my contingency", "do not call my wife", "no more than a million"),
        *("Stop by on Sunday?", "I can't stop looking at the house", "remove the contingency", "End of month works"),
        *("Can you stop by and text me when you arrive", "where is the bus stop", "Turn left at the STOP sign"),
        *("I will stop tomorrow", "Don't text me before 9", "I didn't get your text", "We had to cancel the showing"),
        *("Cancel my appointment on Sunday", "quit claim deed", "We can end the lease in May", "non-stop flights"),
        *("Reply STOP to unsubscribe", "I would like to cancel Sunday", "Don't send the offer yet", "No thanks", "1"),
    ],
)
def test_whoever_says_more_is_spoken_with(body):
    assert meaning(body) is None


BLANKS = st.text(" \t\n\u00a0", max_size=3)
MARKS = st.text(".!? ", max_size=4)


@given(st.sampled_from(sorted(MEANINGS)), st.data(), BLANKS, MARKS, st.booleans())
def test_case_blanks_and_final_punctuation_never_matter(word, data, before, after, is_opted_out):
    body = "".join(data.draw(st.sampled_from([letter.upper(), letter])) for letter in word)
    assert keyword(before + body.replace(" ", " \t") + after, is_opted_out=is_opted_out) is MEANINGS[word]


@given(st.sampled_from(["stop", "unsubscribe", "optout"]), st.data())
def test_full_width_letters_and_invisible_marks_never_matter(word, data):
    wide = "".join(data.draw(st.sampled_from([letter, chr(ord(letter) + 0xFEE0)])) for letter in word)
    hidden = data.draw(st.sampled_from(["\u200b", "\u200d", "\ufe0f", "\u2060"])).join(wide)
    assert keyword(hidden) is Keyword.STOP


@given(st.sampled_from(sorted(MEANINGS)), st.from_regex(r"[a-z]{2,9}", fullmatch=True))
def test_a_keyword_with_another_word_is_none_unless_together_they_are_one(word, other):
    assert keyword(f"{word} {other}") is MEANINGS.get(f"{word} {other}")


@given(st.from_regex(r"[a-z]{2,9}( [a-z]{2,9}){0,6}", fullmatch=True), st.booleans())
def test_only_the_very_words_start_again(words, is_opted_out):
    if keyword(words, is_opted_out=is_opted_out) is Keyword.START:
        assert words in ("start", "unstop", "yes")


@given(st.text(max_size=200), st.booleans())
def test_any_message_has_a_meaning_or_none(body, is_opted_out):
    assert keyword(body, is_opted_out=is_opted_out) in {None, *Keyword}
    assert wish_to_stop(body) in {None, *Wish}


@pytest.mark.parametrize(
    "part", ["stop ", "a", "\n", "STOP\n", ".", "\ufdfa", "reply ", "dont text me ", "\u0301", "> stop\n", "sent ", " "]
)
def test_a_long_text_costs_no_more_than_its_length(part):
    text = part * 100_000

    assert cpu_seconds(lambda: meaning(text)) < 1
