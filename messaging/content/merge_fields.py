"""Merge fields: `{{first_name}}`, or with a fallback for an empty value, `{{first_name|there}}`.

One regular expression and a list of allowed names. No template engine ever sees what users write: in one,
`{{contact.delete}}` deletes.
"""

import re
from collections.abc import Mapping
from typing import Final

FIELDS: Final = {
    "first_name": "the contact's first name",
    "last_name": "the contact's last name",
    "full_name": "the contact's first and last name",
    "email": "the contact's email address",
    "mobile_phone": "the contact's mobile phone",
    "home_phone": "the contact's home phone",
    "office_phone": "the contact's office phone",
    "company": "the contact's company",
    "agent_first_name": "the sender's first name",
    "agent_last_name": "the sender's last name",
    "agent_full_name": "the sender's first and last name",
    "agent_email": "the sender's email address",
    "agent_phone": "the sender's phone",
}
TOKEN: Final = re.compile(r"\{\{([^{}|]*)(?:\|([^{}|]*))?\}\}")


class Unfilled(ValueError):
    """A merge field is empty and has no fallback."""

    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__(f"{{{{{token}}}}} is empty, and the text has no fallback for it.")


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """Replace each merge field by its value, or by its fallback if the value is empty.

    Raises `Unfilled` if both are missing: the message is held rather than sent as "Hi ,".
    """
    return TOKEN.sub(lambda match: _value(match, values), text)


def field_name(match: re.Match[str]) -> str:
    """The name in a match of `TOKEN`."""
    return match[1].strip().lower()


def _value(match: re.Match[str], values: Mapping[str, str | None]) -> str:
    name, fallback = field_name(match), match[2]
    value = (values.get(name) or "").strip() if name in FIELDS else ""
    if not value and fallback is None:
        raise Unfilled(name)
    return value or (fallback or "").strip()
