"""Which of our texts a text on the provider's list is. Pure: words in, words out.

Providers change words. Twilio puts "Sent from your Twilio trial account - " before those of a trial account, and with
Smart Encoding writes plain quotes, dashes and blanks for typographic ones; its list shows the text as it left.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

# Letters and digits of any script: what is left alone. Modifier letters are not, some look like quotes.
KEPT: Final = frozenset({"Lu", "Ll", "Lt", "Lo", "Nd"})


def owner_of(listed: str, bodies: Sequence[str]) -> str | None:
    """Return which of these texts of ours a listed text contains; None if it may be any or none of them.

    If several match, it is the one with the largest matching part; of equal ones the first.
    """
    fitting = [body for body in bodies if _bears(listed, body)]
    return max(fitting, key=lambda body: (_is(listed, body), len(_letters(body))), default=None)


def _bears(listed: str, body: str) -> bool:
    letters = _letters(body)
    return _is(listed, body) or bool(letters and _letters(listed).endswith(letters))


def _is(listed: str, body: str) -> bool:
    return listed.strip() == body.strip()


def _letters(words: str) -> str:
    plain = unicodedata.normalize("NFKD", words)
    return "".join(character for character in plain if unicodedata.category(character) in KEPT).casefold()
