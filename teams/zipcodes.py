"""ZIP codes, as integrators send them: `98112-1234`, or the number 2108 that was `02108` once."""

import re

from django.core.exceptions import ValidationError

# Three to five digits (`00501` is the lowest in use), alone or with the four of ZIP+4. A spreadsheet may have
# dropped leading zeros, or made `2108.0` of it.
ZIP = re.compile(r"(\d{3,5})(?:[- ]\d{4}|(?<=\d{5})\d{4}|\.0+)?", re.ASCII)


def five_digits(value: str | int | None) -> str:
    """`02108` for 2108, `98112` for `98112-1234`; empty when it is no ZIP code."""
    match = ZIP.fullmatch(str(value or "").strip())
    return match[1].zfill(5) if match else ""


def parse_list(text: str | None) -> tuple[str, ...]:
    """The ZIP codes of a team's comma list, each once, in the order given; what is no ZIP code is left out."""
    return tuple(dict.fromkeys(code for part in parts(text) if (code := five_digits(part))))


def unreadable(text: str | None) -> list[str]:
    """What stands in a team's comma list and is no ZIP code."""
    return [part for part in parts(text) if not five_digits(part)]


def parts(text: str | None) -> list[str]:
    return [part for part in re.split(r"[,;\s]+", text or "") if part]


def validate_zipcodes(text: str) -> None:
    """Refuse a list that holds what is no ZIP code, by name."""
    if unread := unreadable(text):
        raise ValidationError("holds %(part)s, which is no ZIP code.", params={"part": unread[0][:20]})
