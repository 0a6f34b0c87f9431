"""Rules in the admin of a team lead: descriptions, warnings, order, and simulation before saving."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.models import Lead, LeadOffer, LeadRoute, RoutingTrace
from leads.routing.matching import Calendar, Conditions, Inquiry
from leads.routing.route_description import conditions_text, distribution_text, route_notes
from leads.routing.router import Rule, TeamServiceArea, pick_route
from leads.routing.shadowed_routes import IMPOSSIBLE, NO_AREA, SHADOWED, unreachable_routes
from teams.business_hours import parse_hours
from teams.models import Team, TeamMemberDistributionOption
from tests.leads.conftest import ZILLOW, make_contact, make_option, make_route

RULES = "admin:leads_leadroute_changelist"


@pytest.fixture
def desk(alice):
    """Return a browser in which alice is logged in."""
    client = Client()
    client.force_login(alice)
    return client


def shown(client):
    return " ".join(client.get(reverse(RULES)).content.decode().split())


def typed(team, campaign, **more):
    """Return a completed form of a rule."""
    return {
        "lead_source": ZILLOW,
        "distribution_target": "Team Rollout",
        "team_selection_method": "Specific Team",
        "team": team.pk,
        "campaign": campaign.pk,
        "is_automatic": "on",
        "off_hours": "Next Rule",
    } | more


def test_the_start_page_links_to_rules_offers_and_availability(desk):
    home = desk.get(reverse("admin:index")).content.decode()

    assert f'href="{reverse(RULES)}">Lead routing rules' in home
    assert desk.get(reverse("admin:leads_test_alert")).status_code == 200


# Sentences


def test_a_rule_is_a_sentence(alice, team, campaign):
    team.order_method, team.fallback_target = "Round Robin", "Pond"
    conditions = {"types": "buyer", "price_from": 500_000, "price_to": 1_000_000, "cities": "Irvine, Tustin"}
    rollout = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team", "team": team}
    rule = make_route(alice, campaign, **conditions, **rollout, zipcodes="92618", open_hours="Mon-Fri 9-17")
    told = "Zillow, buyer, $500,000 to $1,000,000, in Irvine or Tustin, ZIP 92618, Mon-Fri 9-17"
    assert conditions_text(rule) == told
    assert distribution_text(rule, {}) == "offered to Pride in a round robin; if unclaimed, into the pond of Pride"
    assert list(route_notes(rule)) == ["Not automatic: a program requests the offers."]
    rule.is_returning_to_claimer = True
    assert "previous agent" in next(route_notes(rule))


def test_a_rule_for_every_source_is_a_sentence(alice, campaign):
    assert conditions_text(make_route(alice, campaign, lead_source_id=None)) == "Any source"
    assert conditions_text(make_route(alice, campaign, lead_source_id=None, filter="Buyer")) == "Any source, Buyer"


def test_a_value_with_a_comma_is_shown_in_quotes(alice, campaign):
    rule = make_route(alice, campaign, cities='"Washington, D.C.", Irvine')
    assert conditions_text(rule) == 'Zillow, in "Washington, D.C." or Irvine'


def test_a_rule_describes_all_its_fallbacks(alice, team, campaign):
    lions = Team(pk=901, name="Lions", creator=alice, fallback_target="Team", fallback_team=team)
    team.fallback_target, team.fallback_team = "Team", lions
    rollout = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team", "team": team}
    rule = make_route(alice, campaign, **rollout)
    assert distribution_text(rule, {team.pk: team, 901: lions}).endswith(
        "if unclaimed, to Lions, then they wait for you"
    )


# Rules that never match

AREA = [TeamServiceArea(1, frozenset(["92618", "K1A"]))]
DAYS = [datetime(2027, 3, day, hour, tzinfo=UTC) for day, hour in ((1, 10), (1, 14), (2, 10), (3, 10))]  # from a Monday
LEADS = [
    Inquiry(source, contact_source, type=type, city=city, zipcode=zipcode, price=price and Decimal(price), at=at)
    for source, contact_source, type, city, zipcode, price, at in product(
        [None, 1], ["", "b"], "ab", "ab", ["92618", "92620", "k1a 0b1", "K1A1A1"], [None, 1, 2, 3], DAYS
    )
]


def seldom(value, *others):
    """Mostly empty conditions, so that rules often differ in one condition."""
    return st.sampled_from([value] * (2 * len(others)) + list(others))


ANY, A, AB = frozenset(), frozenset("a"), frozenset("ab")
CODES = [
    frozenset(["K1A"]),
    frozenset(["K1A0B1", "92618"]),
    frozenset(["92618"]),
    frozenset(["92620"]),
    frozenset(["92618", "92620"]),
]
HOURS = [parse_hours(text) for text in ("Mon 9-12", "Mon-Tue 9-17")]
conditions = st.builds(
    Conditions,
    types=seldom(ANY, A, AB),
    cities=seldom(ANY, A, AB),
    zipcodes=seldom(ANY, *CODES),
    price_from=seldom(None, 1, 2),
    price_to=seldom(None, 2, 3),
    hours=st.sampled_from([parse_hours(""), *HOURS]),
    is_held_until_open=st.booleans(),
    calendar=st.sampled_from([Calendar(), Calendar(closed_on=frozenset({DAYS[0].date()}))]),
)
rules = st.builds(
    Rule,
    id=st.just(0),
    position=st.just(0),
    lead_source_id=seldom(None, 1),
    contact_source=seldom("", "B"),
    filter=seldom("", "a"),
    target=st.just("Team Rollout"),
    team_selection_method=seldom("Specific Team", "Zipcode"),
    team_id=st.just(1),
    conditions=conditions,
)


@settings(max_examples=300)
@given(st.lists(rules, min_size=2, max_size=4))
def test_a_rule_reported_as_unreachable_matches_no_lead(given):
    numbered = [replace(rule, id=number, position=number) for number, rule in enumerate(given, 1)]
    never = unreachable_routes(numbered, ["92618", "K1A"])
    taken = {pick_route(lead, numbered, AREA).route_id for lead in LEADS} if never else set()
    assert not never.keys() & taken


def test_a_zip_code_rule_matches_only_the_areas_of_its_teams():
    both = Conditions(zipcodes=frozenset(["92618", "92620"]))
    by_zip = Rule(1, 1, target="Team Rollout", team_selection_method="Zipcode", conditions=both)
    assert unreachable_routes([by_zip, Rule(2, 2, conditions=both)], ["92618"]) == {}


def test_a_postal_area_shadows_its_codes_but_not_the_reverse():
    area, code = (Conditions(zipcodes=frozenset([each])) for each in ("K1A", "K1A0B1"))
    assert unreachable_routes([Rule(1, 1, conditions=area), Rule(2, 2, conditions=code)], []) == {2: (SHADOWED, 1)}
    assert unreachable_routes([Rule(1, 1, conditions=code), Rule(2, 2, conditions=area)], []) == {}


def test_the_list_shows_why_a_rule_never_matches():
    wide, narrow = Rule(1, 1), Rule(2, 2, lead_source_id=1, filter="Buyer")
    torn = Rule(3, 3, filter="Buyer", conditions=Conditions(types=frozenset(["renter"])))
    placeless = Rule(4, 4, target="Team Rollout", team_selection_method="Zipcode")
    said = unreachable_routes([wide, narrow, torn, placeless], [])
    assert said == {2: (SHADOWED, 1), 3: (IMPOSSIBLE, 0), 4: (NO_AREA, 0)}


# The page


def test_the_catch_all_is_last_and_has_no_buttons(desk, route):
    page = shown(desk)
    assert "Every other lead" in page
    assert page.count("/move/") == 1


def test_a_rule_for_every_source_is_saved_in_the_admin_and_placed_last(desk, team, campaign, route):
    desk.post(reverse("admin:leads_leadroute_add"), typed(team, campaign, lead_source="", is_returning_to_claimer="on"))
    every = LeadRoute.objects.exclude(pk=route.pk).get()
    assert (every.lead_source, every.contact_source, every.is_returning_to_claimer) == (None, None, True)
    assert every.position > route.position
    assert "Any source" in shown(desk)


def test_the_admin_suggests_to_return_contacts_to_their_previous_agent(desk, team, campaign):
    form = desk.get(reverse("admin:leads_leadroute_add")).context["adminform"].form
    assert form["is_returning_to_claimer"].value() is True
    desk.post(reverse("admin:leads_leadroute_add"), typed(team, campaign))
    assert LeadRoute.objects.get().is_returning_to_claimer is False


def test_rules_are_moved_by_buttons(desk, alice, campaign, route):
    second = make_route(alice, campaign, position=2, cities="Irvine")
    third = make_route(alice, campaign, position=3, cities="Tustin")
    desk.post(reverse("admin:leads_leadroute_move", args=[third.pk]), {"up": ""})
    assert list(LeadRoute.objects.order_by("position")) == [route, third, second]
    desk.post(reverse("admin:leads_leadroute_move", args=[route.pk]), {"down": ""})
    assert list(LeadRoute.objects.order_by("position")) == [third, route, second]


def test_a_user_cannot_move_rules_of_another_user(charlie, route):
    client = Client()
    client.force_login(charlie)
    answer = client.post(reverse("admin:leads_leadroute_move", args=[route.pk]), {"down": ""}, follow=True)
    assert "No record found" in answer.content.decode()
    assert client.get(reverse("admin:leads_leadroute_move", args=[route.pk])).status_code == 405


def test_the_page_shows_warnings(desk, alice, bob, campaign, team, route):
    make_option(team, bob, has_text_alert=False)
    make_route(alice, campaign, position=2, cities="Irvine")
    page = shown(desk)
    assert "No member of team Pride can be offered the lead: Bob Example: all alerts are off." in page
    assert f"rule {route.pk} matches all of its leads first" in page


def test_a_rule_has_one_number_in_the_list_the_simulation_and_the_trace(desk, api, alice, bob, mary, team, campaign):
    """The id: it does not change when rules are moved or deleted, and old traces contain it."""
    make_option(team, bob)
    gone, second = make_route(alice, campaign, position=1, cities="Tustin"), make_route(alice, campaign, position=2)
    api(alice).delete(f"/lead-routes/{gone.pk}")
    lead = api(alice).made("/leads", {"contact_id": mary.pk, "source_id": ZILLOW})

    listed = re.findall(r"Rule (\d+)", shown(desk))
    trace = api(alice).get(f"/leads/{lead['id']}/routing-trace").json()
    why = desk.get(reverse("admin:leads_routingtrace_change", args=[trace["id"]])).content.decode()
    change = reverse("admin:leads_leadroute_change", args=[second.pk])
    simulation = desk.post(change, typed(team, campaign, **{"_simulate": "", "try-source_id": ZILLOW})).content.decode()
    saved = desk.post(change, typed(team, campaign), follow=True).content.decode()

    assert listed == [str(second.pk)]
    assert trace["decision"]["route_id"] == second.pk
    assert set(re.findall(r"[Rr]ule (\d+)", why)) == {str(second.pk)}
    assert set(re.findall(r"[Rr]ule (\d+)", simulation)) == {str(second.pk)}
    assert set(re.findall(r"[Rr]ule (\d+)", saved)) == {str(second.pk)}


def test_an_unsaved_rule_has_no_number_in_a_simulation(desk, team, campaign, route):
    add = reverse("admin:leads_leadroute_add")
    page = desk.post(add, typed(team, campaign, cities="Irvine", **{"_simulate": "", "try-city": "x"})).content.decode()
    assert "New rule" in page or "the new rule" in page
    assert set(re.findall(r"[Rr]ule (-?\d+)", page)) <= {str(route.pk)}


# Simulation


def test_a_simulation_shows_both_results_and_saves_nothing(desk, api, alice, bob, team, campaign):
    make_option(team, bob)
    api(alice).made("/leads", {"contact_id": make_contact(alice).pk, "source_id": ZILLOW, "city": "Irvine"})
    before = [model.objects.count() for model in (Lead, LeadOffer, LeadRoute, RoutingTrace)]
    add = reverse("admin:leads_leadroute_add")
    answer = desk.post(add, typed(team, campaign, cities="Irvine", **{"_simulate": "", "try-days": "30"}))
    page = answer.content.decode()
    assert "1 lead: 1 would go elsewhere" in page
    assert "Bob Example of Pride is offered it, alerted by text." in page
    assert "It is yours." in page
    assert [model.objects.count() for model in (Lead, LeadOffer, LeadRoute, RoutingTrace)] == before


def test_a_rule_is_simulated_as_typed_not_as_saved(desk, alice, bob, team, campaign, route):
    make_option(team, bob)
    change = reverse("admin:leads_leadroute_change", args=[route.pk])
    asked = {"_simulate": "", "try-source_id": ZILLOW, "try-city": "Irvine"}
    page = desk.post(change, typed(team, campaign, cities="Tustin", position=route.position, **asked)).content.decode()
    assert "city Irvine, required: tustin" in page
    assert LeadRoute.objects.get(pk=route.pk).cities == ""


def simulated(desk, team, campaign, **asked):
    typed_in = {f"try-{name}": value for name, value in asked.items()}
    answer = desk.post(reverse("admin:leads_leadroute_add"), typed(team, campaign, _simulate="", **typed_in))
    return " ".join(answer.content.decode().split())


TABLE = f"source_id,city,listing_price\n{ZILLOW},Irvine,750000\n{ZILLOW},Tustin\nsoon,Orange\n1,2,3,4\n"


@pytest.mark.parametrize("how", ["pasted", "as a file", "as a spreadsheet writes it"])
def test_a_table_is_simulated_and_invalid_rows_are_listed_by_line(how, desk, bob, team, campaign):
    make_option(team, bob)
    mark = "\ufeff" if how == "as a spreadsheet writes it" else ""
    file = SimpleUploadedFile("leads.csv", (mark + TABLE).encode())

    page = simulated(desk, team, campaign, **({"csv": TABLE} if how == "pasted" else {"file": file}))

    assert "2 leads: 2 would go elsewhere" in page
    assert "Line 2: Irvine, $750,000, Zillow" in page
    assert "<li>Line 4: source_id must be a whole number." in page
    assert "<li>Line 5: The row has 4 values, but the first line has 3 columns.</li>" in page
    assert "Your leads of the last" not in page
    assert TABLE.split()[2] in page[page.index('name="try-csv"') :]  # kept for the next simulation
    assert not LeadRoute.objects.exists()


def test_unused_columns_of_a_table_are_listed(desk, bob, team, campaign):
    make_option(team, bob)
    page = simulated(desk, team, campaign, csv=f"Source ID,Zip-Code,<b>Agent</b>\n{ZILLOW},92618,Ann\n")
    assert "<li>The column &lt;b&gt;Agent&lt;/b&gt; is not used.</li>" in page


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"csv": "Mary\nJohn"}, "must begin with a line of column names"),
        ({"csv": "type\n" + "Buyer\n" * 1001}, "may have at most 1000 rows"),
        ({"file": SimpleUploadedFile("leads.xlsx", b"PK\x03\x04\xff\xfe")}, "save the table as CSV"),
        ({"file": SimpleUploadedFile("leads.csv", b"type\n" + b"a" * 1_000_001)}, "larger than 1 MB"),
    ],
)
def test_an_invalid_table_shows_an_error_at_its_field(asked, says, desk, team, campaign):
    page = simulated(desk, team, campaign, **asked)

    assert says in page[page.index('id="simulate"') :]


def test_a_table_without_leads_shows_a_message(desk, team, campaign):
    page = simulated(desk, team, campaign, csv="source_id\nsoon\n")

    assert "The table contains no lead." in page
    assert "Line 2: source_id" in page


@pytest.mark.parametrize("button", ["_save", "_simulate"])
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"price_from": "5", "price_to": "4"}, "price_from must be below price_to"),
        ({"zipcodes": "nowhere"}, "which is not a ZIP code"),
        ({"open_hours": "whenever"}, "business hours"),
        ({"team": ""}, "team_id is required"),
        ({"campaign": ""}, "This field is required"),
    ],
)
def test_a_simulation_refuses_what_saving_refuses(desk, team, campaign, button, wrong, says):
    answer = desk.post(reverse("admin:leads_leadroute_add"), typed(team, campaign, **{button: ""}) | wrong)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not LeadRoute.objects.exists()


def test_alice_sets_up_a_member_from_the_page_of_the_team(desk, bob, dana, team):
    TeamMemberDistributionOption.objects.create(team=team, user=bob, rank=1)
    page = " ".join(desk.get(reverse("admin:teams_team_change", args=[team.pk])).content.decode().split())
    assert "all alerts are off" in page
    assert f"?team={team.pk}&amp;user={dana.pk}&amp;has_text_alert=1" in page


def test_only_the_creator_sees_the_channels_of_members(bob, team):
    client = Client()
    client.force_login(bob)
    assert "Invite a member" not in client.get(reverse("admin:teams_team_change", args=[team.pk])).content.decode()
