"""A table of leads as text: CSV whose first line names the columns. Pure."""

import csv
from collections.abc import Collection, Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Final

SEPARATORS: Final = (",", ";", "\t")  # spreadsheets write semicolons where the comma stands in numbers


class Unreadable(ValueError):
    """What is wrong with the text as a whole, as a predicate."""


def read_table(text: str, columns: Collection[str], most: int) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Each row under the line it begins on: its values by column, or what is wrong with it.

    A column of another name is passed over, and so is a row without values.
    """
    lines = list(StringIO(text.removeprefix("\ufeff"), newline=""))
    separator = max(SEPARATORS, key=lambda one: len(set(names_in(lines, one)) & set(columns)))
    names = names_in(lines, separator)
    if not set(names) & set(columns):
        known = ", ".join(columns)
        raise Unreadable(f"must begin with a line that names columns, parted by commas: some of {known}.")
    if twice := next((name for name in names if name in columns and names.count(name) > 1), ""):
        raise Unreadable(f"names the column {twice} twice.")
    number = 0
    for number, (line, cells) in enumerate(islice(rows_of(lines, separator), 1, None), 1):
        if number > most:
            raise Unreadable(f"may have at most {most} rows.")
        if isinstance(cells, str):
            yield line, cells
        elif len(cells) > len(names):
            yield line, f"has {len(cells)} values, but the first line names {len(names)} columns."
        else:
            yield line, {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name in columns}
    if not number:
        raise Unreadable("has no lead beneath the line that names columns.")


def names_in(lines: Sequence[str], separator: str) -> list[str]:
    """The columns that the first row names."""
    _, cells = next(rows_of(lines, separator), (0, []))
    return [] if isinstance(cells, str) else [cell.strip().lower() for cell in cells]


def rows_of(lines: Sequence[str], separator: str) -> Iterator[tuple[int, list[str] | str]]:
    """Rows that hold something, each with the line it begins on; of one that cannot be read, what is wrong with it.

    Behind such a row reading goes on with the next line, whatever a quotation mark may have swallowed.
    """
    begin = 0
    while begin < len(lines):
        start, reader = begin, csv.reader(islice(lines, begin, None), delimiter=separator, strict=True)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield begin + 1, cells
                begin = start + reader.line_num
        except csv.Error as error:
            yield begin + 1, f"cannot be read: {error}. Is a quotation mark left open?"
            begin += 1
