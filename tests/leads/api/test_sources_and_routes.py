from importlib import import_module

import pytest
from django.db import connection

from crm.models import Contact, ContactSource
from leads.models import Lead, LeadRoute, RoutingTrace
from tests.leads.conftest import TRULIA, ZILLOW, make_route


@pytest.mark.contract("Lead sources", "One list for everybody, read only; Zillow is 1, Trulia 3", "documented")
def test_lead_sources_are_listed_for_all_users(api, alice, charlie):
    answer = api(charlie).get("/lead-sources", {"name": "zillow"}).json()

    assert answer == {"total": 1, "limit": 10, "skip": 0, "data": [{"id": 1, "name": "Zillow"}]}
    assert api(charlie).get("/lead-sources/3").json() == {"id": 3, "name": "Trulia"}
    names = [row["name"] for row in api(charlie).get("/lead-sources?name[$ne]=Zillow&$limit=50").json()["data"]]
    assert "Zillow" not in names


def test_lead_sources_are_read_only(api, alice):
    assert api(alice).post("/lead-sources", {"name": "Mine"}).status_code == 405
    assert api(alice).delete("/lead-sources/1").status_code == 405


@pytest.fixture
def whole(team, campaign, by_email):
    """Return the body of a route as in LionDesk's walkthrough."""
    return {
        "team_id": team.pk,
        "campaign_id": campaign.pk,
        "lead_source_id": ZILLOW,
        "contact_source_id": by_email.pk,
        "distribution_target": "Team Rollout",
        "team_selection_method": "Specific Team",
        "filter": "Buyer",
    }


@pytest.mark.contract("Lead routes", "Written with ids, read with the records", "documented")
def test_a_route_is_written_with_ids_and_read_with_records(api, alice, team, campaign, by_email, whole):
    made = api(alice).made("/lead-routes", whole)

    assert made == {
        "id": made["id"],
        "distribution_target": "Team Rollout",
        "filter": "Buyer",
        "team_selection_method": "Specific Team",
        "team": {
            "id": team.pk,
            "name": "Pride",
            "is_sharing_contacts": 1,
            "order_method": 1,
            "mins_until_next_alert": None,
            "distribution_zipcodes": None,
        },
        "campaign": {"id": campaign.pk, "name": "General Buyer Drip"},
        "lead_source": {"id": ZILLOW, "name": "Zillow"},
        "contact_source": {"id": by_email.pk, "name": "Email"},
        "is_automatic": False,
        "position": 1,
        "types": "",
        "cities": "",
        "zipcodes": "",
        "listing_statuses": "",
        "price_from": None,
        "price_to": None,
        "open_hours": "",
        "off_hours": "Next Rule",
        "is_returning_to_claimer": True,
    }
    found = api(alice).get(f"/lead-routes?lead_source_id={ZILLOW}&contact_source_id={by_email.pk}").json()
    assert found["data"] == [made]
    assert api(alice).get("/lead-routes", {"team_id": team.pk, "filter": "seller"}).json()["total"] == 0


def test_numbers_and_choices_are_read_leniently(api, alice, whole):
    loose = {key: str(value).upper() for key, value in whole.items()}

    made = api(alice).made("/lead-routes", loose | {"is_automatic": "true", "nonsense": 1})

    assert made["distribution_target"] == "Team Rollout"
    assert made["is_automatic"] is True


@pytest.mark.contract("Lead routes", "`Myself` forces team and selection to null", "documented")
def test_myself_forces_team_and_selection_to_null(api, alice, whole):
    made = api(alice).made("/lead-routes", whole | {"distribution_target": "Myself"})

    assert made["team"] is None
    assert made["team_selection_method"] is None


@pytest.mark.contract("Lead routes", "`None` is no selection", "inferred")
def test_the_text_none_is_read_as_no_selection(api, alice, whole):
    made = api(alice).made("/lead-routes", whole | {"distribution_target": "Myself", "team_selection_method": "None"})

    assert made["team_selection_method"] is None


@pytest.mark.contract("Lead routes", "`Zipcode` forces the team to null", "documented")
def test_zipcode_forces_the_team_to_null(api, alice, whole):
    assert api(alice).made("/lead-routes", whole | {"team_selection_method": "Zipcode"})["team"] is None


@pytest.mark.contract(
    "Lead routes", "`Specific Team` asks for `team_id`; one of the two sources is enough", "documented"
)
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"team_id": None}, "team_id"),
        ({"team_id": 0}, "team_id"),
        ({"team_selection_method": None}, "team_selection_method"),
        ({"team_selection_method": "None"}, "team_selection_method"),
        ({"team_selection_method": "Nearest"}, "team_selection_method"),
        ({"distribution_target": "Everybody"}, "distribution_target"),
        ({"distribution_target": None}, "distribution_target"),
        ({"campaign_id": None}, "campaign_id"),
        ({"campaign_id": 999999}, "campaign_id"),
        ({"lead_source_id": 999999}, "lead_source_id"),
        ({"contact_source_id": 999999}, "contact_source_id"),
        ({"is_automatic": "perhaps"}, "is_automatic"),
        ({"position": -1}, "position"),
        ({"filter": "x" * 256}, "filter"),
        ({"types": 'Buyer, "Seller'}, "types"),
        ({"types": [["Buyer"]]}, "types"),
        ({"cities": "x" * 20_001}, "cities"),
        ({"zipcodes": "92618,V6X9"}, "zipcodes"),
        ({"price_from": -1}, "price_from"),
        ({"price_from": 500_000, "price_to": 500_000}, "price_from"),
        ({"price_to": "a lot"}, "price_to"),
        ({"open_hours": "Mon 9-25"}, "open_hours"),
        ({"off_hours": "Never"}, "off_hours"),
        ({"is_returning_to_claimer": "perhaps"}, "is_returning_to_claimer"),
    ],
)
def test_an_incomplete_route_is_refused_by_field(api, alice, whole, change, field):
    answer = api(alice).post("/lead-routes", whole | change)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not LeadRoute.objects.exists()


def test_records_of_other_users_are_refused(api, alice, bob, team, campaign, by_email):
    """Bob is a member of alice's team; she created the team, the campaign and the contact source."""
    body = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team", "lead_source_id": ZILLOW}

    answer = api(bob).post(
        "/lead-routes", body | {"team_id": team.pk, "campaign_id": campaign.pk, "contact_source_id": by_email.pk}
    )

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"team_id", "campaign_id", "contact_source_id"}


def test_a_patch_is_validated_with_the_whole_route(api, alice, whole):
    path = f"/lead-routes/{api(alice).made('/lead-routes', whole)['id']}"

    assert api(alice).patch(path, {"team_id": None}).json()["errors"].keys() == {"team_id"}
    myself = api(alice).patch(path, {"distribution_target": "Myself"}).json()
    assert (myself["team"], myself["team_selection_method"]) == (None, None)
    assert api(alice).patch(path, {"distribution_target": "Team Rollout"}).status_code == 400
    zipcode = api(alice).patch(path, {"distribution_target": "Team Rollout", "team_selection_method": "Zipcode"})
    assert zipcode.json()["team"] is None
    assert api(alice).patch(path, {}).json() == zipcode.json()


@pytest.mark.contract("Lead routes", "Only your own", "documented")
def test_only_the_owner_sees_a_route(api, alice, bob, charlie, route):
    for stranger in (bob, charlie):
        assert api(stranger).get("/lead-routes").json()["total"] == 0
        assert api(stranger).get(f"/lead-routes/{route.pk}").status_code == 404
        assert api(stranger).patch(f"/lead-routes/{route.pk}", {"filter": "x"}).status_code == 404
        assert api(stranger).delete(f"/lead-routes/{route.pk}").status_code == 404
    assert LeadRoute.objects.get().filter == ""


def test_deleting_a_route_returns_it(api, alice, route):
    removed = api(alice).delete(f"/lead-routes/{route.pk}")

    assert removed.status_code == 200
    assert removed.json()["id"] == route.pk
    assert api(alice).get(f"/lead-routes/{route.pk}").status_code == 404


def filters_in_order():
    return list(LeadRoute.objects.order_by("position").values_list("filter", flat=True))


def test_a_new_route_is_placed_before_the_first_less_specific_one(api, alice, campaign, by_email):
    base = {"campaign_id": campaign.pk, "distribution_target": "Myself"}
    contact_only = {"contact_source_id": by_email.pk, "filter": "contact source"}
    both = {"lead_source_id": ZILLOW, "contact_source_id": by_email.pk, "filter": "both"}

    for body in (contact_only, {"lead_source_id": ZILLOW}, {"lead_source_id": TRULIA, "filter": "lead source"}, both):
        api(alice).made("/lead-routes", base | body)

    assert filters_in_order() == ["both", "lead source", "", "contact source"]
    assert list(LeadRoute.objects.order_by("position").values_list("position", flat=True)) == [1, 2, 3, 4]


@pytest.mark.contract("Lead routes", "`position` moves a route", "ours")
def test_a_route_can_be_moved(api, alice, campaign):
    base = {"campaign_id": campaign.pk, "distribution_target": "Myself", "lead_source_id": ZILLOW}
    first, *_, last = [api(alice).made("/lead-routes", base | {"filter": name}) for name in ("a", "b", "c")]

    assert api(alice).patch(f"/lead-routes/{last['id']}", {"position": 1}).json()["position"] == 1
    assert filters_in_order() == ["c", "a", "b"]
    assert api(alice).patch(f"/lead-routes/{first['id']}", {"position": 99}).json()["position"] == 3
    assert filters_in_order() == ["c", "b", "a"]
    assert api(alice).made("/lead-routes", base | {"filter": "d", "position": 2})["position"] == 2
    assert filters_in_order() == ["c", "d", "b", "a"]


def test_a_route_that_becomes_less_specific_is_moved(api, alice, campaign):
    base = {"campaign_id": campaign.pk, "distribution_target": "Myself", "lead_source_id": ZILLOW}
    narrow, _ = [api(alice).made("/lead-routes", base | {"filter": name}) for name in ("a", "b")]

    api(alice).patch(f"/lead-routes/{narrow['id']}", {"filter": ""})

    assert filters_in_order() == ["b", ""]


@pytest.mark.contract("Lead routes", "A route without a source takes leads from every source", "ours")
@pytest.mark.parametrize("empty", [{}, {"lead_source_id": None, "contact_source_id": None}, {"lead_source_id": 0}])
def test_a_route_without_a_source_matches_leads_that_no_other_route_matches(api, alice, campaign, mary, empty):
    base = {"campaign_id": campaign.pk, "distribution_target": "Myself"}
    every = api(alice).made("/lead-routes", base | empty)
    zillow = api(alice).made("/lead-routes", base | {"lead_source_id": ZILLOW})
    contacts = api(alice).made("/lead-routes", base | {"contact_source_id": mary.source_id, "filter": "Seller"})

    for given, route in (
        ({"source_id": ZILLOW}, zillow),
        ({"source_id": TRULIA, "type": "Seller"}, contacts),
        ({"source_id": TRULIA}, every),
        ({}, every),
        ({"source_id": None}, every),
    ):
        lead = api(alice).made("/leads", {"contact_id": mary.pk} | given)
        assert Lead.objects.get(pk=lead["id"]).route_id == route["id"], given
    assert (every["lead_source"], every["contact_source"]) == (None, None)
    in_order = [row["id"] for row in api(alice).get("/lead-routes?$sort[position]=1").json()["data"]]
    assert in_order == [zillow["id"], contacts["id"], every["id"]]


def test_among_routes_for_every_source_those_with_conditions_come_first(api, alice, campaign):
    base = {"campaign_id": campaign.pk, "distribution_target": "Myself"}
    bodies = ({"filter": ""}, {"cities": "Irvine"}, {"filter": "Buyer"}, {"lead_source_id": TRULIA, "filter": "Seller"})

    for body in bodies:
        api(alice).made("/lead-routes", base | body)

    in_order = LeadRoute.objects.order_by("position").values_list("filter", "cities")
    assert list(in_order) == [("Seller", ""), ("Buyer", ""), ("", "Irvine"), ("", "")]


def test_a_route_that_loses_its_source_is_tried_last(api, alice, campaign, route):
    other = make_route(alice, campaign, lead_source_id=TRULIA, position=2)

    patched = api(alice).patch(f"/lead-routes/{route.pk}", {"lead_source_id": None}).json()

    assert (patched["lead_source"], patched["position"]) == (None, 2)
    assert LeadRoute.objects.get(pk=other.pk).position == 1


@pytest.mark.contract("Lead routes", "A new route returns a known contact to the previous agent", "ours")
def test_a_new_route_returns_contacts_to_the_previous_agent_by_default(api, alice, whole):
    assert api(alice).made("/lead-routes", whole)["is_returning_to_claimer"] is True
    off = api(alice).made("/lead-routes", whole | {"is_returning_to_claimer": False})
    assert off["is_returning_to_claimer"] is False
    changed = api(alice).patch(f"/lead-routes/{off['id']}", {"filter": "Seller"}).json()
    assert changed["is_returning_to_claimer"] is False


def test_a_list_of_routes_takes_as_many_queries_as_one_route(
    api, alice, route, campaign, by_email, django_assert_num_queries
):
    client = api(alice)
    with django_assert_num_queries(2):
        client.get("/lead-routes")
    for name in "abcdefg":
        make_route(alice, campaign, filter=name, contact_source=by_email)
    with django_assert_num_queries(2):
        assert client.get("/lead-routes").json()["total"] == 8


def test_a_route_of_a_renamed_duplicate_source_still_matches(api, alice, campaign, by_email):
    """When a database with two sources of one name is migrated, the later source is renamed."""
    later = ContactSource.objects.create(user=alice, name="passing")
    ContactSource.objects.filter(pk=later.pk).update(name=f"email #{later.pk}")
    other = ContactSource.objects.create(user=alice, name="Open house #1")
    routes = [make_route(alice, campaign, lead_source_id=None, contact_source=each) for each in (later, other)]
    old, new = [Contact.objects.create(owner_user=alice, source=each) for each in (later, by_email)]

    with connection.cursor() as cursor:
        cursor.execute(import_module("leads.migrations.0007_routes_of_doubled_sources").TO_THE_ONE_THAT_STANDS)

    for contact in (old, new):
        lead = api(alice).made("/leads", {"contact_id": contact.pk, "lead_source_id": TRULIA})
        assert RoutingTrace.objects.get(lead=lead["id"]).decision["route_id"] == routes[0].pk
    routes[1].refresh_from_db()
    assert routes[1].contact_source == other


def test_the_embedded_team_has_its_order_method_as_a_number(api, alice, team, route):
    team.order_method, team.distribution_zipcodes = "Time", "92618"
    team.is_contact_resource_sharing_enabled = False
    team.save()

    shown = api(alice).get(f"/lead-routes/{route.pk}").json()["team"]

    assert (shown["order_method"], shown["is_sharing_contacts"], shown["distribution_zipcodes"]) == (2, 0, "92618")


# Conditions


def test_the_values_of_a_condition_are_text_or_a_list(api, alice, whole):
    lists = {"types": ["Buyer", "Renter"], "cities": "Irvine, Tustin", "zipcodes": [92618, "02108"]}

    made = api(alice).made("/lead-routes", whole | lists)

    assert (made["types"], made["cities"], made["zipcodes"]) == ("Buyer,Renter", "Irvine, Tustin", "92618,02108")
    assert api(alice).patch(f"/lead-routes/{made['id']}", {"types": [], "cities": None}).json()["types"] == ""


def test_a_value_may_contain_a_comma(api, alice, whole):
    made = api(alice).made(
        "/lead-routes", whole | {"cities": ["Washington, D.C.", "Irvine"], "zipcodes": "K1A 0B1,V6B"}
    )

    assert made["cities"] == '"Washington, D.C.",Irvine'
    refused = api(alice).patch(f"/lead-routes/{made['id']}", {"cities": '"Washington, D.C.'})
    assert list(refused.json()["errors"]) == ["cities"]
    assert list(api(alice).patch(f"/lead-routes/{made['id']}", {"zipcodes": "K1A, Ottawa"}).json()["errors"]) == [
        "zipcodes"
    ]


def test_a_price_range_is_validated_as_a_whole(api, alice, whole):
    made = api(alice).made("/lead-routes", whole | {"price_from": "500000", "off_hours": "hold until open"})

    assert (made["price_from"], made["off_hours"]) == (500_000, "Hold Until Open")
    refused = api(alice).patch(f"/lead-routes/{made['id']}", {"price_to": 400_000})
    assert refused.status_code == 400
    assert "500000" in refused.json()["errors"]["price_from"]
    assert api(alice).patch(f"/lead-routes/{made['id']}", {"price_to": 400_000, "price_from": 0}).status_code == 200


def test_a_route_with_conditions_is_placed_before_the_same_without(api, alice, whole):
    for number, given in enumerate([{}, {"cities": "Irvine"}, {"filter": ""}], 1):
        api(alice).made("/lead-routes", whole | given | {"types": ""})
        assert LeadRoute.objects.count() == number
    in_order = LeadRoute.objects.order_by("position").values_list("cities", "filter")
    assert list(in_order) == [("Irvine", "Buyer"), ("", "Buyer"), ("", "")]


def test_routes_may_name_the_same_zip_codes(api, alice, whole):
    for _ in range(2):
        api(alice).made("/lead-routes", whole | {"zipcodes": "92618"})


@pytest.mark.parametrize(("order", "number"), [("Rank", 1), ("Time", 2), ("Round Robin", 3), ("Broadcast", 4)])
def test_the_order_method_of_the_embedded_team_is_a_number(api, alice, team, whole, order, number):
    api(alice).patch(f"/teams/{team.pk}", {"order_method": order})

    assert api(alice).made("/lead-routes", whole)["team"]["order_method"] == number
