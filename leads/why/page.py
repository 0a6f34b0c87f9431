"""Why a lead went where it went, as people read it: names for ids, their own clock. Pure: the API's answer in."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from leads import timeline, unmet
from leads.report.page import NOTHING, Table
from teams.zones import on_the_wall, short_moment, wall_time

Row = Mapping[str, Any]
Names = Mapping[tuple[str, int], str]  # by what it is, as in the reasons, and its id

NAMED: Final = re.compile(r"\b(user|team|lead source|route) ([0-9]{1,18})\b", re.IGNORECASE)
IN_TABLES: Final = (timeline.RULE_TRIED, timeline.PASSED_OVER)
# How a kind of entry looks: what was said to whom is quieter than what decides, and what failed is not overlooked.
LOOKS: Final = {
    "Claimed": "good",
    "Contacted": "good",
    "Given": "good",
    "Alert queued": "quiet",
    "Alert sent": "quiet",
    "Alert delivered": "quiet",
    "Alert cancelled": "quiet",
    "Offer planned": "quiet",
    "Alert failed": "bad",
    "Alert in doubt": "bad",
    "Alarm": "bad",
    "Nobody": "bad",
    "Expired": "bad",
    "Taken back": "bad",
}


@dataclass(frozen=True)
class Sheet(Table):
    """A table that a narrow screen shows row by row, each cell with its column's name, and none that are empty."""

    nothing = NOTHING

    @property
    def labelled(self) -> Sequence[Sequence[tuple[str, str | int]]]:
        return [list(zip(self.head, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Line:
    """Something that happened, as a line of the timeline."""

    clock: str
    at: str  # for machines
    kind: str
    says: str
    look: str = ""


@dataclass(frozen=True)
class Page:
    decision: str
    rules: Sheet
    passed_over: Sheet
    rotation: Sheet
    days: Sequence[tuple[str, Sequence[Line]]]


def page_of(trace: Row, names: Names, zone: ZoneInfo) -> Page:
    """All that the page shows of a trace."""
    entries = trace["timeline"]
    lines = [entry for entry in entries if entry["kind"] not in IN_TABLES]
    return Page(
        decision=in_words(str(trace["decision"].get("reason") or ""), names, zone),
        rules=rules(trace["decision"], names),
        passed_over=passed_over(entries, names, zone),
        rotation=rotation(entries, names, zone),
        days=[
            (day, [line(entry, names, zone) for entry in of_day])
            for day, of_day in groupby(lines, key=lambda entry: day_of(entry["at"], zone))
        ],
    )


# Tables


def rules(decision: Row, names: Names) -> Sheet:
    """Every route that was tried, in order, and at last the owner, who takes what none of them matches."""
    tried: Sequence[Row] = decision.get("tried") or ()
    is_caught = any(attempt["matched"] for attempt in tried)
    rows = [rule(attempt, names) for attempt in tried]
    last = "Not needed" if is_caught else "\N{CHECK MARK} Yes"
    rows.append(["No rule matches: its owner", last, NOTHING, NOTHING, NOTHING])
    return Sheet(["Rule", "Matches", "Failed at", "Asks for", "The lead has"], rows)


def rule(attempt: Row, names: Names) -> list[str]:
    route_id = attempt["route_id"]
    name = ": ".join(filter(None, (f"Rule {route_id}", names.get(("route", route_id)))))
    if attempt["matched"]:
        return [name, "\N{CHECK MARK} Yes", NOTHING, NOTHING, NOTHING]
    what, asked, has = unmet.label(attempt), unmet.wanted(attempt), unmet.found(attempt)
    return [name, "\N{MULTIPLICATION X} No", what, with_names(asked, names), with_names(has, names)]


def passed_over(entries: Iterable[Row], names: Names, zone: ZoneInfo) -> Sheet:
    rows = [
        [
            names.get(("user", entry["user_id"]), f"user {entry['user_id']}"),
            names.get(("team", entry["team_id"]), NOTHING),
            in_words(why(entry), names, zone),
            short_moment(entry["at"], zone),
        ]
        for entry in entries
        if entry["kind"] == timeline.PASSED_OVER
    ]
    return Sheet(["Member", "Team", "Why", "When"], rows)


def why(entry: Row) -> str:
    """What comes after `User 5 is passed over: `."""
    return str(entry["reason"]).partition(": ")[2].removesuffix(".")


def rotation(entries: Iterable[Row], names: Names, zone: ZoneInfo) -> Sheet:
    """Where the pointer of the round robin was and went, turn by turn, with what each was owed: the highest is next."""
    rows = [
        [
            short_moment(entry["at"], zone),
            pointer(entry["details"].get("pointer_before"), names),
            pointer(entry["details"].get("pointer_after"), names),
            ", ".join(place(each, names) for each in entry["details"].get("places") or ()),
        ]
        for entry in entries
        if entry["kind"] == timeline.ROUND_ROBIN
    ]
    return Sheet(["When", "Pointer before", "Pointer after", "Weights"], rows)


def pointer(user_id: int | None, names: Names) -> str:
    return NOTHING if user_id is None else names.get(("user", user_id), f"user {user_id}")


def place(each: Row, names: Names) -> str:
    return f"{pointer(each['user_id'], names)} {each['weight']}"


# The timeline


def line(entry: Row, names: Names, zone: ZoneInfo) -> Line:
    kind = str(entry["kind"])
    return Line(
        clock=f"{at_the_wall(entry['at'], zone):%H:%M:%S}",
        at=entry["at"],
        kind=kind,
        says=in_words(entry["reason"], names, zone),
        look=LOOKS.get(kind, ""),
    )


# Words


def in_words(text: str, names: Names, zone: ZoneInfo) -> str:
    """A reason with names for ids, and moments on the reader's clock."""
    return on_the_wall(with_names(text, names), zone)


def with_names(text: str, names: Names) -> str:
    def named(found: re.Match[str]) -> str:
        what, number = found[1].lower(), int(found[2])
        name = names.get((what, number))
        if what == "route":  # the API's word
            rule = f"{'Rule' if found[1].istitle() else 'rule'} {number}"
            return f"{rule} \N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}" if name else rule
        if name is None:
            return found[0]
        return f"{found[1]} {name}" if what == "team" else name

    return NAMED.sub(named, text)


def ids_in(trace: Row) -> dict[str, set[int]]:
    """Every id that the page may need a name for, by what it is of."""
    found: dict[str, set[int]] = {"user": set(), "team": set(), "lead source": set(), "route": set()}
    attempts: Sequence[Row] = trace["decision"].get("tried") or ()
    texts = [entry["reason"] for entry in trace["timeline"]]
    texts += [text for attempt in attempts for text in (unmet.wanted(attempt), unmet.found(attempt))]
    for what, number in NAMED.findall(" ".join(map(str, texts))):
        found[what.lower()].add(int(number))
    found["route"] |= {attempt["route_id"] for attempt in attempts}
    for entry in trace["timeline"]:
        places = entry["details"].get("places") or ()
        found["user"] |= {entry["user_id"], *(each["user_id"] for each in places)} - {None}
        found["team"] |= {entry["team_id"]} - {None}
    return found


def at_the_wall(at: str, zone: ZoneInfo) -> datetime:
    return wall_time(datetime.fromisoformat(at), zone)


def day_of(at: str, zone: ZoneInfo) -> str:
    day = at_the_wall(at, zone)
    return f"{day:%A, %B} {day.day}, {day.year}"
