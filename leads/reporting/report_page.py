"""The distribution report as an admin page: figures, charts and tables. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any, Final

from leads.formatting import EMPTY_CELL, Table, format_duration, format_share, pluralize, truncate
from leads.reporting.charts import Group, Part, Plot, horizontal_bars, vertical_bars

Row = Mapping[str, Any]

MAX_DAY_COLUMNS: Final = 61  # columns; in longer periods a column has several days


@dataclass(frozen=True)
class Metric:
    """A headline figure."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart with its summary, the meaning of its colors, and its data as a table."""

    name: str
    title: str
    caption: str
    colors: Sequence[tuple[str, str]]  # (kind, meaning)
    plot: Plot
    table: Table
    is_wide: bool = False
    is_table_folded: bool = False


@dataclass(frozen=True)
class ReportPage:
    metrics: Sequence[Metric]
    charts: Sequence[Chart]
    tables: Sequence[tuple[str, Table]]


def build_page(report: Row) -> ReportPage:
    """Return the content of the page."""
    return ReportPage(
        metrics=headline_metrics(report["totals"]),
        charts=[
            member_chart(report["by_member"]),
            *fairness_chart(report["by_member"]),
            time_chart(report),
            day_chart(report["by_day"]),
        ],
        tables=[
            ("By source", leads_table("Source", [(source_name(row), row) for row in report["by_source"]])),
            ("By price", leads_table("Price", [(band_name(row), row) for row in report["by_price_band"]])),
            ("Offers and claims of each member, by source", member_source_table(report)),
            ("Offers and claims of each member, by price", member_price_table(report)),
        ],
    )


# Charts


def headline_metrics(totals: Row) -> list[Metric]:
    return [
        Metric("Leads", str(totals["leads"]), f"{totals['offers']} offers, {totals['alerted']} alerted"),
        Metric("Claimed", format_share(totals["claims"], totals["leads"]), str(totals["claims"])),
        Metric("Unclaimed", str(totals["unclaimed"]), unclaimed_note(totals)),
        Metric("Time to first alert", *median_note(totals, "to_alert")),
        Metric("Time to claim", *median_note(totals, "to_claim")),
    ]


def unclaimed_note(totals: Row) -> str:
    counts = ((totals["passed_on"], "fell back to another team"), (totals["unalerted"], "without an alert"))
    return ", ".join(f"{count} {text}" for count, text in counts if count)


def median_note(figures: Row, name: str) -> tuple[str, str]:
    median, p95 = figures[f"median_seconds_{name}"], figures[f"p95_seconds_{name}"]
    return format_duration(median), f"median; 95 of 100 within {format_duration(p95)}" if p95 is not None else ""


def member_chart(members: Sequence[Row]) -> Chart:
    claims, offers = (sum(row[name] for row in members) for name in ("claims", "offers"))
    groups = [
        Group(
            truncate(member_name(row)),
            [Part("offers", row["offers"]), Part("claims", row["claims"])],
            member_tooltip(row),
        )
        for row in members
    ]
    head = [
        "Member",
        "First",
        "Offers",
        "Share",
        "Alerted",
        "Claimed",
        "Declined",
        "Lost",
        "Expired",
        "Median",
        "95th percentile",
    ]
    rows = [
        [member_name(row), row["first_offers"], row["offers"], format_share(row["offers"], offers)]
        + [row[name] for name in ("alerted", "claims", "declines", "lost", "expired")]
        + [format_duration(row[f"{most}_seconds_from_alert_to_claim"]) for most in ("median", "p95")]
        for row in members
    ]
    return Chart(
        name="members",
        title="Offers and claims by member",
        caption=f"{pluralize(len(members), 'member')} had {pluralize(offers, 'offer')} "
        f"and claimed {pluralize(claims, 'lead')}. "
        "First are the leads that began with them. Median and 95th percentile are of the time from a member's alert to "
        "their claim.",
        colors=[("offers", "Offers"), ("claims", "Claims")],
        plot=horizontal_bars(groups),
        table=Table(head, rows),
        is_wide=True,
    )


def member_tooltip(row: Row) -> str:
    return f"{member_name(row)}: {pluralize(row['offers'], 'offer')}, {pluralize(row['claims'], 'claim')}"


def fairness_chart(members: Sequence[Row]) -> Iterator[Chart]:
    """Show how far first offers are from the shares of the round robin. Empty if there was no round robin."""
    with_share = [row for row in members if row["expected_first_offers"] is not None]
    if not with_share:
        return
    rows = [
        (member_name(row), row["first_offers"], round(row["expected_first_offers"], 1), share_deviation(row))
        for row in with_share
    ]
    furthest = max(abs(share_deviation(row)) for row in with_share)
    yield Chart(
        name="fairness",
        title="First offers compared with the weights",
        caption=f"The largest deviation from a share is {furthest:g} of a lead. A share is what the weights of "
        "available members give for each lead.",
        colors=[("claims", "First offers"), ("others", "Expected")],
        plot=horizontal_bars(
            [
                Group(truncate(name), [Part("claims", first), Part("others", share)], f"{name}: {first} of {share:g}")
                for name, first, share, _ in rows
            ]
        ),
        table=Table(["Member", "First", "Share", "Deviation"], [[*row[:3], f"{row[3]:+g}"] for row in rows]),
        is_wide=True,
    )


def share_deviation(row: Row) -> float:
    return float(round(row["first_offers"] - row["expected_first_offers"], 1))


def time_chart(report: Row) -> Chart:
    """Return the chart of leads by time to claim, with unclaimed leads beside them."""
    totals, steps = report["totals"], report["by_time_to_claim"]
    bars = [(step_name(row), "claims", row["claims"]) for row in steps]
    bars.append(("Not yet", "unclaimed", totals["unclaimed"]))
    soon = sum(row["claims"] for row in steps if row["below"] is not None and row["below"] <= 300)
    return Chart(
        name="times",
        title="Time to claim",
        caption=f"{soon} of {pluralize(totals['leads'], 'lead')} were claimed within five minutes of receipt.",
        colors=[("claims", "Claimed within"), ("unclaimed", "Unclaimed")],
        plot=vertical_bars([Group(name, [Part(kind, n)], f"{name}: {pluralize(n, 'lead')}") for name, kind, n in bars]),
        table=Table(
            ["Claimed within", "Leads", "Share"],
            [[name, n, format_share(n, totals["leads"])] for name, _, n in bars],
        ),
    )


def day_chart(days: Sequence[Row]) -> Chart:
    together = ceil(len(days) / MAX_DAY_COLUMNS) or 1
    spans = [days[at : at + together] for at in range(0, len(days), together)]
    unclaimed = sum(row["unclaimed"] for row in days)
    worst = max(days, key=lambda row: row["unclaimed"], default=None)
    most = f", most of them on {day_name(worst['day'])}" if worst and unclaimed else ""
    return Chart(
        name="days",
        title="Unclaimed leads by day",
        caption=f"{unclaimed} of the leads received on these days are unclaimed{most}.",
        colors=[("unclaimed", "Unclaimed"), ("others", "Claimed or fallen back")],
        plot=vertical_bars([span_group(span) for span in spans]),
        table=Table(
            ["Day", "Leads", "Claimed", "Unclaimed", "Median time to claim"],
            [
                [day_name(row["day"]), *(row[name] for name in ("leads", "claims", "unclaimed")), median_to_claim(row)]
                for row in days
            ],
        ),
        is_table_folded=True,
    )


def median_to_claim(row: Row) -> str:
    return format_duration(row["median_seconds_to_claim"])


def span_group(span: Sequence[Row]) -> Group:
    """Return the column of one day or of several days."""
    leads, unclaimed = (sum(row[name] for row in span) for name in ("leads", "unclaimed"))
    first, last = day_name(span[0]["day"]), day_name(span[-1]["day"])
    name = first if len(span) == 1 else f"{first} to {last}"
    tooltip = f"{name}: {pluralize(leads, 'lead')}, {unclaimed} unclaimed"
    return Group(first, [Part("unclaimed", unclaimed), Part("others", leads - unclaimed)], tooltip)


# Tables


def leads_table(title: str, rows_by_name: Sequence[tuple[str, Row]]) -> Table:
    """Return the results of groups of leads, one row per group."""
    head = [title, "Leads", "Offers", "Claimed", "Share", "Unclaimed", "Time to first alert", "Time to claim"]
    rows = [
        [
            name,
            *(row[count] for count in ("leads", "offers", "claims")),
            format_share(row["claims"], row["leads"]),
            row["unclaimed"],
            median_and_p95(row, "to_alert"),
            median_and_p95(row, "to_claim"),
        ]
        for name, row in rows_by_name
    ]
    return Table(head, rows)


def median_and_p95(row: Row, name: str) -> str:
    """Return `median / 95th percentile`."""
    median, p95 = row[f"median_seconds_{name}"], row[f"p95_seconds_{name}"]
    return EMPTY_CELL if median is None else f"{format_duration(median)} / {format_duration(p95)}"


def member_source_table(report: Row) -> Table:
    sources = [(row["source_id"], source_name(row)) for row in report["by_source"]]
    return cross_table(
        report, sources, {(row["user_id"], row["source_id"]): row for row in report["by_member_and_source"]}
    )


def member_price_table(report: Row) -> Table:
    bands = [(row["least"], band_name(row)) for row in report["by_price_band"]]
    return cross_table(
        report, bands, {(row["user_id"], row["least"]): row for row in report["by_member_and_price_band"]}
    )


def cross_table(report: Row, columns: Sequence[tuple[int | None, str]], cells: Mapping[Any, Row]) -> Table:
    """Return a row per member and a column per group: claims of offers."""
    rows = [
        [member_name(member), *(claims_of_offers(cells.get((member["user"]["id"], key))) for key, _ in columns)]
        for member in report["by_member"]
    ]
    return Table(["Member", *(name for _, name in columns)], rows)


def claims_of_offers(row: Row | None) -> str:
    return f"{row['claims']} of {row['offers']}" if row else EMPTY_CELL


# Names


def member_name(row: Row) -> str:
    user = row["user"]
    return " ".join(part for part in (user["first_name"], user["last_name"]) if part) or str(user["email"])


def source_name(row: Row) -> str:
    return row["name"] or "No source"


def band_name(row: Row) -> str:
    least, below = row["least"], row["below"]
    if least is None:
        return "No price"
    if below is None:
        return f"${least:,} and more"
    return f"${least:,} to ${below:,}" if least else f"Under ${below:,}"


def step_name(row: Row) -> str:
    return "Later" if row["below"] is None else format_duration(row["below"])


def day_name(day: str) -> str:
    return f"{date.fromisoformat(day):%b} {date.fromisoformat(day).day}"
