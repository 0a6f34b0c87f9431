"""What handsets and services send by themselves, told from what people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.inbound.automatic_replies import automatic_kind
from tests.cpu import cpu_seconds

REACTIONS = [
    *("Liked \u201cSee you at 5\u201d", "Loved \u201cSee you\u201d", 'Liked "See you"', "Laughed at \u201cSee\u201d"),
    *("Emphasized \u201cSee you\u201d", "Emphasised \u201cSee you\u201d", "Questioned \u201cSee you at 5?\u201d"),
    *(
        "Disliked \u201cSee you\u201d",
        "Reacted \U0001f44d to \u201cSee you\u201d",
        "Removed a heart from \u201cSee\u201d",
    ),
    *("Removed an exclamation from \u201cSee\u201d", "\U0001f44d to \u201cSee you\u201d", "Liked an image"),
    *("\u200b\u2764\ufe0f\u200b to \u201c\u200aSee you\u200a\u201d", "Le gust\u00f3 \u201cNos vemos\u201d"),
    *("A aim\u00e9 \u00ab A bient\u00f4t \u00bb", "Liked \u201ctwo\nlines \u201cand\u201d quotes\u201d"),
]
AUTO_REPLIES = [
    "I\u2019m driving with Do Not Disturb While Driving turned on. I\u2019ll see your message when I get there.",
    "I'm driving right now. I'll get back to you later.",
    "I'm driving",
    "Automatic reply: I am out of the office until Monday.",
    "I am out of the office until Monday and will respond when I am back.",
    "Thank you for contacting Example Plumbing. Our business hours are 9 to 5. Reply STOP to opt out.",
    "This is an automated message.",
    "Respuesta autom\u00e1tica: estoy de vacaciones.",
]
PEOPLE = [
    *(
        "",
        "Liked it",
        "I loved the \u201cLoft\u201d house",
        "Loved \u201cElm Street\u201d, can I see it?",
        "Is this an automated message?",
    ),
    *("I'm driving, Saturday works. Can you send the address?", "I'm out of the office Monday, can we do Tuesday?"),
    *(
        "Thanks for reaching out, we will get back to you",
        "Liked",
        "\u201cYes\u201d",
        "He said \u201csee you at five\u201d",
    ),
]


@pytest.mark.parametrize("body", REACTIONS)
def test_a_reaction_is_recognized(body):
    assert automatic_kind(body) == "reaction"


@pytest.mark.parametrize("body", AUTO_REPLIES)
def test_an_automatic_answer_is_recognized(body):
    assert automatic_kind(body) == "auto_reply"


@pytest.mark.parametrize("body", PEOPLE)
def test_a_person_is_a_person(body):
    assert automatic_kind(body) == ""


def test_a_quotation_of_our_latest_texts_is_a_reaction_in_any_language():
    sent = ["Hello Clara, when may I show you the house?"]

    assert automatic_kind("Tykk\u00e4si \u201cHello Clara, when may I\u2026\u201d", sent) == "reaction"
    assert automatic_kind("Tykk\u00e4si \u201cAnother text of somebody\u201d", sent) == ""
    assert automatic_kind("What is \u201cHi\u201d", ["Hi"]) == ""


@given(st.text(max_size=200), st.lists(st.text(max_size=50), max_size=3))
def test_any_text_has_a_kind_or_none(body, sent):
    assert automatic_kind(body, sent) in ("", "reaction", "auto_reply")


@pytest.mark.parametrize(
    "part", ['"', "\u201c", 'a"', "liked ", "im driving ", "\U0001f44d ", "reacted !", "removed ! ", " "]
)
def test_a_long_text_costs_no_more_than_its_length(part):
    texts = [part * 100_000, (part * 2000)[:2000]]

    assert cpu_seconds(lambda: [automatic_kind(text) for text in texts]) < 1
