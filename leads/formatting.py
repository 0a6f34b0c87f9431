"""Text for people: durations, counts, shares, tables. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

EMPTY_CELL: Final = "\N{EN DASH}"
MAX_FACT_LENGTH: Final = 40  # characters of one fact in a text: several facts still fit into two segments
UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class Table:
    """A table. The first cell of a row is its header."""

    head: Sequence[str]
    rows: Sequence[Sequence[str | int]]


@dataclass(frozen=True)
class ResponsiveTable(Table):
    """A table that narrow screens show row by row, with the column name beside each cell, without empty cells."""

    nothing = EMPTY_CELL

    @property
    def labelled(self) -> Sequence[Sequence[tuple[str, str | int]]]:
        return [list(zip(self.head, row, strict=True)) for row in self.rows]


def pluralize(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def format_share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else EMPTY_CELL


def format_duration(seconds: float | None) -> str:
    """Return a duration in its two largest units: `3 min 5 s`."""
    if seconds is None:
        return EMPTY_CELL
    if 0 < seconds < 1:
        return "under 1 s"
    seconds_left, parts = round(seconds), []
    for size, unit in UNITS:
        if seconds_left >= size:
            parts.append(f"{seconds_left // size} {unit}")
            seconds_left %= size
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def truncate(text: str) -> str:
    """Return the text on one line, shortened to MAX_FACT_LENGTH."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_FACT_LENGTH else f"{line[: MAX_FACT_LENGTH - 3]}..."
