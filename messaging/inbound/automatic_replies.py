"""Texts that a handset or a service sent in a person's name: reactions ("tapbacks") and automatic answers.

They are kept, and count as no reply. Pure: text in, kind out; at most `MAX_READ` characters are read. Reactions of
iPhones: https://support.apple.com/en-us/118235. In doubt a text is a person's.
"""

import re
from collections.abc import Sequence
from typing import Final

from messaging.inbound.keywords import INSTRUCTIONS, LETTERS, MAX_READ, plain
from messaging.models import Message

Automatic = Message.Automatic

MIN_QUOTE: Final = 10  # letters and digits of a quoted text by which it is recognized as ours
MAX_LEAD: Final = 60  # characters before the quotation

# `<lead> "<quotation>"`, and what Android adds after it. The quotation reaches to the last mark.
QUOTATION: Final = re.compile(
    rf"([^\"\u201c\u201e\u00ab\n]{{1,{MAX_LEAD}}})[\"\u201c\u201e\u00ab](.*)[\"\u201d\u201c\u00bb]([^\"\u201d\u201c\u00bb]{{0,20}})",
    re.DOTALL,
)
LEADS: Final = re.compile(
    r"(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|hearted"
    r"|removed (?:a|an) (?:like|heart|dislike|laugh|exclamation|exclamation mark|question mark) from"
    r"|(?:reacted|removed)(?: with)? \W{1,12}(?: to| from)?|\W{1,12} (?:to|a|an|zu|en)"
    r"|(?:le )?gusto|le encanto|le dio risa|se rio de|reacciono con \W{1,12} a|enfatizo"
    r"|a (?:aime|adore|ri de|souligne)|a reagi (?:avec|par) \W{1,12} a|gostou de|amou|riu de)"
)
REMOVED: Final = frozenset(("", "removed", "entfernt", "supprime"))
OF_MEDIA: Final = re.compile(
    r"(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted \W{1,12} to)"
    r" (?:an? )?(?:image|photo|picture|movie|video|attachment|audio message|sticker|link)"
)

# Phrases of letters and digits only. They come from a machine at any place in the text.
MACHINE: Final = (
    *("do not disturb while driving", "driving focus turned on", "driving focus is on", "driving mode is on"),
    *("this is an automated", "this is an automatic", "this is an auto", "automated response", "automated reply"),
    *("automatic response", "automatic reply", "automated message", "autoreply", "auto reply", "auto response"),
    *("respuesta automatica", "mensaje automatico", "reponse automatique", "message automatique"),
    *("automatische antwort", "sent automatically", "resposta automatica", "i have notifications silenced"),
)
DRIVING: Final = re.compile(
    r"(?:sorry )?(?:i am|im) driving(?: right now| now| at the moment| currently)?(?: (?:and|so|sorry))*"
    r"(?: (?:i will|ill|will|i|cant|cannot|can not) [a-z ]{1,80})?"
)
AWAY: Final = (
    "out of the office",
    "out of office",
    "on vacation",
    "on holiday",
    "away from my phone",
    "fuera de la oficina",
)
RETURNS: Final = ("will respond", "will reply", "will get back", "ill get back", "will return your", "when i return")
THANKS: Final = ("thank you for", "thanks for")
CONTACTING: Final = ("contacting", "calling", "texting", "your message", "reaching out", "your inquiry", "messaging")
BUSINESS: Final = ("business hours", "office hours", "we are closed", "were closed", "currently closed", "our team")
SERVICE: Final = ("representative", "one of our", "as soon as possible", "a member of our")


def quoted(body: str) -> tuple[str, str] | None:
    """Return the text before a quotation at its end, and the quotation; None if there is none."""
    match = QUOTATION.fullmatch(body[:MAX_READ].strip())
    if match is None or " ".join(LETTERS.findall(plain(match[3]))) not in REMOVED:
        return None
    return " ".join(plain(match[1]).split()), match[2]


def automatic_kind(body: str, sent: Sequence[str] = ()) -> str:
    """Return the kind of an automatic text, "" for a person's. `sent` are our latest texts to the handset.

    A quotation of one of ours after a few words is a reaction in any language.
    """
    if len(body) > MAX_READ:
        return ""
    text = " ".join(plain(body).split())
    if quotation := quoted(body):
        lead, quote = quotation
        is_ours = quotes(quote, sent) and len(lead.split()) <= 6 and "?" not in lead
        return Automatic.REACTION if is_ours or LEADS.fullmatch(lead) else ""
    if OF_MEDIA.fullmatch(text.rstrip(".")):
        return Automatic.REACTION
    return Automatic.AUTO_REPLY if _is_auto_reply(text) else ""


def quotes(quote: str, sent: Sequence[str]) -> bool:
    """Whether a quotation is the beginning of one of these texts; handsets cut long ones."""
    letters = _letters(quote)
    return len(letters) >= MIN_QUOTE and any(_letters(body).startswith(letters) for body in sent)


def _letters(text: str) -> str:
    return "".join(LETTERS.findall(plain(text)))


def _is_auto_reply(text: str) -> bool:
    """Whether the text is a machine's. Who asks is a person: "Is this an automated message?"."""
    if "?" in INSTRUCTIONS.sub("", text):
        return False
    words = " ".join(LETTERS.findall(text))
    if any(phrase in words for phrase in MACHINE) or DRIVING.fullmatch(words):
        return True
    if any(phrase in words for phrase in AWAY) and any(phrase in words for phrase in RETURNS):
        return True
    is_thanks = words.startswith(THANKS) and any(phrase in words for phrase in CONTACTING)
    return is_thanks and any(phrase in words for phrase in BUSINESS + SERVICE)
