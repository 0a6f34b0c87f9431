"""The distribution report: who was offered a team's leads, how soon, and who claimed them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from api.schema import openapi_json
from crm.models import Contact
from leads.models import Lead, LeadOffer
from leads.reporting.metrics import CLAIM_EDGES, PRICE_EDGES, price_band, ranges
from leads.reporting.metrics_sql import OFFERS_SQL, PERIOD_SQL
from leads.routing.price_parsing import parse_price
from teams.models import Team, TeamMember, User
from tests.leads.conftest import NOON, TRULIA, ZILLOW

Came = Callable[..., Lead]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def came(alice: User, mary: Contact, team: Team, clock: Any) -> Came:
    """`came(bob=(5, "Lost"))`: a lead received an hour ago; bob was alerted after 5 s; his offer has this status.

    It was claimed after `claimed` seconds, by `claimer` if by nobody through an offer.
    """
    clock.advance(days=1)

    def make(*, ago: timedelta = HOUR, claimed: float | None = None, to: Team = team, **fields: Any) -> Lead:
        claimer = fields.pop("claimer", None)
        people = {name: fields.pop(name) for name in ("alice", "bob", "dana") if name in fields}
        at = clock.now - ago
        given = {"source_id": ZILLOW, "team": to, "distribution_target": "Team Rollout", "created_at": at}
        lead = Lead.objects.create(owner_user=alice, contact=mary, **given | fields)
        for position, (name, (seconds, status)) in enumerate(people.items()):
            user = User.objects.get(first_name=name.title())
            alerted_at = None if seconds is None else at + timedelta(seconds=seconds)
            LeadOffer.objects.create(
                lead=lead, team=team, user=user, status=status, position=position, notify_at=at, alerted_at=alerted_at
            )
            if status == "Claimed":
                claimer = user
        if claimed is not None:
            lead.claimed_by_user = claimer
            lead.claimed_at, lead.claimed_via = at + timedelta(seconds=claimed), "Text"
            lead.time_to_claim = int(claimed)
            lead.save()
        return lead

    return make


@pytest.fixture
def report(api: Any, alice: User, team: Team) -> Callable[..., dict[str, Any]]:
    """Return the report of alice's team."""

    def read(**query: Any) -> dict[str, Any]:
        answer = api(alice).get(f"/teams/{team.pk}/distribution-report", query)
        assert answer.status_code == 200, answer.content
        body: dict[str, Any] = answer.json()
        return body

    return read


def of(report: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the figures of a member."""
    found: dict[str, Any] = next(row for row in report["by_member"] if row["user"]["first_name"] == name)
    return found


@pytest.mark.contract(
    "Teams",
    "`GET /teams/:id/distribution-report` tells a team's creator what became of its leads, by member, source and price",
    "ours",
)
def test_offers_and_claims_are_counted(came: Came, report: Any):
    came(bob=(2, "Claimed"), dana=(300, "Lost"), claimed=400)
    came(bob=(4, "Declined"), dana=(304, "Claimed"), claimed=600)
    came(bob=(6, "Sent"), dana=(None, "Pending"))

    totals = report()["totals"]

    assert totals == {
        "leads": 3, "offers": 6, "alerted": 5, "claims": 2, "declines": 1, "lost": 1, "expired": 0,
        "unalerted": 0, "unclaimed": 1, "passed_on": 0,
        "median_seconds_to_alert": 4, "p95_seconds_to_alert": 5.8,
        "median_seconds_to_claim": 500, "p95_seconds_to_claim": 590,
    }  # fmt: skip


def test_a_member_without_an_offer_is_listed(came: Came, report: Any):
    came(bob=(2, "Claimed"), dana=(300, "Lost"), claimed=62)
    came(bob=(3, "Claimed"), claimed=103)

    members = report()["by_member"]

    assert [(row["user"]["first_name"], row["offers"], row["claims"], row["lost"]) for row in members] == [
        ("Bob", 2, 2, 0), ("Dana", 1, 0, 1), ("Alice", 0, 0, 0),
    ]  # fmt: skip
    assert members[0]["median_seconds_from_alert_to_claim"] == 80
    assert members[1]["median_seconds_from_alert_to_claim"] is None


def test_a_member_who_left_is_listed(came: Came, report: Any, bob: User):
    came(bob=(2, "Declined"))
    TeamMember.objects.filter(user=bob).delete()

    assert of(report(), "Bob")["declines"] == 1


def test_an_automatic_assignment_does_not_count_toward_claim_times(came: Came, report: Any):
    came(bob=(2, "Claimed"), claimed=2)
    Lead.objects.update(claimed_via="Auto")

    bobs = of(report(), "Bob")

    assert (bobs["claims"], bobs["median_seconds_from_alert_to_claim"]) == (1, None)


def test_a_claimer_without_an_offer_is_listed(came: Came, report: Any, dana: User):
    came(bob=(2, "Expired"), claimed=500, claimer=dana)

    told = report()

    assert (of(told, "Dana")["offers"], of(told, "Dana")["claims"]) == (0, 1)
    assert (of(told, "Bob")["expired"], of(told, "Bob")["claims"]) == (1, 0)
    assert told["totals"]["claims"] == 1


def test_a_lead_that_fell_back_to_another_team_counts_as_passed_on(came: Came, report: Any, alice: User, dana: User):
    came(bob=(2, "Expired"), claimed=500, claimer=dana, to=Team.objects.create(creator=alice, name="Other"))

    told = report()

    assert [told["totals"][name] for name in ("leads", "passed_on", "claims", "unclaimed")] == [1, 1, 0, 0]
    assert (of(told, "Bob")["offers"], of(told, "Dana")["claims"]) == (1, 0)


def test_a_lead_merged_into_another_is_not_counted_twice(came: Came, report: Any):
    came(merged_into=came())

    assert report()["totals"]["leads"] == 1


def test_another_teams_leads_are_not_counted(came: Came, report: Any, alice: User):
    came(to=Team.objects.create(creator=alice, name="Other"))

    assert report()["totals"]["leads"] == 0


def test_leads_are_counted_by_source(came: Came, report: Any):
    came(bob=(2, "Claimed"), claimed=20)
    came(bob=(4, "Sent"))
    came(source_id=TRULIA)
    came(source_id=None, dana=(2, "Declined"))

    told = report()

    assert [(row["source_id"], row["name"], row["leads"], row["claims"]) for row in told["by_source"]] == [
        (ZILLOW, "Zillow", 2, 1), (None, "", 1, 0), (TRULIA, "Trulia", 1, 0),
    ]  # fmt: skip
    assert [(row["source_id"], row["offers"], row["claims"]) for row in told["by_member_and_source"]] == [
        (ZILLOW, 2, 1), (None, 1, 0),
    ]  # fmt: skip


def test_the_report_can_be_filtered_by_source(came: Came, report: Any):
    came(bob=(2, "Sent"))
    came(source_id=TRULIA, dana=(2, "Sent"))

    told = report(source_id=TRULIA)

    assert (told["source_id"], told["totals"]["leads"], told["totals"]["offers"]) == (TRULIA, 1, 1)
    assert of(told, "Bob")["offers"] == 0


def test_leads_are_counted_by_price_band(came: Came, report: Any):
    for price in ("", "call us", "249999.99", "$250,000", "1.2M", "1000000"):
        came(listing_price=price)

    bands = report()["by_price_band"]

    assert [(row["least"], row["below"], row["leads"]) for row in bands] == [
        (None, None, 2), (0, 250_000, 1), (250_000, 500_000, 1), (500_000, 1_000_000, 0), (1_000_000, None, 2),
    ]  # fmt: skip


def test_days_begin_at_midnight_of_the_reader(came: Came, report: Any, clock: Any):
    """Noon in Los Angeles is 20:00 UTC; the leads are received around midnight there."""
    clock.now = datetime(2027, 3, 10, 20, tzinfo=UTC)
    came(ago=timedelta(hours=12, minutes=1))
    came(ago=timedelta(hours=12), bob=(2, "Claimed"), claimed=9)

    told = report(**{"from": "2027-03-09", "to": "2027-03-12"})

    assert told["from"] == "2027-03-09T08:00:00.000Z"
    assert [(row["day"], row["leads"], row["unclaimed"]) for row in told["by_day"]] == [
        ("2027-03-09", 1, 1), ("2027-03-10", 1, 0), ("2027-03-11", 0, 0),
    ]  # fmt: skip


def test_a_day_with_a_clock_change_is_one_day(report: Any):
    told = report(**{"from": "2027-03-13", "to": "2027-03-16"})

    assert [row["day"] for row in told["by_day"]] == ["2027-03-13", "2027-03-14", "2027-03-15"]
    assert told["to"] == "2027-03-16T07:00:00.000Z"


def test_the_period_excludes_its_end(came: Came, report: Any, clock: Any):
    came(ago=HOUR)
    came(ago=2 * HOUR)
    at = (clock.now - 2 * HOUR).isoformat()

    assert report(**{"from": at, "to": (clock.now - HOUR).isoformat()})["totals"]["leads"] == 1


def test_the_default_period_is_the_last_thirty_days(came: Came, report: Any, clock: Any):
    came(ago=timedelta(days=30))
    came(ago=timedelta(days=30, seconds=1))

    told = report()

    assert told["totals"]["leads"] == 1
    assert len(told["by_day"]) == 31  # the first of them from noon


def test_claims_are_counted_by_time_to_claim(came: Came, report: Any):
    for seconds in (0, 59.9, 60, 3600, 90_000):
        came(bob=(0, "Claimed"), claimed=seconds)

    steps = report()["by_time_to_claim"]

    assert [(row["least"], row["claims"]) for row in steps if row["claims"]] == [
        (0, 2), (60, 1), (3600, 1), (86_400, 1),
    ]  # fmt: skip


def test_without_leads_medians_are_null(report: Any):
    told = report()

    assert told["totals"]["leads"] == told["totals"]["offers"] == 0
    assert told["totals"]["median_seconds_to_claim"] is None
    assert told["by_source"] == []
    assert [row["leads"] for row in told["by_price_band"]] == [0] * 5


def test_the_parts_add_up(came: Came, report: Any):
    came(bob=(2, "Claimed"), dana=(3, "Lost"), claimed=20, listing_price="450k")
    came(bob=(2, "Declined"), dana=(3, "Claimed"), claimed=2000, source_id=TRULIA, listing_price="$2M")
    came(dana=(None, "Pending"), ago=50 * HOUR)

    told = report()

    for part in ("by_source", "by_price_band", "by_day"):
        for name in ("leads", "offers", "alerted", "claims", "declines", "lost", "unclaimed"):
            assert sum(row[name] for row in told[part]) == told["totals"][name], (part, name)
    for part in ("by_member", "by_member_and_source", "by_member_and_price_band"):
        for name in ("offers", "alerted", "claims", "declines", "lost"):
            assert sum(row[name] for row in told[part]) == told["totals"][name], (part, name)
    assert sum(row["claims"] for row in told["by_time_to_claim"]) == told["totals"]["claims"]


def test_members_are_counted_by_price_band(came: Came, report: Any, bob: User, dana: User):
    came(bob=(2, "Claimed"), dana=(3, "Lost"), claimed=20, listing_price="$240,000")
    came(bob=(2, "Sent"), listing_price="100000")
    came(bob=(2, "Declined"), listing_price="call us")
    came(claimer=dana, claimed=60, listing_price="2M")

    told = report()["by_member_and_price_band"]

    assert [(row["user_id"], row["least"], row["below"], row["offers"], row["claims"]) for row in told] == [
        (bob.pk, None, None, 1, 0), (bob.pk, 0, 250_000, 2, 1),
        (dana.pk, 0, 250_000, 1, 0), (dana.pk, 1_000_000, None, 0, 1),
    ]  # fmt: skip
    assert told[1]["median_seconds_from_alert_to_claim"] == 18


def statements(report: Any) -> int:
    with CaptureQueriesContext(connection) as asked:
        report(source_id=ZILLOW)
    return len(asked)


def test_many_leads_take_as_many_queries_as_one(came: Came, report: Any):
    came(bob=(2, "Claimed"), claimed=20)
    statements(report)  # the first also makes a token
    few = statements(report)
    for number in range(20):
        came(bob=(2, "Lost"), dana=(3, "Claimed"), claimed=20, listing_price=str(number), ago=number * HOUR)

    assert statements(report) == few


def test_leads_are_found_by_their_day_and_offers_by_their_lead(alice: User, mary: Contact, team: Team):
    """The cost depends on the period, not on the number of leads and offers."""
    given = {"owner_user": alice, "contact": mary, "team": team}
    leads = Lead.objects.bulk_create(Lead(**given, created_at=NOON + number * MINUTE) for number in range(2000))
    turn = {"team": team, "user": alice, "position": 0, "notify_at": NOON}
    LeadOffer.objects.bulk_create(LeadOffer(lead=lead, **turn) for lead in leads)
    named = {"team": team.pk, "start": NOON, "end": NOON + 5 * HOUR, "source": None}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_lead, leads_leadoffer")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(" ".join(["EXPLAIN", PERIOD_SQL, OFFERS_SQL, "SELECT count(*) FROM came_in"]), named)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "lead_came_in" in plan
    assert "(lead_id = period.id)" in plan


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ({"from": "soon"}, "from", "must be a date"),
        ({"to": "2027-13-01"}, "to", "must be a date"),
        ({"from": "2027-03-02", "to": "2027-03-02"}, "from", "must be before to"),
        ({"from": "2028-01-01"}, "from", "must be before to"),
        ({"from": "2026-01-01", "to": "2027-03-01"}, "from", "at most 366 days"),
        ({"to": "9999-12-31"}, "to", "between the years"),
        ({"to": "0001-01-01"}, "to", "between the years"),
        ({"source_id": "zillow"}, "source_id", "whole number"),
        ({"source_id": "999"}, "source_id", "no lead source"),
        ({"source_id": ["1", "3"]}, "source_id", "one value"),
        ({"from[$gte]": "2027-03-01"}, "from", "one value"),
        ({"team_id": "1"}, "team_id", "from, to, source_id"),
        ({"$sort[leads]": "1"}, "$sort", "not a parameter"),
        ({"$or[0][from]": "2027-03-01"}, "$or", "not a parameter"),
        ({"$select": "leads"}, "$select", "cannot take leads"),
    ],
)
def test_invalid_parameters_are_refused_by_name(query: Any, name: str, words: str, api: Any, alice: User, team: Team):
    answer = api(alice).get(f"/teams/{team.pk}/distribution-report", query)

    assert answer.status_code == 400
    assert name in answer.json()["errors"]
    assert words in answer.json()["message"]


def test_an_empty_parameter_is_ignored(came: Came, report: Any):
    came()

    assert report(**{"from": "", "to": "", "source_id": ""})["totals"]["leads"] == 1


def test_the_report_can_be_limited_to_some_fields(report: Any):
    assert list(report(**{"$select": "totals"})) == ["totals"]


def test_the_answer_matches_the_contract(came: Came, report: Any):
    came(bob=(2, "Claimed"), dana=(3, "Lost"), claimed=20)
    document = json.loads(openapi_json())
    schema = {"$ref": "#/components/schemas/DistributionReport", "components": document["components"]}

    jsonschema_rs.validate(schema, report())


def test_a_member_is_refused_and_charlie_finds_nothing(api: Any, bob: User, charlie: User, team: Team):
    path = f"/teams/{team.pk}/distribution-report"

    assert api(bob).get(path).json()["message"] == "Only the creator of a team sees how its leads were distributed."
    assert api(charlie).get(path).status_code == 404


# Prices


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("450000", 450_000), ("$450,000", 450_000), (" 450,000.00 USD ", 450_000), ("USD 450k", 450_000),
        ("450 thousand", 450_000), ("$1.2M", 1_200_000), ("1.25 million", 1_250_000), ("2mm", 2_000_000),
        ("US$ 900,000+", 900_000),
        ("", None), ("0", None), ("$0.00", None), ("-5", None), ("12,34", None), ("1,2345", None),
        ("400k-500k", None), ("€400,000", None), ("call", None), ("1e9", None), ("٤٥٠٠٠٠", None), ("9" * 16, None),
        ("1.250", None), ("1.250.000", None), ("1.125M", 1_125_000), ("1250000.000", 1_250_000),
        ("5" + " " * 100_000 + "x", None), ("$" * 100_000, None), ("1," * 100_000, None),
    ],
)  # fmt: skip
def test_prices_are_parsed(text: str, price: int | None):
    assert parse_price(text) == price


@given(st.decimals(min_value="0.01", max_value="999999999999999", places=2))
def test_a_price_is_the_same_in_any_form(price: Decimal):
    written = [f"{price}", f"{price:,}", f"${price:,}", f"  {price} USD", f"${price:f}+"]

    assert {parse_price(text) for text in written} == {price}


@given(st.text() | st.text("$0123456789,.kKmM USD+"))
def test_any_text_is_a_positive_price_or_none(text: str):
    price = parse_price(text)

    assert price is None or price > 0
    assert 0 <= price_band(text) <= len(PRICE_EDGES)


@given(st.integers(1, 10**15 - 1))
def test_every_price_is_in_its_band(price: int):
    least, below = ranges(PRICE_EDGES)[price_band(str(price)) - 1]

    assert least <= price < (below or 10**15)


def test_bands_and_steps_have_no_gap():
    for edges in (PRICE_EDGES, CLAIM_EDGES):
        assert [least for least, _ in ranges(edges)] == [0, *[below for _, below in ranges(edges)][:-1]]
