"""The words by which a text message, and nothing else in it, switches texts off and on again, or only asks for it."""

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


# "Please stop texting me!": a wish in words of one's own, with manners and nothing else beside it. Whoever says more,
# as in "stop by tomorrow", "don't stop" or "don't call, text me", may mean something else.
MANNERS: Final = (
    "please pls plz kindly just now ok okay hi hello hey sorry thanks thank thx can could will would you u i want need"
    " id like to have"
)
WISHES: Final = tuple(
    f"{wish} "
    for wish in (
        *("stop", "quit", "cease", "no more texts", "no more messages", "leave me alone", "opt me out"),
        *(f"{no} {verb}" for no in ("dont", "do not", "never") for verb in ("text", "message", "contact", "call")),
        *(f"{verb} {me}" for verb in ("unsubscribe", "remove") for me in ("me", "my number", "this number")),
        "take me off",
    )
)
BESIDE: Final = (
    "texting messaging contacting calling sending bothering spamming texts messages me us my this that it all the your"
    " these number phone off of from list lists any more anymore again ever immediately asap stop"
)


def asks_to_stop(body: str) -> bool:
    """Whether the whole message is a wish to be texted no more, though no keyword."""
    words = re.findall(r"\w+", re.sub("['\u2019]", "", body.casefold()))
    said = " ".join([*(word for word in words if word not in MANNERS.split()), ""])
    return any(set(said.removeprefix(wish).split()) <= set(BESIDE.split()) for wish in WISHES if said.startswith(wish))
