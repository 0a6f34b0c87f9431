"""A table of leads as text: CSV whose first line names the columns. Pure."""

import csv
from collections.abc import Collection, Iterator
from io import StringIO


class Unreadable(ValueError):
    """What is wrong with the text as a whole, as a predicate."""


def read_table(text: str, columns: Collection[str], most: int) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Each row under the line it begins on: its values by column, or what is wrong with it.

    A column of another name is passed over, and so is a row without values.
    """
    lines = rows_of(text)
    names = [cell.strip().lower() for cell in next(lines, (0, []))[1]]
    if not set(names) & set(columns):
        raise Unreadable(f"must begin with a line that names columns: some of {', '.join(columns)}.")
    if twice := next((name for name in names if name in columns and names.count(name) > 1), ""):
        raise Unreadable(f"names the column {twice} twice.")
    for number, (line, cells) in enumerate(lines, 1):
        if number > most:
            raise Unreadable(f"may have at most {most} rows.")
        if len(cells) > len(names):
            yield line, f"has {len(cells)} values, but the first line names {len(names)} columns."
        else:
            yield line, {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name in columns}


def rows_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, each with the line it begins on."""
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(f"cannot be read in line {line}: {error}.") from None
