"""A table of leads as CSV. The first line names the columns. Pure."""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import Final

SEPARATORS: Final = (",", ";", "\t")  # spreadsheets write semicolons if the decimal separator is a comma
MAX_COLUMNS: Final = 200
MAX_NAME_LENGTH: Final = 100  # of a column's name in messages
IGNORED_CHARACTERS: Final = re.compile("[\\s_\\-\ufeff\u200b]+")  # in a column's name: `Source ID` is source_id


class UnreadableCsv(ValueError):
    """The text is not a table. The message is a predicate."""


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The rows with their line numbers: values by column, or an error."""

    rows: Iterator[tuple[int, dict[str, str] | str]]
    unused: list[str]  # names of unknown columns, as they are written


def read_table(text: str, columns: Collection[str], max_rows: int) -> CsvTable:
    """Parse a table. Column names may differ in case, order, blanks, hyphens and underscores.

    Empty rows are skipped. Raises UnreadableCsv, also while the rows are iterated.
    """
    lines = list(StringIO(text.removeprefix("\ufeff"), newline=""))
    known = {column_key(column): column for column in columns}
    separator = max(
        SEPARATORS, key=lambda each: len({column_key(name) for name in column_names(lines, each)} & known.keys())
    )
    headers = column_names(lines, separator)
    if len(headers) > MAX_COLUMNS:
        raise UnreadableCsv(f"may have at most {MAX_COLUMNS} columns.")
    names = [known.get(column_key(name), "") for name in headers]
    if not any(names):
        raise UnreadableCsv(f"must begin with a line of column names, some of {', '.join(columns)}.")
    for name in columns:
        if names.count(name) > 1:
            duplicates = " and ".join(each for each, field in zip(headers, names, strict=True) if field == name)
            raise UnreadableCsv(f"names the column {name} more than once: {duplicates}.")
    unused = [each[:MAX_NAME_LENGTH] for each, field in zip(headers, names, strict=True) if each and not field]
    return CsvTable(rows_by_column(parse_rows(lines, separator), names, max_rows), list(dict.fromkeys(unused)))


def rows_by_column(
    rows: Iterator[tuple[int, list[str] | str]], names: Sequence[str], max_rows: int
) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Yield the rows below the first one, as values by column."""
    number = 0
    for number, (line, cells) in enumerate(islice(rows, 1, None), 1):
        if number > max_rows:
            raise UnreadableCsv(f"may have at most {max_rows} rows.")
        if isinstance(cells, str):
            yield line, cells
        elif len(cells) > len(names):
            yield line, f"has {len(cells)} values, but the first line has {len(names)} columns."
        else:
            yield line, {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
    if not number:
        raise UnreadableCsv("has no rows below the column names.")


def column_names(lines: Sequence[str], separator: str) -> list[str]:
    """Return the column names in the first row."""
    _, cells = next(parse_rows(lines, separator), (0, []))
    return [] if isinstance(cells, str) else [cell.strip("\ufeff\u200b \t\r\n\xa0") for cell in cells]


def column_key(name: str) -> str:
    """Return a column's name in its compared form."""
    return IGNORED_CHARACTERS.sub("", name).casefold()


def parse_rows(lines: Sequence[str], separator: str) -> Iterator[tuple[int, list[str] | str]]:
    """Return the rows that are not empty, each with its first line; for an unreadable row, its error.

    After such a row, reading continues with the next line, so that a stray quotation mark costs one row only.
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
