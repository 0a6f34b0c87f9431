"""Counts the segments of a text: GSM-7 if it contains all characters, otherwise UCS-2."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

GSM_7: Final = "GSM-7"
UCS_2: Final = "UCS-2"

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ALL_BASIC: Final = re.compile(f"[{re.escape(''.join(sorted(BASIC)))}]*")
EXTENDED: Final = frozenset("\f^{}\\[~]|€")  # an escape and a character: two septets that must not be parted
LIMITS: Final = {GSM_7: (160, 153), UCS_2: (70, 67)}  # units of a text in one part, and of each of several


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text takes: `units` are septets in GSM-7, 16-bit code units in UCS-2."""

    encoding: str
    units: int
    count: int


def segments(text: str) -> Segments:
    """The parts of this text, as carriers count them."""
    if len(text) <= LIMITS[GSM_7][0] and ALL_BASIC.fullmatch(text):  # as nearly all are
        return Segments(GSM_7, len(text), min(len(text), 1))
    encoding = GSM_7 if BASIC.union(EXTENDED).issuperset(text) else UCS_2
    widths = [_width(character, encoding) for character in text]
    alone, among_several = LIMITS[encoding]
    units = sum(widths)
    return Segments(encoding, units, min(units, 1) if units <= alone else _parts(widths, among_several))


def _width(character: str, encoding: str) -> int:
    """Two units for an extended character, or for one that UTF-16 writes as a surrogate pair."""
    wide = character in EXTENDED if encoding == GSM_7 else ord(character) > 0xFFFF
    return 2 if wide else 1


def _parts(widths: Iterable[int], room: int) -> int:
    """How many parts hold the characters in order, none of them split."""
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts
