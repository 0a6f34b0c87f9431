"""The routing trace as a page: names for ids, times in the reader's zone. Pure: takes the answer of the API."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.reasons import Names, RecordCollector, reason_text, stored_reason
from leads.formatting import EMPTY_CELL, ResponsiveTable
from leads.history import timeline_event
from leads.routing import mismatch_text
from teams.display_names import ReaderNames, RecordNames
from teams.timezones import format_local_time, to_local

Row = Mapping[str, Any]

IN_TABLES: Final = (timeline_event.RULE_TRIED, timeline_event.SKIPPED)
# Styles by kind of entry: messages are quieter than decisions, and failures stand out.
STYLES: Final = {
    "Claimed": "good",
    "Contacted": "good",
    "Assigned": "good",
    "Alert queued": "quiet",
    "Alert sent": "quiet",
    "Alert delivered": "quiet",
    "Alert cancelled": "quiet",
    "Offer planned": "quiet",
    "Alert failed": "bad",
    "Alert unconfirmed": "bad",
    "Alarm": "bad",
    "No member": "bad",
    "Expired": "bad",
    "Taken back": "bad",
}


@dataclass(frozen=True)
class TimelineLine:
    """One event, as a line of the timeline."""

    clock: str
    at: str  # for machines
    kind: str
    text: str
    style: str = ""


@dataclass(frozen=True)
class TracePage:
    decision: str
    rules: ResponsiveTable
    skipped: ResponsiveTable
    rotation: ResponsiveTable
    days: Sequence[tuple[str, Sequence[TimelineLine]]]


def build_trace_page(trace: Row, record_names: RecordNames, zone: ZoneInfo) -> TracePage:
    """Return the content of the page."""
    names = ReaderNames(record_names, zone)
    entries = trace["timeline"]
    lines = [entry for entry in entries if entry["kind"] not in IN_TABLES]
    return TracePage(
        decision=reason_text(*stored_reason(trace["decision"]), names),
        rules=route_table(trace["decision"], names),
        skipped=skipped_table(entries, names),
        rotation=rotation_table(entries, names, zone),
        days=[
            (day, [timeline_line(entry, names, zone) for entry in of_day])
            for day, of_day in groupby(lines, key=lambda entry: day_of(entry["at"], zone))
        ],
    )


# Tables


def route_table(decision: Row, names: ReaderNames) -> ResponsiveTable:
    """Return the evaluated routes in order, then the owner, who gets leads that match no route."""
    tried: Sequence[Row] = decision.get("tried") or ()
    is_caught = any(attempt["matched"] for attempt in tried)
    rows = [route_row(attempt, names) for attempt in tried]
    last = "Not needed" if is_caught else "\N{CHECK MARK} Yes"
    rows.append(["No rule matches: assigned to the owner", last, EMPTY_CELL, EMPTY_CELL, EMPTY_CELL])
    return ResponsiveTable(["Rule", "Matches", "Condition", "Required", "Lead"], rows)


def route_row(attempt: Row, names: ReaderNames) -> list[str]:
    route_id = attempt["route_id"]
    name = ": ".join(filter(None, (f"Rule {route_id}", names.names.get(("route", route_id)))))
    if attempt["matched"]:
        return [name, "\N{CHECK MARK} Yes", EMPTY_CELL, EMPTY_CELL, EMPTY_CELL]
    label, expected, actual = (
        mismatch_text.condition_label(attempt),
        mismatch_text.expected_text(attempt, names),
        mismatch_text.actual_text(attempt, names),
    )
    return [name, "\N{MULTIPLICATION X} No", label, expected, actual]


def skipped_table(entries: Iterable[Row], names: ReaderNames) -> ResponsiveTable:
    rows = [
        [
            names.record("user", entry["user_id"]),
            names.names.get(("team", entry["team_id"]), EMPTY_CELL),
            reason_text(*stored_reason(entry["details"].get("because") or {}), names),
            format_local_time(entry["at"], names.zone),
        ]
        for entry in entries
        if entry["kind"] == timeline_event.SKIPPED
    ]
    return ResponsiveTable(["Member", "Team", "Why", "When"], rows)


def rotation_table(entries: Iterable[Row], names: Names, zone: ZoneInfo) -> ResponsiveTable:
    """Return the round-robin turns: the member before, the member after, and the weights."""
    rows = [
        [
            format_local_time(entry["at"], zone),
            member_text(entry["details"].get("pointer_before"), names),
            member_text(entry["details"].get("pointer_after"), names),
            ", ".join(weight_text(each, names) for each in entry["details"].get("places") or ()),
        ]
        for entry in entries
        if entry["kind"] == timeline_event.ROUND_ROBIN
    ]
    return ResponsiveTable(["When", "Turn before", "Turn after", "Weights"], rows)


def member_text(user_id: int | None, names: Names) -> str:
    return EMPTY_CELL if user_id is None else names.record("user", user_id)


def weight_text(each: Row, names: Names) -> str:
    return f"{member_text(each['user_id'], names)} {each['weight']}"


# The timeline


def timeline_line(entry: Row, names: Names, zone: ZoneInfo) -> TimelineLine:
    kind = str(entry["kind"])
    return TimelineLine(
        clock=f"{local_time(entry['at'], zone):%H:%M:%S}",
        at=entry["at"],
        kind=kind,
        text=timeline_event.event_text(entry, names),
        style=STYLES.get(kind, ""),
    )


# Names


def collect_ids(trace: Row) -> dict[str, set[int]]:
    """Return the ids that need a name, by kind."""
    collector = RecordCollector()
    attempts: Sequence[Row] = trace["decision"].get("tried") or ()
    reason_text(*stored_reason(trace["decision"]), collector)
    for attempt in attempts:
        collector.record("route", attempt["route_id"])
        mismatch_text.mismatch_text(attempt, collector)
    for entry in trace["timeline"]:
        timeline_event.event_text(entry, collector)
        references = (("user", entry["user_id"]), ("team", entry["team_id"]))
        slots = entry["details"].get("places") or ()
        for kind, pk in (*references, *(("user", slot["user_id"]) for slot in slots)):
            if pk is not None:
                collector.record(kind, pk)
    return collector.ids


def local_time(at: str, zone: ZoneInfo) -> datetime:
    return to_local(datetime.fromisoformat(at), zone)


def day_of(at: str, zone: ZoneInfo) -> str:
    day = local_time(at, zone)
    return f"{day:%A, %B} {day.day}, {day.year}"
