"""The leads to simulate."""

from dataclasses import dataclass
from typing import Any

from leads.models import Lead
from leads.simulation.simulator import SimulatedLead


@dataclass(frozen=True, slots=True)
class SimulationCase:
    """One lead of a rehearsal: what was given of it, or the lead that really came in."""

    newcomer: SimulatedLead
    given: dict[str, Any]
    line: int | None = None
    lead: Lead | None = None


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A line of a table that tells of no lead, and why."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class InputWarning:
    """What was sent, but is not used."""

    code: str
    message: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SimulationInput:
    """All of them, what of a table could not be read, and which of its columns are not used."""

    cases: list[SimulationCase]
    bad_rows: list[InvalidRow]
    warnings: list[InputWarning]
