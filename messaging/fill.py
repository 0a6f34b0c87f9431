"""Merge fields: `{{first_name}}`, or with something to say when it is empty, `{{first_name|there}}`.

One regular expression over an allow-list. What users write never reaches a template engine: in one,
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
STRAY: Final = re.compile(r"\{\{(?!\{)[^\n{}]{0,30}\}?")  # what opens no merge field, and would be sent as it stands
EITHER: Final = re.compile(f"{TOKEN.pattern}|{STRAY.pattern}")


class Unfilled(ValueError):
    """A merge field is empty and the text says nothing to put in its place."""

    def __init__(self, token: str) -> None:
        self.token = token
        super().__init__(f"{{{{{token}}}}} is empty, and the text has nothing to put in its place.")


def unknown_tokens(text: str) -> tuple[str, ...]:
    """What stands where a merge field would, and is none of ours: as it stands, each once, in order."""
    unknown = [match[0] for match in EITHER.finditer(text) if match[1] is None or _name(match) not in FIELDS]
    joined = STRAY.findall(TOKEN.sub("", text))  # braces on both sides of a field that may be empty
    return tuple(dict.fromkeys(unknown or joined))


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """The text with each merge field filled, or what stands after its bar where the value is empty.

    Raises `Unfilled` where both are empty: the message is held rather than sent as "Hi ,".
    """
    return TOKEN.sub(lambda match: _value(match, values), text)


def _value(match: re.Match[str], values: Mapping[str, str | None]) -> str:
    name, instead = _name(match), match[2]
    value = (values.get(name) or "").strip() if name in FIELDS else ""
    if not value and instead is None:
        raise Unfilled(name)
    return value or (instead or "").strip()


def _name(match: re.Match[str]) -> str:
    return match[1].strip().lower()
