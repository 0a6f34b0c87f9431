"""The distribution report in the admin: its visibility, and the geometry of its charts."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from crm.models import Contact
from leads.formatting import EMPTY_CELL, format_duration, format_share
from leads.models import Lead, LeadOffer
from leads.reporting.charts import (
    AXIS_WIDTH,
    COLUMN_HEIGHT,
    LETTER_WIDTH,
    LINE_HEIGHT,
    WIDTH,
    Group,
    Part,
    axis_ticks,
    horizontal_bars,
    vertical_bars,
)
from leads.reporting.report_page import band_name, day_chart
from teams.models import Team, User
from tests.leads.conftest import ZILLOW

counts = st.integers(0, 10**6)
groups = st.lists(st.builds(Group, st.text(max_size=20), st.lists(st.builds(Part, st.just("offers"), counts))))
columns = st.lists(
    st.builds(Group, st.text(max_size=9), st.lists(st.builds(Part, st.just("claims"), counts), max_size=3)), max_size=70
)


def desk(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, team: Team, **query: Any) -> Any:
    return client.get(reverse("admin:leads_distributionreport_change", args=[team.pk]), query)


@pytest.fixture
def lead(alice: User, team: Team, mary: Contact, clock: Any) -> Lead:
    """An unclaimed lead, received an hour ago: at 11:00 in Los Angeles on March 1."""
    at = clock.now - timedelta(hours=1)
    return Lead.objects.create(owner_user=alice, contact=mary, team=team, source_id=ZILLOW, created_at=at)


def test_a_team_lead_sees_the_report_of_today_and_the_days_before(alice: User, team: Team, lead: Lead):
    answer = page(desk(alice), team)

    assert answer.status_code == 200
    assert answer.context["report"]["totals"]["leads"] == 1
    assert [row["day"] for row in answer.context["report"]["by_day"]][-1] == "2027-03-01"
    assert len(answer.context["report"]["by_day"]) == 30


def test_the_last_day_is_included(alice: User, team: Team, lead: Lead):
    on_the_day = page(desk(alice), team, **{"from": "2027-03-01", "through": "2027-03-01"})
    before = page(desk(alice), team, **{"from": "2027-02-01", "through": "2027-02-28"})

    assert on_the_day.context["report"]["totals"]["leads"] == 1
    assert before.context["report"]["totals"]["leads"] == 0


def test_a_source_can_be_selected(alice: User, team: Team, lead: Lead):
    html = page(desk(alice), team, source_id=ZILLOW).content.decode()

    assert f'<option value="{ZILLOW}" selected>Zillow</option>' in html


@pytest.mark.parametrize(
    "query", [{"from": "2027-03-02", "through": "2027-03-01"}, {"through": "soon"}, {"source_id": "x"}]
)
def test_an_invalid_parameter_is_shown_on_the_page(query: Any, alice: User, team: Team):
    answer = page(desk(alice), team, **query)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()


def test_only_the_creator_finds_the_report(alice: User, bob: User, charlie: User, team: Team):
    listed = reverse("admin:leads_distributionreport_changelist")
    report = reverse("admin:leads_distributionreport_change", args=[team.pk])

    assert report in desk(alice).get(listed).content.decode()
    for user in (bob, charlie):
        assert report not in desk(user).get(listed).content.decode()
        assert page(desk(user), team).status_code == 302


def test_the_page_of_the_team_links_to_the_report_only_for_its_creator(alice: User, bob: User, team: Team):
    form = reverse("admin:teams_team_change", args=[team.pk])
    report = reverse("admin:leads_distributionreport_change", args=[team.pk])

    assert report in desk(alice).get(form).content.decode()
    assert report not in desk(bob).get(form).content.decode()


def test_every_chart_has_a_title_and_a_table_and_no_script(alice: User, bob: User, team: Team, lead: Lead):
    bob.first_name = "<script>Bob"
    bob.save()
    html = page(desk(alice), team).content.decode()
    report = html[html.index('<div class="report">') :]
    report = report[: report.index(" API:")]

    assert report.count("<svg") == report.count('role="img"') == 3
    assert report.count("<table>") >= 3
    assert "<script" not in report
    assert "http" not in report


# Geometry


@given(groups)
def test_horizontal_bars_stay_inside_and_keep_their_proportions(groups: Sequence[Group]):
    plot = horizontal_bars(groups)
    values = [part.value for group in groups for part in group.parts]

    assert [bar.width > 0 for bar in plot.bars] == [value > 0 for value in values]
    assert all(bar.y >= 0 and bar.y + bar.height <= plot.height and bar.width < WIDTH for bar in plot.bars)
    for (one, first), (other, second) in pairwise(zip(values, plot.bars, strict=True)):
        assert one >= other or first.width <= second.width


@given(columns)
def test_vertical_bars_stay_inside_and_do_not_overlap(groups: Sequence[Group]):
    plot = vertical_bars(groups)

    for bar in plot.bars:
        assert bar.x >= AXIS_WIDTH
        assert bar.x + bar.width <= WIDTH + 0.2
        assert bar.y + bar.height <= LINE_HEIGHT + COLUMN_HEIGHT + 0.2
    assert all(bar.y >= LINE_HEIGHT - 2 for bar in plot.bars)  # two parts that are almost nothing are still seen


@given(columns)
def test_no_label_overlaps_the_next_or_leaves_the_chart(groups: Sequence[Group]):
    named = [label for label in vertical_bars(groups).labels if label.anchor == "middle"]

    for words in named:
        assert words.x - len(words.text) / 2 * LETTER_WIDTH >= AXIS_WIDTH - 0.1
        assert words.x + len(words.text) / 2 * LETTER_WIDTH <= WIDTH + 0.1
    for one, other in pairwise(named):
        assert other.x - one.x >= (len(one.text) + len(other.text)) / 2 * LETTER_WIDTH


@given(st.integers(0, 10**9))
def test_the_axis_ends_at_a_round_number_above_all_values(most: int):
    ticks = axis_ticks(most)

    assert ticks[0] == 0
    assert most <= ticks[-1] <= max(1, 2.5 * most)
    assert 2 <= len(ticks) <= 5


def test_the_parts_of_a_column_are_stacked():
    lower, upper = vertical_bars([Group("Mon", [Part("unclaimed", 1), Part("others", 3)])]).bars

    assert lower.y + lower.height == LINE_HEIGHT + COLUMN_HEIGHT
    assert upper.y + upper.height == lower.y
    assert upper.height == 3 * lower.height


def test_the_days_of_a_year_are_grouped():
    days = [
        {"day": (date(2027, 1, 1) + timedelta(days=at)).isoformat(), "leads": 2, "unclaimed": 1, "claims": 1}
        | {"median_seconds_to_claim": None}
        for at in range(365)
    ]
    figure = day_chart(days)

    assert len(figure.plot.bars) == 2 * 61
    assert figure.plot.bars[0].tooltip == "Jan 1 to Jan 6: 12 leads, 6 unclaimed"
    assert len(figure.table.rows) == 365


# Words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, EMPTY_CELL), (0, "0 s"), (0.4, "under 1 s"), (42.4, "42 s"), (60, "1 min"), (185, "3 min 5 s"),
        (3600, "1 h"), (3605, "1 h"), (7800, "2 h 10 min"), (100_800, "1 d 4 h"), (59.7, "1 min"),
    ],
)  # fmt: skip
def test_durations_have_their_two_largest_units(seconds: float | None, words: str):
    assert format_duration(seconds) == words


def test_bands_and_shares_have_texts():
    bands = [(None, None), (0, 250_000), (250_000, 500_000), (1_000_000, None)]
    assert [band_name({"least": least, "below": below}) for least, below in bands] == [
        "No price", "Under $250,000", "$250,000 to $500,000", "$1,000,000 and more",
    ]  # fmt: skip
    assert (format_share(1, 3), format_share(0, 0)) == ("33%", EMPTY_CELL)


def test_the_page_shows_offers_and_claims_of_a_member_by_price(alice: User, bob: User, team: Team, lead: Lead):
    Lead.objects.update(listing_price="$240,000")
    LeadOffer.objects.create(lead=lead, team=team, user=bob, position=0, notify_at=lead.created_at)

    tables = dict(page(desk(alice), team).context["page"].tables)

    told = tables["Offers and claims of each member, by price"]
    (bobs,) = [dict(zip(told.head, row, strict=True)) for row in told.rows if row[0] == "Bob Example"]
    assert (bobs["Under $250,000"], bobs["No price"]) == ("0 of 1", EMPTY_CELL)
