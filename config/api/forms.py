"""Forms told as JSON tells: `custom_fields[0][id]=1` is a list of objects, as PHP and jQuery write one. Pure."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from config.api.grammar import KEY, NAME

NUMBER = re.compile("[0-9]{1,9}")

Branch = dict[str, Any]  # of texts and further branches; a list is one of numbers, until all is read


def nested(pairs: Iterable[tuple[str, str]], deepest: int) -> dict[str, Any]:
    """The lists and objects that the names' brackets tell of, to one level beyond the `deepest`.

    What is no such name stands as it is. Of two values of one name the last counts.
    """
    read: Branch = {}
    for name, value in pairs:
        put(read, path_of(name)[: deepest + 2], value)
    return {name: told(value) for name, value in read.items()}


def path_of(name: str) -> list[str]:
    """`custom_fields[0][id]` is ["custom_fields", "0", "id"]."""
    match = NAME.fullmatch(name)
    return [match[1], *KEY.findall(match[2])] if match else [name]


def put(branch: Branch, path: list[str], value: str) -> None:
    """Keep the value at the end of its path."""
    for key, following in pairwise(path):
        key = key_in(branch, key, following)
        if not isinstance(branch.get(key), dict):
            branch[key] = {}
        branch = branch[key]
    branch[key_in(branch, path[-1], "")] = value


def key_in(branch: Branch, key: str, following: str) -> str:
    """The key; `[]` is the next number, or the last one as long as that lacks what follows: `[][id]=1&[][value]=v`."""
    if key:
        return key
    newest = branch.get(str(len(branch) - 1))
    is_open = bool(following) and isinstance(newest, dict) and following not in newest
    return str(len(branch) - is_open)


def told(value: Any) -> Any:
    """Branches of numbers as lists in their order, all others as objects."""
    if not isinstance(value, dict):
        return value
    if all(NUMBER.fullmatch(key) for key in value):
        return [told(value[key]) for key in sorted(value, key=int)]
    return {key: told(part) for key, part in value.items()}
