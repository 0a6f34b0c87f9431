"""How API v1 calls things: lower case, without underscores. Most of its names are lost, so v2's are taken as well."""

import re
from collections.abc import Iterable, Mapping
from typing import Any


def folded(name: str) -> str:
    """`first_name`, `FirstName` and `firstname` are one."""
    return name.replace("_", "").lower()


def read(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, by folded name."""
    return {folded(name): value for name, value in parameters.items()}


def spelled(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The names that were given, as they were spelled, by folded name."""
    return {folded(name): name for name in parameters}


def in_words(message: str, names: Mapping[str, str], own: Iterable[tuple[str, str]]) -> str:
    """Return the errors of v2's fields under the names of v1's fields; `own` maps some of them."""
    field = re.match(r"[a-z_0-9]*", message)[0]  # type: ignore[index]  # it matches anything
    words = [folded(field), *(word for word, meant in own if meant == field)]
    given = next((names[word] for word in words if word in names), field)
    return given + message[len(field) :]


def as_body(given: Mapping[str, Any], fields: Iterable[str], **own: str) -> dict[str, Any]:
    """What was given for these fields of v2. `own` are v1's words for some of them; v2's own word goes before."""
    words = own | {folded(field): field for field in fields}
    return {field: given[word] for word, field in words.items() if word in given}
