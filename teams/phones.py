"""Telephone numbers as people write them, read into E.164; and where in the world a number may ring.

`phonenumbers.timezone` adds 2 MB and 20 ms to the 7 MB of `phonenumbers` itself: not worth a late import.
"""

import re
from functools import lru_cache

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

# North America dials no area code and no exchange that begins with 0 or 1; phonenumbers only counts the digits.
NORTH_AMERICAN = re.compile(r"\+1([2-9]\d\d){2}\d{4}")


@lru_cache(maxsize=8192)
def e164(text: str | None, region: str | None = None) -> str:
    """`+16045554572` for `1 (604) 555-4572 x12`, the extension dropped; empty when it is no telephone number.

    A number without a country code is one of `region`, by default of the installation's DEFAULT_REGION.
    """
    parsed = _parsed(text or "", region or settings.DEFAULT_REGION)
    if parsed is None or not _is_complete(parsed):
        return ""
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return number if parsed.country_code != 1 or NORTH_AMERICAN.fullmatch(number) else ""


def validate_phone(text: str) -> None:
    """Refuse what no alert could reach. (A contact's phone may be any text: clients write down what they are told.)"""
    if not e164(text):
        raise ValidationError("must be a telephone number with its area code, such as +1 949 555 0123.")


def without_numbers(text: str, instead: str) -> str:
    """The text with `instead` in the place of every telephone number that may be meant in it."""
    found = phonenumbers.PhoneNumberMatcher(text, settings.DEFAULT_REGION, phonenumbers.Leniency.POSSIBLE)
    for match in reversed(list(found)):
        text = text[: match.start] + instead + text[match.end :]
    return text


@lru_cache(maxsize=8192)
def zones_of(number: str) -> tuple[str, ...]:
    """Every time zone in which this E.164 number may ring, by its area code; empty when that cannot be told."""
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
