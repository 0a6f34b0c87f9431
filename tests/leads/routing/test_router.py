"""The choice of a route, as a pure function."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reasons import Reason
from leads.routing.matching import Inquiry
from leads.routing.router import (
    MYSELF,
    SPECIFIC_TEAM,
    TEAM_ROLLOUT,
    ZIPCODE,
    Decision,
    RouteEvaluation,
    Rule,
    TeamServiceArea,
    pick_route,
    position_for,
    sort_rules,
    specificity,
)

ZILLOW, TRULIA = 1, 3
BUYER = Inquiry(lead_source_id=ZILLOW, contact_source="Email", type="Buyer", zipcode="98112")
SEATTLE = TeamServiceArea(team_id=6, zipcodes=frozenset({"98112", "02108"}))


def rule(id: int, **conditions: object) -> Rule:
    """Return a route at the position of its id, with campaign id 100 + id."""
    return Rule(**({"id": id, "position": id, "campaign_id": 100 + id} | conditions))


def by_zipcode(id: int) -> Rule:
    return rule(id, lead_source_id=ZILLOW, target=TEAM_ROLLOUT, team_selection_method=ZIPCODE)


def test_without_routes_the_lead_stays_with_its_owner():
    assert pick_route(BUYER, [], []) == Decision((), Reason("no_route_matches"))


def test_a_matching_route_names_target_team_and_campaign():
    chosen = pick_route(
        BUYER,
        [rule(12, lead_source_id=ZILLOW, target=TEAM_ROLLOUT, team_selection_method=SPECIFIC_TEAM, team_id=6)],
        [],
    )
    assert (chosen.route_id, chosen.target, chosen.team_id, chosen.campaign_id) == (12, TEAM_ROLLOUT, 6, 112)
    assert chosen.reason == Reason("routed_to_team", {"route_id": 12, "team_id": 6})


def test_a_route_to_myself_keeps_the_lead_with_its_owner_and_names_the_campaign():
    chosen = pick_route(BUYER, [rule(12, lead_source_id=ZILLOW)], [])
    assert (chosen.route_id, chosen.target, chosen.team_id, chosen.campaign_id) == (12, MYSELF, None, 112)
    assert chosen.reason == Reason("routed_to_owner", {"route_id": 12})


def test_contact_sources_and_filters_ignore_case():
    chosen = pick_route(BUYER, [rule(1, contact_source=" EMAIL", filter="buyer ")], [])
    assert chosen.route_id == 1


def test_the_trace_shows_the_failed_condition_with_expected_and_actual_values():
    chosen = pick_route(
        BUYER,
        [
            rule(1, lead_source_id=TRULIA),
            rule(2, lead_source_id=ZILLOW, contact_source="Open house"),
            rule(3, lead_source_id=ZILLOW, filter="Seller"),
            by_zipcode(4),
            rule(5, lead_source_id=ZILLOW, target=TEAM_ROLLOUT, team_selection_method=SPECIFIC_TEAM),
            rule(6, lead_source_id=ZILLOW),
        ],
        [],
    )
    assert chosen.tried == (
        RouteEvaluation(1, False, "lead_source", TRULIA, ZILLOW),
        RouteEvaluation(2, False, "contact_source", "Open house", "Email"),
        RouteEvaluation(3, False, "filter", "Seller", "Buyer"),
        RouteEvaluation(4, False, "zipcode", None, "98112"),
        RouteEvaluation(5, False, "team"),
        RouteEvaluation(6, True),
    )


def test_no_route_is_tried_after_the_one_that_matches():
    assert [attempt.route_id for attempt in pick_route(BUYER, [rule(2), rule(1), rule(3)], []).tried] == [1]


def test_the_trace_is_json():
    stored = json.loads(
        json.dumps(pick_route(BUYER, [rule(1, lead_source_id=TRULIA), by_zipcode(2)], [SEATTLE]).as_json())
    )
    assert stored["team_id"] == 6
    assert stored["tried"][0]["condition"] == "lead_source"


def test_a_zip_code_in_any_form_finds_its_team():
    for zipcode in (2108, "2108", "02108-1234", "98112-0001"):
        assert pick_route(replace(BUYER, zipcode=zipcode), [by_zipcode(1)], [SEATTLE]).team_id == 6


def test_a_lead_without_a_served_zip_code_takes_the_next_route():
    for zipcode in (None, "", "10001", "Seattle"):
        chosen = pick_route(replace(BUYER, zipcode=zipcode), [by_zipcode(1), rule(2, lead_source_id=ZILLOW)], [SEATTLE])
        assert chosen.route_id == 2


SOURCES = st.sampled_from([(ZILLOW, "Email"), (ZILLOW, ""), (0, "Email"), (None, "Email"), (TRULIA, "Phone")])
CONDITIONS = st.tuples(SOURCES, st.sampled_from(["", "Buyer", "Seller"]))


def made_through_the_api(conditions: list[tuple[tuple[int | None, str], str]]) -> list[Rule]:
    """Insert rules one after another, as the API does: later positions move by one."""
    rules: list[Rule] = []
    for id, ((lead_source_id, contact_source), text) in enumerate(conditions, start=1):
        new = Rule(id, 0, lead_source_id=lead_source_id, contact_source=contact_source, filter=text)
        position = position_for(new, rules)
        rules = [replace(old, position=old.position + (old.position >= position)) for old in rules]
        rules.append(replace(new, position=position))
    return rules


@pytest.mark.contract(
    "Lead routes",
    "Both sources come before one, the lead's before the contact's; a `filter` equals the lead's `type`",
    "inferred",
)
@given(st.lists(CONDITIONS, max_size=12))
def test_the_default_order_is_that_of_liondesk(conditions):
    rules = made_through_the_api(conditions)
    assert sort_rules(rules) == sorted(rules, key=lambda rule: (specificity(rule), rule.id))
    assert len({rule.position for rule in rules}) == len(rules)


@given(st.lists(CONDITIONS, max_size=12))
def test_moving_a_route_keeps_the_order_of_the_others(conditions):
    rules: list[Rule] = []
    for moved in made_through_the_api(conditions):
        rules.append(replace(moved, position=position_for(moved, rules)))
    assert sort_rules(rules) == sorted(rules, key=lambda rule: (specificity(rule), rule.id))


@given(st.permutations(range(8)), st.lists(CONDITIONS, min_size=8, max_size=8))
def test_positions_decide_after_a_user_moved_a_route(positions, conditions):
    rules = [
        replace(rule, position=position)
        for rule, position in zip(made_through_the_api(conditions), positions, strict=True)
    ]
    assert [rule.position for rule in sort_rules(rules)] == list(range(8))


def test_a_route_that_becomes_more_specific_may_move_up():
    general, narrowed = rule(1, lead_source_id=ZILLOW), rule(2, lead_source_id=ZILLOW)
    assert position_for(narrowed, [general, narrowed]) == 2
    assert position_for(replace(narrowed, filter="Buyer"), [general, narrowed]) == 1


@given(st.lists(CONDITIONS, max_size=12), SOURCES, st.sampled_from(["", "buyer", "SELLER", "Renter"]))
def test_the_first_rule_with_all_conditions_met_is_chosen(conditions, sources, kind):
    inquiry = Inquiry(sources[0], sources[1].upper(), kind)
    rules = made_through_the_api(conditions)
    fitting = [
        rule.id
        for rule in sort_rules(rules)
        if rule.lead_source_id in (None, 0, inquiry.lead_source_id)
        and rule.contact_source.upper() in ("", inquiry.contact_source)
        and rule.filter.upper() in ("", inquiry.type.upper())
    ]
    assert pick_route(inquiry, rules, []).route_id == (fitting[0] if fitting else None)
