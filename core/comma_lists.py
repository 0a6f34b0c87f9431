"""Lists in one text: values separated by commas, a value that holds a comma in double quotes, as in CSV. Pure."""

import re
from collections.abc import Iterable
from typing import Final

# A quoted value, or all up to the next comma. Nothing is tried twice: each alternative is possessive.
VALUE: Final = re.compile(r'\s*+"(?P<quoted>(?:[^"]++|"")*+)"\s*+(?=,|\Z)|(?P<plain>[^,]++)')


def split_list(text: str) -> list[str]:
    """Return the values of a list, trimmed, without those that are empty. A quote that is not closed is a character."""
    found = (match["plain"] or (match["quoted"] or "").replace('""', '"') for match in VALUE.finditer(text))
    return [value for each in found if (value := each.strip())]


def join_list(values: Iterable[str]) -> str:
    """Return the text from which `split_list` reads these values."""
    return ",".join(quoted(value) for value in values)


def quoted(value: str) -> str:
    """Return a value as it is written in a list: in quotes if it contains a comma or begins with a quote."""
    doubled = value.replace('"', '""')
    return f'"{doubled}"' if "," in value or value.lstrip().startswith('"') else value


def has_open_quote(text: str) -> bool:
    """Whether a value begins with a double quote that does not close before the next comma or the end."""
    return any((match["plain"] or "").lstrip().startswith('"') for match in VALUE.finditer(text))
