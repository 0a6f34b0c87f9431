"""Hides contact details in text that agents read before a claim. Pure.

Prices, MLS numbers, ZIP codes, years and dates stay readable. A number that could be a phone is hidden: an agent who
reads `[phone]` instead of a price range can still claim the lead.

Each pattern starts at a fixed place and repeats a bounded number of times, so that the time is linear in the text.
"""

import re
from typing import Final

from core.text import INVISIBLE, to_ascii_letter

MAX_LENGTH: Final = 4000  # characters that are looked at
MAX_DETAIL_LENGTH: Final = 400  # characters of an email address or a number

# `mary@example.com`, `mary (at) example`, `mary [at] example dot com`, `mary at example.com`. An `at` without brackets
# is one of an address where the words behind it end like one.
WORD: Final = r"(?<![\w.%+'-])[\w.%+'-]{1,64}"
DOT: Final = r"(?:\.|\s\.\s|\s?[(\[{<]\s?(?:dot|punto|\.)\s?[)\]}>]\s?|\s(?:dot|punto)\s)"
EMAILS: Final = (
    re.compile(r"[^\s<>(),;:@]{1,64}@[^\s<>(),;:@]{1,255}"),
    re.compile(
        rf"{WORD}(?:\s?@\s?|\s?[(\[{{<]\s?(?:at|arroba|@)\s?[)\]}}>]\s?)[\w-]{{1,63}}(?:{DOT}[\w-]{{1,63}}){{0,4}}",
        re.IGNORECASE,
    ),
    re.compile(rf"{WORD}\s(?:at|arroba)\s(?:[\w-]{{1,63}}{DOT}){{1,4}}[a-z]{{2,24}}(?![\w-])", re.IGNORECASE),
)

# Separators between the digits of one number. Commas separate thousands and colons hours, so these count only if the
# groups are those of a North American number.
GAP: Final = rf"[ \t().\-/_~*|·•∙\[\]{INVISIBLE}]"
WIDE_GAP: Final = rf"[\s().\-/_~*|·•∙\[\]{INVISIBLE},:]{{0,4}}"
PHONES: Final = (
    re.compile(rf"\+{GAP}{{0,2}}\d(?:{GAP}{{0,3}}\d){{7,17}}"),  # +44 20 7946 0958
    re.compile(rf"(?<!\d)(?:1{GAP}{{0,3}})?\(?[2-9]\d\d{WIDE_GAP}[2-9]\d\d{WIDE_GAP}\d{{4}}(?!\d)"),  # (949) 555-0123
    re.compile(rf"(?<!\d)\d(?:{GAP}{{1,3}}\d){{6,17}}(?!\d)"),  # 9 4 9 5 5 5 0 1 2 3
    re.compile(rf"(?<!\d)0(?:{GAP}?\d){{9,13}}(?!\d)"),  # 020 7946 0958
    re.compile(r"(?<!\d)\d{11,15}(?!\d)"),  # 447911123456
    re.compile(r"(?<![\d$€£])[2-9]\d\d(?: ?[-.·•_] ?| )\d{4}(?!\d|\s?(?:sq|k\b|m\b))", re.IGNORECASE),  # 555-0123
)
GROUPS: Final = re.compile(rf"(?<!\d)\d{{1,3}}(?:{GAP}{{1,3}}\d{{1,4}}){{2,14}}(?!\d)")  # 94 95 55 01 23
MIN_DIGITS: Final = 10  # of a number in such groups
MIN_LOCAL_DIGITS: Final = 7

DATES: Final = re.compile(
    r"(?<![\d/.-])(?:(?:19|20)\d\d([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2(?:19|20)\d\d"
    r"|(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])/\d\d)(?![\d/.-]\d|\d)"
)


def redact_contact_details(text: str) -> str:
    """The beginning of a text, with `[email]` and `[phone]` in place of every email address and telephone number."""
    if len(text) > MAX_LENGTH:  # the end may be half a number or half an address, which no pattern knows
        return f"{redact(text[:MAX_LENGTH])[:-MAX_DETAIL_LENGTH]}..."
    return redact(text)


def redact(text: str) -> str:
    for pattern in EMAILS:
        text = replace_spans(text, spans(pattern, fold_characters(text)), "[email]")
    if count_digits(text) < MIN_LOCAL_DIGITS:
        return text
    for pattern in PHONES:
        text = replace_spans(text, spans(pattern, mask_dates(text)), "[phone]")
    groups = spans(GROUPS, mask_dates(text))
    return replace_spans(
        text, [(start, end) for start, end in groups if count_digits(text[start:end]) >= MIN_DIGITS], "[phone]"
    )


def fold_characters(text: str) -> str:
    """The text with every character that people write in place of one of ASCII as that one, each in its place."""
    return text if text.isascii() else "".join(map(to_ascii_letter, text))


def mask_dates(text: str) -> str:
    """The text as patterns of numbers read it: of the same length, with letters in place of dates."""
    return DATES.sub(lambda date: "x" * len(date[0]), fold_characters(text))


def spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [found.span() for found in pattern.finditer(text)]


def replace_spans(text: str, places: list[tuple[int, int]], instead: str) -> str:
    """Return the text with a replacement at these places."""
    parts, done = [], 0
    for start, end in places:
        parts += [text[done:start], instead]
        done = end
    return "".join([*parts, text[done:]])


def count_digits(text: str) -> int:
    return sum(map(str.isdecimal, text))
