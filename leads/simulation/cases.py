"""The leads to simulate."""

from dataclasses import dataclass
from typing import Any

from leads.models import Lead
from leads.simulation.simulator import SimulatedLead


@dataclass(frozen=True, slots=True)
class SimulationCase:
    """One lead to simulate: its fields, or an existing lead."""

    simulated_lead: SimulatedLead
    fields: dict[str, Any]
    line: int | None = None
    lead: Lead | None = None


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A CSV line that cannot be read, and why."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class InputWarning:
    """A part of the input that is ignored."""

    code: str
    message: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SimulationInput:
    """The leads to simulate, the lines that cannot be read, and the columns that are ignored."""

    cases: list[SimulationCase]
    invalid_rows: list[InvalidRow]
    warnings: list[InputWarning]
