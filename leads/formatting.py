"""Text for people: durations, counts, shares, tables. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NOTHING: Final = "\N{EN DASH}"
LONGEST: Final = 40  # characters of one fact in a text: several facts still fit into two segments
UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class Table:
    """The first cell of a row is its head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str | int]]


@dataclass(frozen=True)
class Sheet(Table):
    """A table that a narrow screen shows row by row, each cell with its column's name, and none that are empty."""

    nothing = NOTHING

    @property
    def labelled(self) -> Sequence[Sequence[tuple[str, str | int]]]:
        return [list(zip(self.head, row, strict=True)) for row in self.rows]


def many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else NOTHING


def in_words(seconds: float | None) -> str:
    """A duration by its two largest units: 3 min 5 s."""
    if seconds is None:
        return NOTHING
    if 0 < seconds < 1:
        return "under 1 s"
    left, words = round(seconds), []
    for size, unit in UNITS:
        if left >= size:
            words.append(f"{left // size} {unit}")
            left %= size
        elif words:
            break
    return " ".join(words[:2]) or "0 s"


def short(text: str) -> str:
    """On one line, and not too long for a text."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
