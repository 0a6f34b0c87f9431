"""`POST /lead-routes/simulate`: simulated leads, without any change."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.admin.routes.simulation_diff import compare
from leads.models import Lead, LeadOffer, LeadRoute
from teams.models import Team, User
from tests.leads.conftest import NOON, ZILLOW, inquiry, make_contact, make_route

PATH = "/lead-routes/simulate"


def at(**later):
    """Return a time after noon in the format of the API."""
    return (NOON + timedelta(**later)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def simulate(api, alice):
    """`simulate(lead={...})` is what alice is answered."""

    def ask(**body):
        answer = api(alice).post(PATH, body)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


def stops_of(answer):
    """Return the stops of the only lead: destination, time and alerted members."""
    (lead,) = answer["leads"]
    return [
        (station["target"], station["at"], [(offer["user_id"], offer["at"]) for offer in station["offers"]])
        for station in lead["stops"]
    ]


# One lead


def test_the_result_shows_who_is_offered_a_lead_and_when(simulate, team, bob, dana, route, options):
    answer = simulate(lead={"source_id": ZILLOW, "type": "Buyer"})

    (lead,) = answer["leads"]
    assert lead["decision"]["route_id"] == route.pk
    assert lead["decision"]["tried"] == [
        {"route_id": route.pk, "matched": True, "condition": "", "expected": None, "actual": None}
    ]
    assert stops_of(answer) == [
        ("Team", at(), [(bob.pk, at()), (dana.pk, at(minutes=5))]),
        ("Owner", at(minutes=10), []),
    ]
    assert lead["stops"][0]["offers"][0]["channels"] == ["Text", "Email"]
    assert answer["summary"] == {
        "leads": 1,
        "routes": [{"route_id": route.pk, "leads": 1}],
        "teams": [{"team_id": team.pk, "leads": 1, "first_offers": [{"user_id": bob.pk, "leads": 1}]}],
        "unrouted": 0,
        "not_notified": 0,
        "never_matched": [],
    }


def test_a_rule_that_does_not_match_is_shown_with_the_compared_values(simulate, alice, campaign):
    rich = make_route(alice, campaign, price_from=1_000_000)
    answer = simulate(lead={"source_id": ZILLOW, "listing_price": "$750,000"})

    (tried,) = answer["leads"][0]["decision"]["tried"]
    assert (tried["condition"], tried["expected"], tried["actual"]) == ("price", [1_000_000, None], 750_000)
    assert stops_of(answer) == [("Owner", at(), [])]
    assert (answer["summary"]["unrouted"], answer["summary"]["never_matched"]) == (1, [rich.pk])


def test_routes_are_listed_in_the_order_of_evaluation(simulate, alice, campaign, route):
    late = make_route(alice, campaign, position=route.position + 1, lead_source_id=ZILLOW)
    answer = simulate(lead={"source_id": ZILLOW}, routes=[{"id": route.pk}, {"id": late.pk, "position": 0}])
    shares = [{"route_id": late.pk, "leads": 1}, {"route_id": route.pk, "leads": 0}]
    assert answer["summary"]["routes"] == shares


def test_at_another_time_other_members_are_available(simulate, bob, dana, options, route):
    User.objects.filter(pk=bob.pk).update(working_hours="Mon-Fri 9-17")
    evening = at(hours=8)
    answer = simulate(lead={"source_id": ZILLOW}, at=evening)

    assert stops_of(answer)[0] == ("Team", evening, [(dana.pk, evening)])
    (skipped,) = answer["leads"][0]["stops"][0]["skipped"]
    assert (skipped["user_id"], skipped["code"]) == (bob.pk, "outside_working_hours")


def test_a_lead_of_a_contact_has_its_source_and_returns_to_the_earlier_claimer(
    simulate, api, alice, dana, mary, route, options
):
    LeadRoute.objects.update(is_returning_to_claimer=True, lead_source=None, contact_source=mary.source)
    Lead.objects.create(
        owner_user=alice, contact=mary, team=route.team, claimed_by_user=dana, claimed_at=NOON, created_at=NOON
    )
    answer = simulate(lead={"contact_id": mary.pk})

    (station,) = answer["leads"][0]["stops"]
    assert (station["target"], station["user_id"]) == ("User", dana.pk)
    dana.is_active = False
    dana.save()
    station = simulate(lead={"contact_id": mary.pk})["leads"][0]["stops"][0]
    assert (station["code"], station["details"]["because"]["code"]) == ("earlier_claimer_unavailable", "user_inactive")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "lead"),
        ({"lead": {}, "days": 3}, "days"),
        ({"days": 0}, "days"),
        ({"lead": {"contact_id": 999_999}}, "lead.contact_id"),
        ({"lead": {"source_id": 999_999}}, "lead.source_id"),
        ({"lead": {"source_id": "Zillow"}}, "lead.source_id"),
        ({"lead": {}, "at": "soon"}, "at"),
        ({"lead": {}, "routes": [{"lead_source_id": 1}]}, "routes[0].campaign_id"),
        ({"lead": {}, "routes": [{"id": 999_999}]}, "routes[0].id"),
        ({"csv": "name\nMary"}, "csv"),
        ({"csv": "type,type\nBuyer,Seller"}, "csv"),
        ({"csv": "type\n" + "Buyer\n" * 1001}, "csv"),
        ({"csv": "type,city\n\n"}, "csv"),
        ({"csv": 'type,"city\nBuyer,Irvine'}, "csv"),
        ({"lead": {}, "rutes": []}, "rutes"),
        ({"lead": {"typ": "Buyer"}}, "lead.typ"),
        ({"lead": {}, "routes": [{}, {"feilds": 1}]}, "routes[1].feilds"),
    ],
)
def test_invalid_input_is_refused_by_field(api, alice, body, field):
    answer = api(alice).post(PATH, body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_a_complete_lead_and_route_from_the_api_are_accepted(api, alice, simulate, mary, lead, route, options):
    lead_row, route_row = (api(alice).get(path).json() for path in (f"/leads/{lead.pk}", f"/lead-routes/{route.pk}"))

    assert len(simulate(lead=inquiry(mary), routes=[route_row])["leads"]) == 1
    assert len(simulate(lead=lead_row)["leads"]) == 1


def test_another_users_contact_is_unknown(api, alice, charlie):
    strangers = make_contact(charlie)
    assert api(alice).post(PATH, {"lead": {"contact_id": strangers.pk}}).status_code == 400


# Many


def test_a_table_is_read_row_by_row_and_invalid_rows_are_listed_by_line(simulate, route, options):
    table = "\n".join(
        ["Source_ID, type ,note", "1,Buyer,hello", "", '1,"two\nlines",x', "x,Buyer,", "99999,Buyer,", "1,2,3,4"]
    )
    answer = simulate(csv=table)

    assert [lead["line"] for lead in answer["leads"]] == [2, 4]
    assert answer["invalid_rows"] == [
        {"line": 6, "message": "source_id must be a whole number."},
        {"line": 7, "message": "source_id names no record: there is no 99999 that you may use."},
        {"line": 8, "message": "The row has 4 values, but the first line has 3 columns."},
    ]


@pytest.mark.contract("Lead routes", "A simulated table names the columns that it does not use", "ours")
def test_columns_are_recognized_in_any_spelling_and_unused_ones_are_listed(simulate, route, options):
    answer = simulate(csv="\ufeffSource ID;TYPE; Zip-Code ;listingPrice;Agent;Agent;\n1;Buyer;92618;$1;Ann;Bob;\n")

    (lead,) = answer["leads"]
    assert lead["lead"] == {"source_id": ZILLOW, "type": "Buyer", "zipcode": "92618", "listing_price": "$1"}
    assert [(warning["code"], warning["details"]) for warning in answer["warnings"]] == [
        ("unused_column", {"column": "Agent"})
    ]


@pytest.mark.parametrize("twice", ["type,Type", "source_id,Source ID", "zip code,ZIP_CODE,type"])
def test_a_repeated_column_is_refused_by_name(api, alice, twice):
    answer = api(alice).post(PATH, {"csv": f"{twice}\n1,2,3\n"})
    assert answer.status_code == 400
    first, second = twice.split(",")[:2]
    assert f"{first} and {second}" in answer.json()["errors"]["csv"]


@pytest.mark.parametrize("text", ["a," * 201 + "type\nx", "type\n" + "x" * 1_000_000])
def test_an_oversized_table_is_refused(api, alice, text):
    assert list(api(alice).post(PATH, {"csv": text}).json()["errors"]) == ["csv"]


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_columns_may_be_separated_by_commas_semicolons_or_tabs(simulate, route, options, separator):
    table = "\ufeff" + separator.join(["type", "source_id", "note"]) + "\r\n" + separator.join(["Buyer", "1", "x"])

    (lead,) = simulate(csv=table)["leads"]

    assert lead["lead"] == {"type": "Buyer", "source_id": ZILLOW}


@pytest.mark.parametrize("broken", ['1,"Buyer,x', '1,"Buyer"s,x'])
def test_an_open_quotation_mark_invalidates_only_its_row(simulate, route, options, broken):
    answer = simulate(csv=f'source_id,type,note\n1,Buyer,x\n{broken}\n1,"Seller",x\n1,Buyer,x\n')

    assert [lead["line"] for lead in answer["leads"]] == [2, 4, 5]
    (bad,) = answer["invalid_rows"]
    assert bad["line"] == 3
    assert bad["message"].startswith("The row cannot be read: ")
    assert bad["message"].endswith("Is a quotation mark left open?")


def test_a_round_robin_advances_in_the_simulation_and_is_not_changed(simulate, team, bob, dana, route, options):
    Team.objects.filter(pk=team.pk).update(order_method="Round Robin")
    for _ in range(2):
        answer = simulate(csv="source_id\n" + "1\n" * 5)
        firsts = [lead["stops"][0]["offers"][0]["user_id"] for lead in answer["leads"]]
        assert firsts == [bob.pk, dana.pk, bob.pk, dana.pk, bob.pk]
        rotation = answer["leads"][1]["stops"][0]["rotation"]
        assert (rotation["pointer_before"], rotation["pointer_after"]) == (bob.pk, dana.pk)
    assert answer["summary"]["teams"][0]["first_offers"] == [
        {"user_id": bob.pk, "leads": 3},
        {"user_id": dana.pk, "leads": 2},
    ]


@pytest.mark.parametrize("told_at_once", [{"order_method": "Broadcast"}, {"mins_until_next_alert": 0}])
def test_members_alerted_together_are_all_counted_as_first(told_at_once, simulate, team, bob, dana, route, options):
    Team.objects.filter(pk=team.pk).update(**told_at_once)

    (share,) = simulate(csv="source_id\n1\n1\n")["summary"]["teams"]

    assert share["leads"] == 2
    assert share["first_offers"] == [{"user_id": bob.pk, "leads": 2}, {"user_id": dana.pk, "leads": 2}]


def test_caps_fill_from_lead_to_lead_and_the_daily_cap_restarts(simulate, bob, dana, route, options):
    options[0].cap_day = 1
    options[0].save()
    table = "source_id,created_at\n" + "".join(f"1,{at(hours=hours)}\n" for hours in (0, 1, 24))
    firsts = [lead["stops"][0]["offers"][0]["user_id"] for lead in simulate(csv=table)["leads"]]
    assert firsts == [bob.pk, dana.pk, bob.pk]


def test_caps_are_checked_at_each_turn_and_the_next_member_follows_immediately(
    simulate, bob, dana, team, route, options
):
    """The first turns of both leads are planned for the same time, but the cap allows only one."""
    Team.objects.filter(pk=team.pk).update(fallback_target="Pond")
    options[1].cap_open = 1
    options[1].save()
    table = f"source_id,created_at\n1,{at()}\n1,{at()}\n"
    first, second = (lead["stops"] for lead in simulate(csv=table)["leads"])
    assert [offer["user_id"] for offer in first[0]["offers"]] == [bob.pk, dana.pk]
    assert [offer["user_id"] for offer in second[0]["offers"]] == [bob.pk]
    (skipped,) = second[0]["skipped"]
    assert (skipped["user_id"], skipped["code"], skipped["details"]) == (
        dana.pk,
        "open_lead_cap",
        {"cap": 1, "count": 1},
    )
    assert (second[1]["target"], second[1]["at"]) == ("Pond", at(minutes=10))


def test_past_leads_are_shown_beside_their_actual_result(simulate, api, alice, bob, lead, run, clock):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    offer = LeadOffer.objects.get(lead=lead, user=bob)
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer.pk}", {"status": "Claimed"})
    answer = simulate(days=7)

    (simulated,) = answer["leads"]
    assert simulated["at"] == at()
    assert simulated["actual"] == {
        "lead_id": lead.pk,
        "route_id": lead.route_id,
        "team_id": lead.team_id,
        "first_alert_at": at(),
        "claimed_by_user_id": bob.pk,
        "claimed_at": at(),
        "claimed_via": "Text",
        "claimed_through": "api",
    }
    clock.advance(days=8)
    assert simulate(days=7)["leads"] == []


# A draft


def test_a_draft_replaces_the_routes_and_is_not_saved(simulate, team, bob, route, options, campaign):
    LeadRoute.objects.update(filter="Seller")
    draft = [{"id": route.pk, "filter": ""}]
    assert simulate(lead={"source_id": ZILLOW})["summary"]["unrouted"] == 1

    answer = simulate(lead={"source_id": ZILLOW}, routes=draft)

    assert answer["leads"][0]["decision"]["route_id"] == route.pk
    assert simulate(lead={"source_id": ZILLOW}, routes=[])["summary"]["unrouted"] == 1
    assert LeadRoute.objects.get().filter == "Seller"


def test_new_routes_of_a_draft_have_negative_ids_and_default_positions(simulate, route, campaign):
    plain = {"campaign_id": campaign.pk, "lead_source_id": ZILLOW, "distribution_target": "Myself"}
    draft = [{"id": route.pk}, plain | {"filter": "Buyer"}, plain | {"position": 1, "cities": ["Tustin"]}]

    tried = simulate(lead={"source_id": ZILLOW, "type": "Buyer"}, routes=draft)["leads"][0]["decision"]["tried"]

    assert [attempt["route_id"] for attempt in tried] == [-2, -1]
    assert LeadRoute.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"open_hours": "Mon 9-25"}, "open_hours"),
        ({"price_from": 2, "price_to": 1}, "price_from"),
        ({"team_id": 999_999}, "team_id"),
        ({"distribution_target": "Team Rollout"}, "team_selection_method"),
    ],
)
def test_errors_of_a_draft_name_the_route(api, alice, campaign, body, field):
    plain = {"campaign_id": campaign.pk, "lead_source_id": ZILLOW, "distribution_target": "Myself"}
    answer = api(alice).post(PATH, {"lead": {}, "routes": [plain, plain | body]})
    assert answer.status_code == 400
    assert answer.json()["errors"][f"routes[1].{field}"].startswith(f"routes[1].{field}")


def test_a_draft_cannot_contain_a_route_of_charlie_or_one_twice(api, alice, charlie, route):
    for routes in ([{"id": route.pk}, {"id": route.pk}], [{"id": route.pk}, 7], [{"id": "first"}]):
        assert api(alice).post(PATH, {"lead": {}, "routes": routes}).status_code == 400
    assert api(charlie).post(PATH, {"lead": {}, "routes": [{"id": route.pk}]}).status_code == 400


# Without a trace


def test_a_simulation_only_reads_and_takes_a_constant_number_of_queries(api, alice, team, options, route, mary):
    Team.objects.filter(pk=team.pk).update(order_method="Round Robin", fallback_target="Pond")
    options[0].cap_open = 3
    options[0].save()
    client = api(alice)

    def asked(rows):
        table = "source_id,contact_id\n" + f"1,{mary.pk}\n" * rows
        with CaptureQueriesContext(connection) as queries:
            assert client.post(PATH, {"csv": table}).status_code == 200
        return [query["sql"] for query in queries]

    few, many = asked(1), asked(200)
    assert len(few) == len(many)
    assert all(sql.lstrip().startswith("SELECT") and "FOR " not in sql for sql in many)


@pytest.mark.parametrize("moment", ["9999-12-29T23:00:00Z", "9999-06-01", "1000-01-01"])
def test_any_time_is_simulated_or_refused(api, alice, route, options, moment):
    Team.objects.update(mins_until_next_alert=60 * 24 * 300)
    for body in ({"at": moment, "lead": {"source_id": ZILLOW}}, {"lead": {"source_id": ZILLOW, "created_at": moment}}):
        assert api(alice).post(PATH, body).status_code in (200, 400)
    LeadRoute.objects.update(open_hours="Mon 9-10", off_hours="Hold Until Open")
    assert api(alice).post(PATH, {"at": moment, "lead": {"source_id": ZILLOW}}).status_code in (200, 400)


def test_the_diff_counts_a_lead_for_each_first_recipient(simulate, team, bob, dana, route, options):
    asked = {"csv": "source_id\n1\n1\n"}
    now = simulate(**asked)
    Team.objects.filter(pk=team.pk).update(order_method="Broadcast")
    names = {("user", bob.pk): "Bob", ("user", dana.pk): "Dana", ("team", team.pk): "Pride"}

    told = compare(now, simulate(**asked), names, ZoneInfo("UTC"))

    assert [[str(cell).strip() for cell in row] for row in told.shares.rows] == [
        ["Team Pride", "2", "2", "="],
        ["Bob", "2", "2", "="],
        ["Dana", "0", "2", "+2"],
    ]
    assert told.summary == "2 leads: 2 would be offered to another member of the team first, 0 would not change."
