"""Compare two simulations of the same leads: with the saved routes, and with the changed route.

Pure: takes the API's two answers, returns texts. Leads differ by their first recipients: the members who are alerted
first.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.reasons import RecordCollector, reason_text, stored_reason
from leads.distribution.fallback import POND, TEAM, USER
from leads.formatting import ResponsiveTable
from leads.formatting import format_duration as duration
from leads.routing import mismatch_text
from leads.simulation.simulator import OWNER
from teams.display_names import ReaderNames, RecordNames
from teams.timezones import format_local_time

Row = Mapping[str, Any]

MAX_LEADS_LISTED: Final = 50  # leads that a page lists
CHANNEL_NAMES: Final[Mapping[str, str]] = {"Text": "text", "Email": "email", "Phone": "call"}
NO_CHANGE: Final = "="


@dataclass(frozen=True)
class Destination:
    """The first recipients of a lead: members of a team, a user, or its owner."""

    target: str
    team_id: int | None
    user_ids: Sequence[int] = ()  # in their order; several if they are alerted together


@dataclass(frozen=True)
class PathStep:
    """One step of a simulated lead."""

    clock: str
    text: str
    style: str = ""


@dataclass(frozen=True)
class LeadDiff:
    """One lead with the saved routes and with the changed route."""

    lead: str
    when: str
    now: Sequence[PathStep]
    then: Sequence[PathStep]
    change: str  # what differs; empty when nothing does


@dataclass(frozen=True)
class SimulationDiff:
    summary: str
    shares: ResponsiveTable
    rules: ResponsiveTable
    skipped: ResponsiveTable
    changed: Sequence[LeadDiff]
    same: Sequence[LeadDiff]
    unlisted_count: int  # leads that the page leaves out
    invalid_rows: Sequence[str] = ()  # of a table
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class NameResolver:
    """Display names and time zone of the reader."""

    names: ReaderNames

    def name_of(self, kind: str, number: int | None) -> str:
        return self.names.names.get((kind, number or 0), f"{kind} {number}")

    @property
    def zone(self) -> ZoneInfo:
        return self.names.zone

    def text(self, row: Row) -> str:
        """Return the text of a `code` with `details`."""
        return reason_text(*stored_reason(row), self.names)

    def rule(self, route_id: int) -> str:
        """Return `Rule 12: Zillow, Buyer → Pride`. An unsaved rule has no number."""
        number = f"Rule {route_id}" if route_id > 0 else "New rule"
        return f"{number}: {self.name_of('route', route_id)}"


def compare(now: Row, then: Row, names: RecordNames, zone: ZoneInfo) -> SimulationDiff:
    """Return the texts of the page. `names` contains the descriptions of the routes."""
    reader = NameResolver(ReaderNames(names, zone))
    pairs = list(zip(now["leads"], then["leads"], strict=True))
    changed = [pair for pair in pairs if change(*pair)]
    same = [pair for pair in pairs if not change(*pair)]
    room = max(MAX_LEADS_LISTED - len(changed), 0)
    return SimulationDiff(
        summary=diff_caption(pairs),
        shares=share_table(pairs, reader),
        rules=route_table(now["summary"]["routes"], then["summary"]["routes"], reader),
        skipped=skipped_table(now["leads"], then["leads"], reader),
        changed=[lead_diff(*pair, reader) for pair in changed[-MAX_LEADS_LISTED:]],
        same=[lead_diff(*pair, reader) for pair in same[len(same) - room :]] if room else [],
        unlisted_count=len(pairs) - min(len(changed), MAX_LEADS_LISTED) - min(len(same), room),
        invalid_rows=[f"Line {row['line']}: {row['message']}" for row in then["invalid_rows"]],
        warnings=[warning["message"] for warning in then["warnings"]],
    )


# Differences


def change(now: Row, then: Row) -> str:
    """Return what differs for this lead: its destination, or the order of members."""
    before, after = destination(now), destination(then)
    if before == after:
        return ""
    is_same_team = before.target == after.target == TEAM and before.team_id == after.team_id
    return "another turn" if is_same_team else "elsewhere"


def destination(lead: Row) -> Destination:
    """Return the first recipients; if there are none, where the lead ends."""
    for stop in lead["stops"]:
        if stop["offers"]:
            return Destination(TEAM, stop["team_id"], first_recipients(stop["offers"]))
        if stop["target"] == USER:
            return Destination(USER, None, (stop["user_id"],))
    last = lead["stops"][-1]
    return Destination(last["target"], last["team_id"] if last["target"] == POND else None)


def first_recipients(offers: Sequence[Row]) -> tuple[int, ...]:
    return tuple(sorted(offer["user_id"] for offer in offers if offer["at"] == offers[0]["at"]))


def diff_caption(pairs: Sequence[tuple[Row, Row]]) -> str:
    """Return a summary of one or two sentences."""
    if not pairs:
        return "No leads were received on these days."
    kinds = Counter(change(*pair) for pair in pairs)
    if kinds[""] == len(pairs):
        return f"{lead_count(len(pairs))}: no change from the saved rules."
    parts = [f"{kinds['elsewhere']} would go elsewhere"] if kinds["elsewhere"] else []
    if kinds["another turn"]:
        parts.append(f"{kinds['another turn']} would be offered to another member of the team first")
    return f"{lead_count(len(pairs))}: {', '.join(parts)}, {kinds['']} would not change."


def lead_count(count: int) -> str:
    return "1 lead" if count == 1 else f"{count} leads"


# Tables


def share_table(pairs: Sequence[tuple[Row, Row]], reader: NameResolver) -> ResponsiveTable:
    """Return the number of leads by first recipient. Members who are alerted together all count."""
    now = Counter(destination(before) for before, _ in pairs)
    then = Counter(destination(after) for _, after in pairs)
    rows: list[list[str | int]] = []
    for team_id in sorted({goal.team_id for goal in now | then if goal.target == TEAM and goal.team_id}):
        of_team = [goal for goal in now | then if goal.target == TEAM and goal.team_id == team_id]
        name = f"Team {reader.name_of('team', team_id)}"
        rows.append(share_row(name, sum(now[each] for each in of_team), sum(then[each] for each in of_team)))
        rows += sorted(
            (
                share_row(f"\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}{reader.name_of('user', user_id)}", *counts)
                for user_id in {user_id for each in of_team for user_id in each.user_ids}
                for counts in [[sum(of[each] for each in of_team if user_id in each.user_ids) for of in (now, then)]]
            ),
            key=lambda row: str(row[0]),
        )
    others = [goal for goal in now | then if goal.target != TEAM]
    rows += sorted(
        (share_row(destination_name(each, reader), now[each], then[each]) for each in others),
        key=lambda row: str(row[0]),
    )
    return ResponsiveTable(["First alert", "Saved rules", "With this rule", "Change"], rows)


def share_row(name: str, now: int, then: int) -> list[str | int]:
    return [name, now, then, f"{then - now:+d}" if now != then else NO_CHANGE]


def destination_name(goal: Destination, reader: NameResolver) -> str:
    if goal.target == POND:
        return f"The pond of {reader.name_of('team', goal.team_id)}"
    return "You" if goal.target == OWNER else reader.name_of("user", goal.user_ids[0])


def route_table(now: Sequence[Row], then: Sequence[Row], reader: NameResolver) -> ResponsiveTable:
    """Return the routes in the new order, with the number of leads of each."""
    before = {share["route_id"]: share["leads"] for share in now}
    rows: list[list[str | int]] = [
        [
            reader.rule(share["route_id"]),
            before.get(share["route_id"], "not saved"),
            share["leads"] or "0, does not match",
        ]
        for share in then
    ]
    return ResponsiveTable(["Rule (new order)", "Saved rules", "With this rule"], rows)


def skipped_table(now: Iterable[Row], then: Iterable[Row], reader: NameResolver) -> ResponsiveTable:
    """Return the skipped members, with the reason and the number of leads."""
    before, after = Counter(skipped_members(now, reader)), Counter(skipped_members(then, reader))
    rows: list[list[str | int]] = [
        [reader.name_of("user", user_id), reader.name_of("team", team_id), why, before[key], after[key]]
        for key in sorted(before | after, key=str)
        for user_id, team_id, why in [key]
    ]
    return ResponsiveTable(["Skipped", "Team", "Why", "Saved rules", "With this rule"], rows)


def skipped_members(simulated: Iterable[Row], reader: NameResolver) -> Iterator[tuple[int, int, str]]:
    for lead in simulated:
        for stop in lead["stops"]:
            for each in stop["skipped"]:
                yield each["user_id"], stop["team_id"], reader.text(each)


# One lead


def lead_diff(now: Row, then: Row, reader: NameResolver) -> LeadDiff:
    line = f"Line {then['line']}: " if then["line"] else ""
    return LeadDiff(
        lead=f"{line}{lead_summary(then['lead'], reader)}",
        when=format_local_time(then["at"], reader.zone),
        now=list(path_steps(now, reader)),
        then=list(path_steps(then, reader)),
        change=change(now, then),
    )


def lead_summary(lead: Row, reader: NameResolver) -> str:
    """Return `Buyer, Irvine 92618, $750,000, Zillow`."""
    price = str(lead.get("listing_price") or "")
    source = reader.name_of("lead source", lead["source_id"]) if lead.get("source_id") else ""
    facts = (
        lead.get("type"),
        " ".join(filter(None, (lead.get("city"), lead.get("zipcode")))),
        f"${int(price):,}" if price.isdecimal() and len(price) <= 15 else price,
        source or lead.get("contact_source"),
    )
    return ", ".join(str(fact) for fact in facts if fact) or "A lead without details"


def path_steps(lead: Row, reader: NameResolver) -> Iterator[PathStep]:
    """Yield what happens to an unclaimed lead, in order."""
    start = datetime.fromisoformat(lead["at"])
    yield PathStep("", decision_text(lead["decision"], reader))
    for stop in lead["stops"]:
        if stop["target"] == TEAM:
            yield from offer_steps(stop, start, reader)
        else:
            is_routed = lead["decision"]["team_id"] is not None
            yield PathStep(elapsed_text(stop["at"], start), final_text(stop, reader, is_routed=is_routed))


def decision_text(decision: Row, reader: NameResolver) -> str:
    if decision["route_id"] is not None:
        return f"Matched by: {reader.rule(decision['route_id'])}."
    failed = "; ".join(
        f"{route_label(each['route_id'])}: {mismatch_text.mismatch_text(each, reader.names)}"
        for each in decision["tried"][:3]
    )
    return f"No rule matches{f' ({failed})' if failed else ''}."


def route_label(route_id: int) -> str:
    """Return the number of a route. An unsaved route has none."""
    return f"rule {route_id}" if route_id > 0 else "the new rule"


def offer_steps(stop: Row, start: datetime, reader: NameResolver) -> Iterator[PathStep]:
    team = reader.name_of("team", stop["team_id"])
    if not stop["offers"]:
        yield PathStep(elapsed_text(stop["at"], start), f"No member of {team} can be alerted.", "bad")
    for offer in stop["offers"]:
        channels = " and ".join(CHANNEL_NAMES[channel] for channel in offer["channels"])
        verb = "gets it automatically" if offer["assign_automatically"] else "is offered it"
        window = f", for {duration_text(offer['at'], offer['closes_at'])}" if offer["closes_at"] else ""
        text = f"{reader.name_of('user', offer['user_id'])} of {team} {verb}{window}, alerted by {channels}."
        yield PathStep(elapsed_text(offer["at"], start), text)
    for each in stop["skipped"]:
        yield PathStep("", f"{reader.name_of('user', each['user_id'])} is skipped: {reader.text(each)}.", "quiet")


def final_text(stop: Row, reader: NameResolver, *, is_routed: bool) -> str:
    """Return where an unclaimed lead ends."""
    if stop["target"] == POND:
        return f"Into the pond of {reader.name_of('team', stop['team_id'])}, for any member to claim."
    if stop["target"] == USER:
        return f"{reader.name_of('user', stop['user_id'])} gets it."
    return "It waits for you." if is_routed else "It is yours."


def elapsed_text(at: str, start: datetime) -> str:
    """Return the time since the lead was received."""
    seconds = (datetime.fromisoformat(at) - start).total_seconds()
    return "immediately" if seconds <= 0 else f"after {duration(seconds)}"


def duration_text(start: str, end: str) -> str:
    return duration((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def collect_ids(answers: Iterable[Row]) -> dict[str, set[int]]:
    """Return the ids of the users, teams, lead sources and routes that need a name."""
    found: dict[str, set[int]] = {"user": set(), "team": set(), "lead source": set(), "route": set()}
    collector = RecordCollector()
    for lead in (lead for answer in answers for lead in answer["leads"]):
        found["lead source"].add(lead["lead"].get("source_id"))
        found["lead source"] |= {attempt["actual"] for attempt in named_sources(lead["decision"])}
        found["lead source"] |= {attempt["expected"] for attempt in named_sources(lead["decision"])}
        for stop in lead["stops"]:
            found["team"].add(stop["team_id"])
            found["user"] |= {stop["user_id"], *(each["user_id"] for each in stop["offers"])}
            found["user"] |= {each["user_id"] for each in stop["skipped"]}
            for each in stop["skipped"]:
                reason_text(*stored_reason(each), collector)
    return {kind: (ids | collector.ids.get(kind, set())) - {None} for kind, ids in found.items()}


def named_sources(decision: Row) -> list[Row]:
    return [attempt for attempt in decision["tried"] if attempt["condition"] == "lead_source"]
