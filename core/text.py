"""Normalization of text: Unicode forms, invisible characters, digits of other scripts. Pure."""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby
from typing import Final

MAX_ADDRESS_LENGTH: Final = 320  # of an email address: 64 before the @, 255 behind it

MAX_MARKS: Final = 64  # combining marks on one letter

# What a copied text carries along unseen: zero-width spaces and joiners, marks of direction, soft hyphens, the BOM.
INVISIBLE: Final = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
INVISIBLE_ANYWHERE: Final = re.compile(f"[{INVISIBLE}]")
BLANK_START: Final = re.compile(rf"[\s{INVISIBLE}]*")
LINE_BREAKS: Final = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")

# `Ann <ann@example.com>`, `mailto:ann@example.com?subject=Hi`, `<ann@example.com>;`
WRAPPED_ADDRESS: Final = re.compile(
    r"(?:[^<>@,;]*<)?(?:mailto:)?(?P<address>[^\s<>@,;:?\"]+@[^\s<>@,;:?\"]+)(?:\?[^<>@]*)?>?[\s.,;]*", re.IGNORECASE
)


def to_nfc(text: str) -> str:
    """Return the text in Unicode's NFC form, in which `é` is one character: databases compare characters.

    See https://www.unicode.org/reports/tr15/. Python's time is quadratic in the number of marks on one letter. No
    language uses that many, so text with too many stays unchanged.
    """
    return text if text.isascii() or has_long_mark_run(text) else unicodedata.normalize("NFC", text)


def has_long_mark_run(text: str) -> bool:
    """Whether there are MAX_MARKS combining marks in a row. Looking at each MAX_MARKS-th character finds such a row."""
    if not any(map(unicodedata.combining, text[::MAX_MARKS])):
        return False
    rows = groupby(text, lambda letter: unicodedata.combining(letter) > 0)
    return any(is_marks and sum(1 for _ in row) >= MAX_MARKS for is_marks, row in rows)


def trim(text: str) -> str:
    """The text in NFC, without white space and invisible characters at its ends."""
    if text.isascii():
        return text.strip()
    start = BLANK_START.match(text).end()  # type: ignore[union-attr]  # it matches anything
    end = len(text) - BLANK_START.match(text[::-1]).end()  # type: ignore[union-attr]
    return to_nfc(text[start:end])


def to_one_line(text: str) -> str:
    """Return a name as it is stored: trimmed, with each run of line breaks and tabs as one space."""
    return LINE_BREAKS.sub(" ", trim(text))


def normalize_email(text: str) -> str:
    """Return an email address as it is stored: without surrounding space, display name, `mailto:` or a final full stop.

    Text with no address, or more than one, is only trimmed: no address is guessed.
    """
    text = INVISIBLE_ANYWHERE.sub("", trim(text)).strip()
    if len(text) > MAX_ADDRESS_LENGTH or text.count("@") != 1:
        return text
    read = WRAPPED_ADDRESS.fullmatch(text)
    return read["address"].rstrip(".") if read else text


def to_ascii(text: str) -> str:
    """The text with the digits, letters, dashes and spaces of every script as those of ASCII, and nothing invisible."""
    return text if text.isascii() else "".join(map(to_ascii_letter, INVISIBLE_ANYWHERE.sub("", text)))


@lru_cache(maxsize=4096)
def to_ascii_letter(letter: str) -> str:
    """Return the ASCII character for a full-width one, a digit, a dash or a space; other characters unchanged.

    Superscripts and circled numbers are not digits.
    """
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    if "\uff01" <= letter <= "\uff5e":
        return chr(ord(letter) - 0xFEE0)
    kind = unicodedata.category(letter)
    return "-" if kind == "Pd" or letter == "\u2212" else " " if kind == "Zs" else letter
