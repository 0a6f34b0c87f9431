"""The results for people and for programs."""

import json
import os
import platform
from datetime import UTC, datetime
from typing import Any

from benchmarks.measure import Result

HEAD = ("workload", "unit", "product", "reference", "ratio", "CPU ms", "reference", "x", "goal", "met")


def as_table(results: list[Result]) -> str:
    """One line a result, in columns; figures to the right."""
    rows = [HEAD, *(cells(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n" + "\n".join(laid_out(row, widths) for row in rows)


def laid_out(row: tuple[str, ...], widths: list[int]) -> str:
    words = zip(row, widths, range(len(row)), strict=True)
    return "  ".join(word.ljust(width) if column < 2 else word.rjust(width) for word, width, column in words).rstrip()


def cells(result: Result) -> tuple[str, ...]:
    ours, theirs = result.cpu
    return (
        result.line.name,
        result.line.unit,
        short(result.figure),
        short(result.reference_figure),
        short(result.ratio),
        short(ours),
        short(theirs),
        short(ours / theirs if ours and theirs else None),
        str(result.line.goal or ""),
        {True: "yes", False: "NO", None: ""}[result.met],
    )


def short(figure: float | None) -> str:
    """Three digits that count."""
    if figure is None:
        return ""
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def as_json(results: list[Result], postgres: dict[str, str], quick: bool) -> str:
    """All of it, with every round."""
    content = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "postgres": postgres,
        "quick": quick,
        "results": [as_record(result) for result in results],
    }
    return json.dumps(content, indent=2) + "\n"


def as_record(result: Result) -> dict[str, Any]:
    goal = result.line.goal
    ours, theirs = result.cpu
    return {
        "workload": result.line.name,
        "unit": result.line.unit,
        "product": result.figure,
        "reference": result.reference_figure,
        "ratio": result.ratio,
        "product_cpu_ms": ours,
        "reference_cpu_ms": theirs,
        "goal": str(goal) if goal else None,
        "met": result.met,
        "rounds": {
            "product": [sample.figure for sample in result.product],
            "reference": [sample.figure for sample in result.reference],
        },
    }
