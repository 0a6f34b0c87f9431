"""Measurement, comparison of two sides, and goals. Pure except for the callables it is given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Sample:
    """One measurement of one side."""

    figure: float  # in the unit of the line
    cpu_ms: float | None = None  # of the processes measured, per operation


@dataclass(frozen=True)
class Goal:
    """A goal: for the product's own figure, or for its ratio to the reference."""

    bound: float
    of_ratio: bool = False
    at_most: bool = False

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.bound:,g}{' of it' if self.of_ratio else ''}"

    def is_met_by(self, figure: float) -> bool:
        return figure <= self.bound if self.at_most else figure >= self.bound


def at_least(bound: float) -> Goal:
    return Goal(bound)


def at_most(bound: float) -> Goal:
    return Goal(bound, at_most=True)


def at_least_of_reference(share: float) -> Goal:
    """So many times what the reference does."""
    return Goal(share, of_ratio=True)


@dataclass(frozen=True)
class Line:
    """One line of the table. `product` and `reference` measure once; what they need has been prepared."""

    name: str
    unit: str
    product: Callable[[], Sample]
    reference: Callable[[], Sample] | None = None
    goal: Goal | None = None
    rounds: int = 7


@dataclass
class Result:
    """The samples of a line, and their medians."""

    line: Line
    product: list[Sample] = field(default_factory=list)
    reference: list[Sample] = field(default_factory=list)

    @property
    def figure(self) -> float:
        return median(sample.figure for sample in self.product)

    @property
    def reference_figure(self) -> float | None:
        return median(sample.figure for sample in self.reference) if self.reference else None

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios: the two sides of a round met the same machine."""
        pairs = zip(self.product, self.reference, strict=False)
        ratios = [ours.figure / theirs.figure for ours, theirs in pairs if theirs.figure]
        return median(ratios) if ratios else None

    @property
    def cpu(self) -> tuple[float | None, float | None]:
        """Milliseconds of CPU per operation, of the product and of the reference."""
        return cpu_of(self.product), cpu_of(self.reference)

    @property
    def met(self) -> bool | None:
        """Return whether the goal is met; None without a goal."""
        goal = self.line.goal
        figure = self.ratio if goal and goal.of_ratio else self.figure
        return goal.is_met_by(figure) if goal and figure is not None else None


def cpu_of(samples: list[Sample]) -> float | None:
    told = [sample.cpu_ms for sample in samples if sample.cpu_ms is not None]
    return median(told) if told else None


def measured(line: Line, say: Callable[[str], None]) -> Result:
    """Both sides in turn, round after round."""
    result = Result(line)
    for number in range(line.rounds):
        result.product.append(line.product())
        if line.reference:
            result.reference.append(line.reference())
        say(f"{line.name}: round {number + 1} of {line.rounds}")
    return result
