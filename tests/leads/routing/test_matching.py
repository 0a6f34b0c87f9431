"""The conditions of a route, as pure functions."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from unicodedata import normalize
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.comma_lists import has_open_quote, join_list, split_list
from leads.routing.matching import (
    NO_CONDITIONS,
    Calendar,
    Conditions,
    Inquiry,
    first_mismatch,
    normalize_cities,
    normalize_city,
    normalize_postal_codes,
    normalize_value,
    normalize_values,
    opening_time,
)
from leads.routing.router import (
    SPECIFIC_TEAM,
    TEAM_ROLLOUT,
    ZIPCODE,
    Rule,
    TeamServiceArea,
    pick_route,
    position_for,
    sort_rules,
    specificity,
)
from teams.business_hours import parse_hours

LA, TOKYO = ZoneInfo("America/Los_Angeles"), ZoneInfo("Asia/Tokyo")
MONDAY_NOON = datetime(2027, 3, 1, 20, tzinfo=UTC)  # in Los Angeles; in Tokyo it is Tuesday, 5:00
IRVINE = Inquiry(
    lead_source_id=1,
    type="Buyer",
    zipcode="92618-1234",
    city=" irvine ",
    listing_status="Active",
    price=Decimal(750_000),
    at=MONDAY_NOON,
)


def unmet(inquiry=IRVINE, zone=LA, **asked):
    """Return the failed condition with the compared values; None if all match."""
    found = first_mismatch(Conditions(**asked), inquiry, Calendar(zone))
    return found and (found.condition, found.expected, found.actual)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"types": normalize_values("Renter, BUYER")},
        {"cities": normalize_values("Tustin,Irvine")},
        {"zipcodes": normalize_postal_codes("92618")},
        {"listing_statuses": normalize_values("active, Pending")},
        {"price_from": 750_000},
        {"price_to": 750_001},
        {"hours": parse_hours("Mon 12:00-12:01")},
    ],
)
def test_one_matching_value_is_enough(asked):
    assert unmet(**asked) is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"types": normalize_values("Renter,Seller")}, ("types", ["renter", "seller"], "Buyer")),
        ({"cities": normalize_values("Tustin")}, ("cities", ["tustin"], " irvine ")),
        ({"zipcodes": normalize_postal_codes("92780")}, ("zipcodes", ["92780"], "92618-1234")),
        ({"listing_statuses": normalize_values("Sold")}, ("listing_statuses", ["sold"], "Active")),
        ({"price_from": 750_001}, ("price", [750_001, None], 750_000)),
        ({"price_to": 750_000}, ("price", [None, 750_000], 750_000)),
        ({"hours": parse_hours("Mon 9-12")}, ("open_hours", "Mon 9-12 (America/Los_Angeles)", "Mon 12:00")),
    ],
)
def test_a_mismatch_names_the_compared_values(asked, told):
    assert unmet(**asked) == told


def test_a_long_list_of_values_is_shortened():
    many = normalize_postal_codes(",".join(str(code) for code in range(10_000, 13_000)))
    _, told, _ = unmet(zipcodes=many)
    assert (len(told), told[0], told[-1]) == (21, "10000", "2980 more")


def test_all_conditions_must_match():
    assert unmet(types=normalize_values("Buyer"), cities=normalize_values("Tustin"))[0] == "cities"
    assert unmet(types=normalize_values("Buyer"), cities=normalize_values("Irvine")) is None


@pytest.mark.parametrize("asked", [{"price_from": 0}, {"price_to": 10**9}, {"cities": normalize_values("Irvine")}])
def test_a_missing_value_matches_no_condition(asked):
    assert unmet(replace(IRVINE, price=None, city=""), **asked) is not None


def test_a_lost_leading_zero_is_the_same_zip_code():
    assert unmet(replace(IRVINE, zipcode=2108), zipcodes=normalize_postal_codes("02108")) is None


def test_hours_are_in_local_time():
    assert unmet(hours=parse_hours("Tue 5-6"), zone=TOKYO) is None
    assert unmet(hours=parse_hours("Tue 5-6")) == ("open_hours", "Tue 5-6 (America/Los_Angeles)", "Mon 12:00")


def test_a_lead_outside_the_hours_can_be_held():
    held = Conditions(hours=parse_hours("Mon-Fri 9-11"), is_held_until_open=True)
    assert first_mismatch(held, IRVINE, Calendar(LA)) is None
    assert opening_time(held, IRVINE, Calendar(LA)) == datetime(2027, 3, 2, 17, tzinfo=UTC)
    assert opening_time(held, replace(IRVINE, at=datetime(2027, 3, 2, 18, tzinfo=UTC)), Calendar(LA)) is None


def test_without_a_time_hours_are_not_checked():
    assert unmet(replace(IRVINE, at=None), hours=parse_hours("Sun 1-2")) is None


# Routes


def rule(id, **given):
    plain = {"target": TEAM_ROLLOUT, "team_selection_method": SPECIFIC_TEAM, "team_id": 6, "lead_source_id": 1}
    return Rule(**({"id": id, "position": id} | plain | given))


def test_the_first_matching_route_takes_the_lead_and_the_trace_explains_the_others():
    rich = rule(1, conditions=Conditions(price_from=1_000_000))
    decision = pick_route(IRVINE, [rich, rule(2)], [])
    assert decision.route_id == 2
    assert [(tried.route_id, tried.condition) for tried in decision.tried] == [(1, "price"), (2, "")]


def test_outside_the_hours_the_next_route_is_tried_or_the_lead_is_held():
    by_day = Conditions(hours=parse_hours("Mon-Fri 9-11"), calendar=Calendar(LA))
    assert pick_route(IRVINE, [rule(1, conditions=by_day), rule(2)], []).route_id == 2
    held = pick_route(IRVINE, [rule(1, conditions=replace(by_day, is_held_until_open=True)), rule(2)], [])
    assert (held.route_id, held.starts_at) == (1, datetime(2027, 3, 2, 17, tzinfo=UTC))
    assert held.reason.details["starts_at"] == "2027-03-02T17:00:00+00:00"


def test_a_team_selected_by_zip_code_opens_in_its_own_time_zone():
    early = Conditions(hours=parse_hours("Tue 5-6"), calendar=Calendar(LA))
    asked = rule(1, team_selection_method="Zipcode", team_id=None, conditions=early)
    assert (
        pick_route(IRVINE, [asked], [TeamServiceArea(6, normalize_postal_codes("92618"), Calendar(TOKYO))]).route_id
        == 1
    )
    assert (
        pick_route(IRVINE, [asked], [TeamServiceArea(6, normalize_postal_codes("92618"), Calendar(LA))]).route_id
        is None
    )


CLOSED = Calendar(LA, frozenset({date(2027, 3, 1)}))
BY_DAY = Conditions(hours=parse_hours("Mon-Fri 9-17"), calendar=CLOSED)
HELD = replace(BY_DAY, is_held_until_open=True)


def chosen_by(conditions):
    """Two rules that select the same team, closed today, in different ways."""
    by_zipcode = replace(conditions, calendar=Calendar(LA))
    return [rule(1, conditions=conditions)], [rule(1, team_selection_method="Zipcode", conditions=by_zipcode)]


@pytest.mark.parametrize("how", [0, 1], ids=["Specific Team", "Zipcode"])
@pytest.mark.parametrize("asked", [{}, {"types": normalize_values("Buyer")}, {"is_held_until_open": True}])
def test_a_rule_without_hours_matches_on_a_holiday_of_its_team(how, asked):
    rules = chosen_by(Conditions(**asked, calendar=CLOSED))[how]
    decision = pick_route(IRVINE, rules, [TeamServiceArea(6, normalize_postal_codes("92618"), CLOSED)])
    assert (decision.team_id, decision.starts_at) == (6, None)


@pytest.mark.parametrize("how", [0, 1], ids=["Specific Team", "Zipcode"])
def test_a_rule_with_hours_is_closed_on_a_holiday_of_its_team(how):
    area = [TeamServiceArea(6, normalize_postal_codes("92618"), CLOSED)]
    assert pick_route(IRVINE, [*chosen_by(BY_DAY)[how], rule(2, team_id=7)], area).team_id == 7
    told = pick_route(IRVINE, chosen_by(BY_DAY)[how], area).tried[0]
    assert (told.expected, told.actual) == ("Mon-Fri 9-17 (America/Los_Angeles)", "Mon 12:00, a holiday")
    held = pick_route(IRVINE, chosen_by(HELD)[how], area)
    assert (held.team_id, held.starts_at) == (6, datetime(2027, 3, 2, 17, tzinfo=UTC))


@pytest.mark.contract(
    "Lead routes", "City names compare without case, accents, dots; St is Saint, Ft Fort, Mt Mount", "ours"
)
@pytest.mark.parametrize(
    "group",
    [
        ["St. Louis", "Saint Louis", "ST LOUIS", " st.  louis", "St.Louis", "\uff33\uff34. Louis"],
        ["Ft. Worth", "Fort Worth", "FT WORTH"],
        ["Mt Vernon", "Mount Vernon", "Mt. Vernon"],
        ["Washington, D.C.", "Washington DC", "washington,dc"],
        ["San Jos\u00e9", "San Jose\u0301", "San Jose"],
        ["Coeur d'Alene", "Coeur d\u2019Alene"],
        ["Winston-Salem", "Winston Salem", "Winston\u2013Salem"],
    ],
)
def test_a_city_is_the_same_in_any_form(group):
    assert len({normalize_city(name) for name in group}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("Stanton", "Saintanton"), ("Mount Vernon", "Fort Vernon"), ("दिल्ली", "दल्ल"), ("St", "")]
)
def test_different_cities_do_not_match(one, other):
    assert normalize_city(one) != normalize_city(other)


@given(st.text())
def test_a_normalized_value_matches_itself(text):
    assert normalize_city(normalize_city(text)) == normalize_city(text)
    assert normalize_value(normalize_value(text)) == normalize_value(text)
    for form in ("NFC", "NFD"):
        assert normalize_value(normalize(form, text)) == normalize_value(text)


def test_a_quoted_value_may_contain_a_comma():
    assert normalize_cities('"Washington, D.C.", Irvine') == {"washington dc", "irvine"}
    assert normalize_values('"Buyer, first", Renter,') == {"buyer, first", "renter"}
    assert normalize_values('"open, Renter') == {'"open', "renter"}


@given(st.lists(st.text(min_size=1).map(lambda text: text.strip()).filter(bool)))
def test_a_written_list_is_parsed_unchanged(values):
    text = join_list(values)
    assert split_list(text) == values
    assert not has_open_quote(text)


def test_a_canadian_area_matches_its_codes():
    inquiry = replace(IRVINE, zipcode="k1a0b1")
    assert unmet(inquiry, zipcodes=normalize_postal_codes("K1A")) is None
    assert unmet(inquiry, zipcodes=normalize_postal_codes("K1A 0B1, 92618")) is None
    assert unmet(inquiry, zipcodes=normalize_postal_codes("K1B, K1A 1A1")) == ("zipcodes", ["K1A1A1", "K1B"], "k1a0b1")
    zipcode = {"target": TEAM_ROLLOUT, "team_selection_method": ZIPCODE}
    assert (
        pick_route(inquiry, [Rule(1, 1, **zipcode)], [TeamServiceArea(7, normalize_postal_codes("K1A"))]).team_id == 7
    )


TEXTS = st.sampled_from(["", "Buyer", "buyer, Renter", "Seller"])
CONDITIONS = st.builds(
    Conditions,
    types=TEXTS.map(normalize_values),
    cities=st.sampled_from(["", "Irvine", "Tustin"]).map(normalize_values),
    zipcodes=st.sampled_from(["", "92618", "10001"]).map(normalize_postal_codes),
    price_from=st.sampled_from([None, 0, 500_000, 10**6]),
    price_to=st.sampled_from([None, 600_000, 10**7]),
    hours=st.sampled_from(["", "Mon 9-17", "Tue 9-17"]).map(parse_hours),
    is_held_until_open=st.booleans(),
    calendar=st.sampled_from([Calendar(LA), CLOSED]),
)
RULES = st.lists(
    st.builds(
        Rule,
        id=st.integers(1, 99),
        position=st.just(0),
        target=st.sampled_from(["Myself", "Team Rollout"]),
        lead_source_id=st.sampled_from([None, 1, 3]),
        contact_source=st.sampled_from(["", "Email"]),
        filter=st.sampled_from(["", "Buyer"]),
        team_selection_method=st.sampled_from([None, "Specific Team", "Zipcode"]),
        team_id=st.sampled_from([None, 6]),
        conditions=CONDITIONS,
    ),
    max_size=8,
    unique_by=lambda rule: rule.id,
)
INQUIRIES = st.builds(
    Inquiry,
    lead_source_id=st.sampled_from([None, 1, 3]),
    contact_source=st.sampled_from(["", "email"]),
    type=st.sampled_from(["", "Buyer", "SELLER"]),
    zipcode=st.one_of(st.none(), st.integers(-5, 99_999), st.text(max_size=9)),
    city=st.text(max_size=9),
    price=st.one_of(st.none(), st.decimals(0, 10**8, places=2)),
    at=st.one_of(st.none(), st.just(MONDAY_NOON)),
)


@given(INQUIRIES, RULES)
def test_every_lead_is_routed_and_every_earlier_route_has_a_mismatch(inquiry, rules):
    decision = pick_route(inquiry, rules, [TeamServiceArea(7, normalize_postal_codes("92618,02108"))])
    tried = [attempt.route_id for attempt in decision.tried]
    assert tried == [rule.id for rule in sort_rules(rules)][: len(tried)]
    *failed, last = decision.tried or [None]
    assert all(not attempt.matched and attempt.condition for attempt in failed)
    if decision.route_id is None:
        assert (decision.target, len(tried)) == ("Myself", len(rules))
    else:
        assert (last.route_id, last.matched) == (decision.route_id, True)
    assert (decision.target == "Team Rollout") == (decision.team_id is not None)
    assert decision.starts_at is None or decision.starts_at > inquiry.at
    if decision.starts_at is not None:
        assert decision.starts_at.astimezone(LA).hour == 9  # as the hours have it, and never at midnight


@given(RULES)
def test_new_routes_are_ordered_from_the_most_to_the_least_specific(rules):
    made = []
    for new in rules:
        position = position_for(new, made)
        made = [replace(old, position=old.position + (old.position >= position)) for old in made]
        made.append(replace(new, position=position))
    ranks = [specificity(rule) for rule in sort_rules(made)]
    assert ranks == sorted(ranks)


@given(CONDITIONS, INQUIRIES)
def test_a_further_condition_never_matches_more_leads(conditions, inquiry):
    here = Calendar(LA)
    if first_mismatch(NO_CONDITIONS, inquiry, here) is None and first_mismatch(conditions, inquiry, here) is None:
        for name in ("types", "cities", "zipcodes"):
            assert first_mismatch(replace(conditions, **{name: frozenset()}), inquiry, here) is None


@given(st.one_of(st.none(), st.integers(), st.text()))
def test_normalizing_twice_changes_nothing(value):
    assert normalize_value(normalize_value(value)) == normalize_value(value)
