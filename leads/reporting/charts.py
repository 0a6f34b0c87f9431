"""Computes the bars of charts. Pure: takes numbers and labels, returns SVG coordinates.

Charts are as wide as a phone, so that labels are readable there; on a wide screen they grow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final

WIDTH: Final = 360
LINE_HEIGHT: Final = 14  # height of a line of text
BAR_HEIGHT: Final = 11
VALUE_WIDTH: Final = 44  # width of the number beside a bar
COLUMN_HEIGHT: Final = 150  # height of the highest column
AXIS_WIDTH: Final = 24  # width of the labels of the axis
LETTER_WIDTH: Final = 5.25  # approximate width of a letter
MAX_TICKS: Final = 4


@dataclass(frozen=True)
class Part:
    """The length of a bar or of a part of a column. `kind` is its color."""

    kind: str
    value: float


@dataclass(frozen=True)
class Group:
    """The bars under one label: side by side, or stacked in one column."""

    name: str
    parts: Sequence[Part]
    tooltip: str = ""


@dataclass(frozen=True)
class Bar:
    kind: str
    x: float
    y: float
    width: float
    height: float
    tooltip: str


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True)
class Plot:
    """What to draw; `grid_lines` are the heights of horizontal lines from `grid_lines_from`."""

    height: float
    bars: list[Bar] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    grid_lines: list[float] = field(default_factory=list)
    grid_lines_from: int = AXIS_WIDTH
    width: int = WIDTH


def horizontal_bars(groups: Sequence[Group]) -> Plot:
    """Return bars from left to right, under the name of their group, each with its number at the end."""
    longest = max((part.value for group in groups for part in group.parts), default=0)
    bars, labels, y = [], [], 0.0
    for group in groups:
        y += LINE_HEIGHT
        labels.append(Label(0, y - 3, group.name))
        for part in group.parts:
            length = scale(part.value, longest, WIDTH - VALUE_WIDTH)
            bars.append(Bar(part.kind, 0, y, length, BAR_HEIGHT, group.tooltip))
            labels.append(Label(length + 5 if length else 0, y + BAR_HEIGHT - 2, f"{part.value:g}"))
            y += BAR_HEIGHT + 2
        y += BAR_HEIGHT / 2
    return Plot(y, bars, labels)


def vertical_bars(groups: Sequence[Group]) -> Plot:
    """Return stacked columns with an axis, above their names."""
    ticks = axis_ticks(ceil(max((sum(part.value for part in group.parts) for group in groups), default=0)))
    step = (WIDTH - AXIS_WIDTH) / max(1, len(groups))
    bars = [
        bar for at, group in enumerate(groups) for bar in stacked_column(group, AXIS_WIDTH + at * step, step, ticks[-1])
    ]
    heights = [LINE_HEIGHT + COLUMN_HEIGHT - scale(tick, ticks[-1], COLUMN_HEIGHT) for tick in ticks]
    labels = [Label(AXIS_WIDTH - 5, height + 4, str(tick), "end") for tick, height in zip(ticks, heights, strict=True)]
    names = [
        Label(round(AXIS_WIDTH + (at + 0.5) * step, 1), 2 * LINE_HEIGHT + COLUMN_HEIGHT, groups[at].name, "middle")
        for at in labeled_columns([group.name for group in groups], step)
    ]
    return Plot(COLUMN_HEIGHT + 2 * LINE_HEIGHT + LINE_HEIGHT / 2, bars, labels + names, heights)


def stacked_column(group: Group, x: float, step: float, most: int) -> Iterator[Bar]:
    """Yield the parts of one column, from the bottom."""
    y, gap = float(LINE_HEIGHT + COLUMN_HEIGHT), min(4.0, step / 5)
    for part in group.parts:
        height = scale(part.value, most, COLUMN_HEIGHT)
        y -= height
        if part.value:
            yield Bar(part.kind, round(x + gap / 2, 1), round(y, 1), round(step - gap, 1), height, group.tooltip)


def scale(value: float, most: float, room: float) -> float:
    """Return a length in proportion; at least 1 for a value above 0, so that it is visible."""
    return max(1.0, round(value / most * room, 1)) if value else 0.0


def axis_ticks(most: int) -> list[int]:
    """Return round numbers from 0 to the first one that is not less than `most`."""
    step = next(step for step in tick_steps() if step * MAX_TICKS >= most)
    return [step * number for number in range(max(1, ceil(most / step)) + 1)]


def tick_steps() -> Iterator[int]:
    """Yield 1, 2, 5, 10, 20, 50 and so on."""
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


def labeled_columns(names: Sequence[str], step: float) -> list[int]:
    """Return which columns have a label, evenly, so that labels neither overlap nor leave the chart."""
    longest = max((len(name) for name in names), default=0) * LETTER_WIDTH
    every = 1 if longest + LETTER_WIDTH <= step else ceil((longest + 2 * LETTER_WIDTH) / step)
    places = range(every // 2, len(names), every)
    return [at for at in places if every == 1 or (at + 0.5) * step + longest / 2 <= len(names) * step]
