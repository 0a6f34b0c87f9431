"""The fairness of a round robin in the report: first offers compared with the shares by weight."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leads.models import Lead, LeadOffer, LeadRoute
from teams.models import Team
from tests.leads.conftest import TRULIA, ZILLOW, inquiry, make_contact, make_option, make_route


@pytest.fixture(autouse=True)
def turning(team, alice, route, options):
    """Alice, bob and dana take turns, bob two of four; leads are offered automatically."""
    team.order_method = "Round Robin"
    team.save()
    make_option(team, alice, has_email_alert=True)
    team.distribution_options.filter(user__first_name="Bob").update(weight=2)
    LeadRoute.objects.update(is_automatic=True)


@pytest.fixture
def bring(api, alice):
    """`bring(2)` brings so many leads in."""

    def make(count=1, **fields):
        return [api(alice).made("/leads", inquiry(make_contact(alice), **fields))["id"] for _ in range(count)]

    return make


@pytest.fixture
def firsts(api, alice, team):
    """Return the first offers of each member, and the expected ones."""

    def read(**query):
        report = api(alice).get(f"/teams/{team.pk}/distribution-report", query).json()
        members = {row["user"]["first_name"]: row for row in report["by_member"]}
        return {
            name: (members[name]["first_offers"], members[name]["expected_first_offers"]) for name in sorted(members)
        }

    return read


@pytest.mark.contract(
    "Teams",
    "the report's `first_offers` and `expected_first_offers` prove that a round robin is fair",
    "ours",
)
def test_first_offers_match_the_weights(bring, run, firsts):
    bring(8)
    run(minutes=1)

    assert firsts() == {"Alice": (2, 2), "Bob": (4, 4), "Dana": (2, 2)}


def test_first_offers_are_less_than_one_lead_from_their_shares(bring, run, firsts):
    for _ in range(7):
        bring()
        run(minutes=1)

        assert all(abs(first - expected) < 1 for first, expected in firsts().values())


def test_an_unavailable_member_has_no_share_for_that_time(bring, run, firsts, bob, clock):
    bring(4)
    run(minutes=1)
    bob.paused_until = clock.now + timedelta(hours=1)
    bob.save()
    bring(4)
    run(minutes=1)

    assert firsts() == {"Alice": (3, 3), "Bob": (2, 2), "Dana": (3, 3)}


def test_a_member_skipped_at_their_turn_has_no_share_of_that_lead(bring, run, firsts, bob):
    (lead,) = bring()
    assert LeadOffer.objects.get(lead=lead, position=0).user == bob
    bob.is_active = False
    bob.save()
    run(minutes=1)

    told = firsts()

    assert sum(first for first, _ in told.values()) == 1
    assert told["Bob"] == (0, 0)
    assert (told["Alice"][1], told["Dana"][1]) == (0.5, 0.5)


def test_a_declined_first_offer_counts(bring, run, firsts, api, bob):
    (lead,) = bring()
    run()
    offer = LeadOffer.objects.get(lead=lead, user=bob)
    api(bob).patch(f"/leads/{lead}/offers/{offer.pk}", {"status": "Declined"})
    run(minutes=1)

    assert firsts()["Bob"] == (1, 0.5)


def test_a_fallen_back_lead_counts_for_the_team_that_it_reached(api, bring, run, firsts, alice, team, campaign):
    """The trace stores the turn of a fallback as a later event."""
    empty = Team.objects.create(creator=alice, name="Empty", fallback_target="Team", fallback_team=team)
    made = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team", "team": empty}
    make_route(alice, campaign, lead_source_id=TRULIA, is_automatic=True, **made)
    bring(4, source_id=TRULIA)
    run(minutes=1)

    assert set(Lead.objects.values_list("team", flat=True)) == {team.pk}
    assert firsts() == {"Alice": (1, 1), "Bob": (2, 2), "Dana": (1, 1)}


def test_a_claim_from_the_pond_is_not_a_first_offer(api, bring, run, firsts, dana, team):
    team.distribution_options.all().delete()
    Team.objects.update(fallback_target="Pond")
    (lead,) = bring()
    run(minutes=1)
    assert api(dana).post(f"/leads/{lead}/claim").status_code == 200

    assert firsts()["Dana"] == (0, None)


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ("Rank", {"Alice": (0, None), "Bob": (3, None), "Dana": (0, None)}),
        ("Time", {"Alice": (3, None), "Bob": (3, None), "Dana": (0, None)}),
        ("Broadcast", {"Alice": (3, None), "Bob": (3, None), "Dana": (3, None)}),
    ],
)
def test_other_order_methods_have_no_shares(order, told, bring, run, firsts, team):
    Team.objects.update(order_method=order)
    team.distribution_options.filter(user__first_name="Dana").update(mins_until_lead_offer=5)
    bring(3)
    run(hours=1)

    assert firsts() == told


def test_after_a_change_of_the_order_method_leads_without_a_share_count_as_offered(bring, run, firsts):
    bring(4)
    Team.objects.update(order_method="Rank")
    bring(3)
    run(minutes=1)

    assert firsts() == {"Alice": (1, 1), "Bob": (5, 5), "Dana": (1, 1)}


def test_first_offers_can_be_filtered_by_source(bring, run, firsts):
    bring(4)
    run(minutes=1)

    assert firsts(source_id=ZILLOW)["Bob"] == (2, 2)
    assert firsts(source_id=TRULIA)["Bob"] == (0, None)


def test_many_leads_take_as_many_queries_as_one(bring, run, firsts):
    def statements():
        with CaptureQueriesContext(connection) as asked:
            firsts()
        return len(asked)

    bring()
    run(minutes=1)
    statements()  # the first also makes a token
    few = statements()
    bring(8)
    run(minutes=1)

    assert statements() == few


def test_the_page_shows_fairness_as_a_chart_and_a_table(bring, run, alice, team):
    bring(7)
    run(minutes=1)

    html = page_of(alice, team)

    assert "First offers compared with the weights" in html
    assert "The largest deviation from a share is 0.5 of a lead." in html
    assert html.count('aria-labelledby="fairness-plot"') == 1


def test_the_page_shows_no_fairness_without_shares(bring, run, alice, team):
    Team.objects.update(order_method="Rank")
    bring(2)
    run(minutes=1)

    assert "what the weights promised" not in page_of(alice, team)


def page_of(user, team):
    client = Client()
    client.force_login(user)
    return client.get(f"/admin/leads/distributionreport/{team.pk}/change/", {"from": "2027-03-01"}).content.decode()
