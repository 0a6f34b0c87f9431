"""W9: one lead through two hundred routes without a match: the cost of the decision alone."""

from datetime import UTC, datetime
from decimal import Decimal
from time import process_time
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.measure import Line, Sample, at_most
from benchmarks.place import Place
from leads.routing.matching import Calendar, Conditions, Inquiry, normalize_postal_codes, normalize_values
from leads.routing.router import SPECIFIC_TEAM, TEAM_ROLLOUT, ZIPCODE, Rule, TeamServiceArea, pick_route
from teams.business_hours import parse_hours

RULES: Final = 200
CALENDAR: Final = Calendar(ZoneInfo("America/Los_Angeles"))
SUNDAY: Final = datetime(2027, 3, 7, 20, tzinfo=UTC)
INQUIRY: Final = Inquiry(
    lead_source_id=1,
    contact_source="Email",
    type="Buyer",
    zipcode="92618-1234",
    city="Irvine",
    listing_status="Active",
    price=Decimal(750_000),
    at=SUNDAY,
)


def prepare(place: Place) -> list[Line]:
    rules, areas = [rule(number) for number in range(RULES)], [area(number) for number in range(10)]
    times = place.size(200)
    return [Line(f"W9 a lead through {RULES} rules", "CPU ms", lambda: routed(rules, areas, times), goal=at_most(2))]


def rule(number: int) -> Rule:
    """One of four kinds: by hours, by ZIP code, by price, by city; each fifth has its team found by ZIP code."""
    nearby = ",".join(str(90_000 + number + step) for step in range(30))
    towns = ",".join(f"Town {step}" for step in range(20))
    conditions = (
        Conditions(hours=parse_hours("Mon-Fri 9-12, 13-17; Sat 10-14"), calendar=CALENDAR),
        Conditions(zipcodes=normalize_postal_codes(nearby), calendar=CALENDAR),
        Conditions(types=normalize_values("Buyer,Renter"), price_from=5_000_000, price_to=9_000_000, calendar=CALENDAR),
        Conditions(
            types=normalize_values("Buyer"),
            cities=normalize_values(towns),
            listing_statuses=normalize_values("Active"),
            calendar=CALENDAR,
        ),
    )
    return Rule(
        id=number + 1,
        position=number + 1,
        target=TEAM_ROLLOUT,
        lead_source_id=1,
        contact_source="Email" if number % 3 else "",
        team_selection_method=SPECIFIC_TEAM if number % 5 else ZIPCODE,
        team_id=3 if number % 5 else None,
        conditions=conditions[number % 4],
    )


def area(number: int) -> TeamServiceArea:
    return TeamServiceArea(
        number, normalize_postal_codes(",".join(str(70_000 + 100 * number + step) for step in range(40))), CALENDAR
    )


def routed(rules: list[Rule], areas: list[TeamServiceArea], times: int) -> Sample:
    """Milliseconds of CPU for one decision."""
    began = process_time()
    for _ in range(times):
        decision = pick_route(INQUIRY, rules, areas)
    spent = (process_time() - began) / times * 1000
    assert len(decision.tried) == RULES
    assert decision.route_id is None
    return Sample(spent)
