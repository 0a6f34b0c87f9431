"""Forms read as JSON is read: `custom_fields[0][id]=1` is a list of objects, as PHP and jQuery write one. Pure."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from api.lists.query_parser import KEY, NAME

NUMBER = re.compile("[0-9]{1,9}")

Branch = dict[str, Any]  # of values and further branches; a list is a branch of numbers until all is read


class RepeatedValues(list[Any]):
    """The values of a name that was sent more than once, in order. The field decides whether it takes several."""


class MixedUse(ValueError):
    """A name is sent both with a value and with brackets, or in JSON more than once with a list or an object."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def nest_pairs(pairs: Iterable[tuple[str, Any]], deepest: int) -> dict[str, Any]:
    """Return the lists and objects that the brackets of the names describe, to one level beyond the `deepest`.

    A name that does not fit the pattern is a plain name. Raises MixedUse.
    """
    read: Branch = {}
    for name, value in pairs:
        try:
            set_value(read, parse_path(name, deepest + 2), value)
        except MixedUse:
            raise MixedUse(name.partition("[")[0] or name) from None
    return {name: to_lists(value) for name, value in read.items()}


def parse_path(name: str, longest: int) -> list[str]:
    """`custom_fields[0][id]` is ["custom_fields", "0", "id"]."""
    match = NAME.fullmatch(name)
    if match is None:
        return [name]
    return [match[1], *(key[1] for key, _ in zip(KEY.finditer(match[2]), range(longest - 1), strict=False))]


def set_value(branch: Branch, path: list[str], value: Any) -> None:
    """Keep the value at the end of its path."""
    for key, following in pairwise(path):
        key = resolve_key(branch, key, following)
        branch = branch.setdefault(key, {})
        if not isinstance(branch, dict):
            raise MixedUse(key)
    add_value(branch, resolve_key(branch, path[-1], ""), value)


def add_value(read: Branch, name: str, value: Any) -> None:
    """Keep the value beside those of the same name; the same value again adds nothing. Raises MixedUse."""
    if name not in read or read[name] == value:
        read.setdefault(name, value)
    elif isinstance(read[name], RepeatedValues):
        read[name].append(value)
    elif isinstance(read[name], dict | list) or isinstance(value, dict | list):
        raise MixedUse(name)
    else:
        read[name] = RepeatedValues([read[name], value])


def resolve_key(branch: Branch, key: str, following: str) -> str:
    """The key; `[]` is the next number, or the last one while that lacks what follows: `[][id]=1&[][value]=v`."""
    if key:
        return key
    newest = branch.get(str(len(branch) - 1))
    is_open = bool(following) and isinstance(newest, dict) and following not in newest
    return str(len(branch) - is_open)


def to_lists(value: Any) -> Any:
    """Branches of numbers as lists in their order, all others as objects."""
    if not isinstance(value, dict):
        return value
    if all(NUMBER.fullmatch(key) for key in value):
        return [to_lists(value[key]) for key in sorted(value, key=int)]
    return {key: to_lists(part) for key, part in value.items()}


def build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object in which a repeated name holds all of its values. Raises MixedUse."""
    read = dict(pairs)
    if len(read) == len(pairs):
        return read
    merged: Branch = {}
    for name, value in pairs:
        add_value(merged, name, value)
    return merged
