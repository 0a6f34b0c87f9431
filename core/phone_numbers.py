"""Phone numbers: parsed into E.164 from the text that people write, and the time zones of a number.

A text to a stranger is the worst error, so no number is guessed: text without one complete number has none.

`phonenumbers.timezone` adds 2 MB and 20 ms to the 7 MB of `phonenumbers` itself: a late import does not pay.
"""

import re
from functools import lru_cache
from typing import Final

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from core.text import to_ascii

MAX_LENGTH: Final = 255  # characters of a field that may hold a number; longer text holds none
MAX_RUN: Final = 40  # characters of a number, with all that people put between its digits

# North America dials no area code and no exchange that begins with 0 or 1; phonenumbers only counts the digits.
NORTH_AMERICAN: Final = re.compile(r"\+1([2-9]\d\d){2}\d{4}")

# How many digits of a North American number follow a gap. `2027-03-01 12` has ten digits, and so has the Danish
# `45 12 34 56 78`: by their gaps they are not North American numbers.
GAPS: Final = frozenset({4, 7})

# Letters are digits only where a toll-free number is written as a word: no person can be texted there by mistake.
# https://www.fcc.gov/consumers/guides/what-toll-free-number-and-how-does-it-work
VANITY: Final = re.compile(
    r"\s*(?:\+?1[\s.-]?)?\(?(8(?:00|33|44|55|66|77|88))\)?[\s.-]?((?:[A-Z0-9]-?){6}[A-Z0-9]|(?:[A-Za-z]-?){6}[A-Za-z])\s*"
)

# Values of other kinds, whose digits are not a phone number.
OTHER_VALUES: Final = re.compile(
    r"[\d.,]*\de[+-]?\d+"  # a spreadsheet's 9.49555E+09
    r"|(?<!\d)\d{7,}\.\d+(?!\d)"  # a fraction
    r"|(?<!\d)(?:19|20)\d\d(?P<a>[-/.])\d\d?(?P=a)\d\d?(?!\d)"  # a date
    r"|(?<!\d)\d\d?(?P<b>[-/.])\d\d?(?P=b)(?:19|20)\d\d(?!\d)"
    r"|[^\s,;<>()|]*@[^\s,;<>()|]*|(?:https?:|www\.)\S*"  # an email, the address of a page
    r"|;phone-context=\S*",  # the parameter of a tel: URI that completes a local number (RFC 3966)
    re.IGNORECASE,
)
ZERO_FRACTION: Final = re.compile(r"(?<=\d{7})\.0+(?![\d.])")  # a spreadsheet's 9495550130.0

BETWEEN: Final = r" ().\-/_~*·•∙\[\]"  # what people put between the digits of one number
RUN: Final = re.compile(rf"(?:\+[{BETWEEN}]{{0,5}})?\d(?:[{BETWEEN}]{{0,10}}\d)*")


def e164(text: str | None, region: str | None = None) -> str:
    """Return the first complete number in a text, in E.164:

    `+16045554572` for `1 (604) 555-4572 x12, Ann`; otherwise "".

    A number without a country code is one of `region`, by default the installation's DEFAULT_REGION. Extensions,
    labels and names are dropped; an incomplete number is not a number.
    """
    return _read(text, region or settings.DEFAULT_REGION) if text and len(text) <= MAX_LENGTH else ""


@lru_cache(maxsize=8192)
def _read(text: str, region: str) -> str:
    text = to_ascii(text)
    vanity = VANITY.fullmatch(text)
    if vanity and phonenumbers.country_code_for_region(region) == 1:
        return _whole(phonenumbers.convert_alpha_characters_in_number(vanity[1] + vanity[2].replace("-", "")), region)
    text = OTHER_VALUES.sub("|", ZERO_FRACTION.sub("|", text))
    return next((number for run in RUN.findall(text) if (number := _first_in(run, region))), "")


def _first_in(run: str, region: str) -> str:
    """The first number in a run of digits, which may hold two: `949-555-0131 / 0132`, `949 555 0131 949 555 0132`.

    Abroad numbers have no one length. So only a valid one ends at a slash, and none at a space.
    """
    for head in _heads(run, "/"):
        number = _whole(head, region)
        if number.startswith("+1") or (number and phonenumbers.is_valid_number(phonenumbers.parse(number))):
            return number
    if number := _whole(run, region):
        return number
    return next((number for head in _heads(run, " ") if (number := _whole(head, region)).startswith("+1")), "")


def _heads(run: str, mark: str) -> list[str]:
    """Yield the text before each of these marks."""
    return [run[: found.start()] for found in re.finditer(mark, run[:MAX_RUN])]


def _whole(run: str, region: str) -> str:
    """Return the number of a run of digits, in E.164; empty unless it is exactly one."""
    if len(run) > MAX_RUN:
        return ""
    parsed = _parsed("+" * run.startswith("+") + "".join(filter(str.isdigit, run)), region)
    if parsed is None or not _is_complete(parsed):
        return ""
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if parsed.country_code != 1:
        return number
    is_national = NORTH_AMERICAN.fullmatch(number) and (run.startswith("+") or _is_grouped(run))
    return number if is_national else ""


def _is_grouped(run: str) -> bool:
    """Whether the gaps are where North American numbers have them: `9495550123`, `(949) 555-0123`, `9 4 9 5 ...`."""
    groups = re.findall(r"\d+", run)
    following = {sum(map(len, groups[place:])) for place in range(1, len(groups))} - {10}
    return following <= GAPS or following >= GAPS


def validate_phone(text: str) -> None:
    """Refuse a user's phone that no alert could reach. (A contact's phone may be any text that clients send.)"""
    if not e164(text):
        raise ValidationError("must be a telephone number with its area code, such as +1 949 555 0123.")


@lru_cache(maxsize=8192)
def time_zones(number: str) -> tuple[str, ...]:
    """Return all time zones of this E.164 number, by its area code; empty if they are unknown."""
    parsed = _parsed(number, None)
    if parsed is None or _is_all_over_north_america(parsed):
        return ()
    return tuple(zone for zone in time_zones_for_number(parsed) if zone != UNKNOWN_TIMEZONE)


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _is_complete(parsed: phonenumbers.PhoneNumber) -> bool:
    """Whether it has the length of a whole number: `555-0123` without an area code is only half of one.

    `is_valid_number` would also ask whether the area code is in use; a list as old as the installation
    must not refuse people with a new one.
    """
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    return bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE)


def _is_all_over_north_america(parsed: phonenumbers.PhoneNumber) -> bool:
    """A toll-free number would answer with every zone from Guam to Newfoundland, which share no daytime hour."""
    return parsed.country_code == 1 and not phonenumbers.is_number_geographical(parsed)
