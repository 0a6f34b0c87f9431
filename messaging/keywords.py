"""The words by which a text message, and nothing else in it, switches texts off and on again."""

import re
from enum import Enum
from typing import Final


class Keyword(Enum):
    """What a keyword asks for."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


# Twilio's defaults, and the words the FCC says must always be understood, two of which hold a blank.
WORDS: Final = {
    Keyword.STOP: "stop, stopall, stop all, unsubscribe, end, quit, revoke, optout, opt out, opt-out, cancel",
    Keyword.START: "start, unstop",
    Keyword.HELP: "help, info",
}
MEANINGS: Final = {word: keyword for keyword, words in WORDS.items() for word in words.split(", ")}
YES: Final = "yes"  # also an ordinary answer, so it opts in only a number that had opted out
FINAL_PUNCTUATION: Final = re.compile(r"[\s.!?,;:…]+$")


def keyword(body: str, *, is_opted_out: bool = False) -> Keyword | None:
    """The keyword that is the whole message, in any case; "STOP by tomorrow at 5" is none."""
    word = " ".join(FINAL_PUNCTUATION.sub("", body).split()).casefold()
    if word == YES and is_opted_out:
        return Keyword.START
    return MEANINGS.get(word)
