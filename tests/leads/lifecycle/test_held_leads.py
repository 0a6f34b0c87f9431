"""Leads received outside the hours of their route, which are held until it opens."""

from datetime import timedelta

import pytest

from leads.models import Lead, LeadOffer, LeadRoute
from teams.models import Team, TeamMemberDistributionOption
from tests.leads.conftest import NOON, ZILLOW, inquiry, make_contact, make_option, statuses

AT_FIVE = NOON + timedelta(hours=5)


@pytest.fixture(autouse=True)
def held(route):
    """The route opens at 17:00 today and on every later day."""
    LeadRoute.objects.update(open_hours="Mon-Sun 17:00-20:00", off_hours="Hold Until Open", is_automatic=True)


def take_in(api, alice, **fields):
    return Lead.objects.get(pk=api(alice).made("/leads", inquiry(make_contact(alice), **fields))["id"])


@pytest.mark.parametrize("cap", ["cap_open", "cap_day"])
def test_held_leads_count_toward_the_caps(api, alice, options, cap):
    TeamMemberDistributionOption.objects.filter(user__first_name="Bob").update(**{cap: 1})

    first, second = take_in(api, alice), take_in(api, alice)

    assert first.offers.get(notify_at=AT_FIVE).user.first_name == "Bob"
    assert statuses(second) == {"Dana": "Pending"}


def test_a_daily_cap_is_that_of_the_opening_day(api, alice, options, run, clock):
    """Bob's leads of today do not count tomorrow."""
    TeamMemberDistributionOption.objects.filter(user__first_name="Bob").update(cap_day=1)
    LeadRoute.objects.update(open_hours="")
    take_in(api, alice)
    LeadRoute.objects.update(open_hours="Tue 9:00-17:00")

    assert "Bob" in statuses(take_in(api, alice))


def test_the_fallback_team_also_waits_for_the_opening(api, alice, charlie, team, options, run):
    second = Team.objects.create(creator=alice, name="Second")
    second.memberships.create(user=charlie, request_status="Accepted")
    make_option(second, charlie)
    Team.objects.filter(pk=team.pk).update(fallback_target="Team", fallback_team=second)
    TeamMemberDistributionOption.objects.filter(team=team).update(paused_until=NOON + timedelta(days=9))

    lead = take_in(api, alice)
    run()

    assert LeadOffer.objects.get(lead=lead).notify_at == AT_FIVE
    assert statuses(lead) == {"Charlie": "Pending"}


@pytest.mark.parametrize("chosen", [{}, {"team_selection_method": "Zipcode", "team": None}])
def test_a_lead_is_held_over_a_holiday(api, alice, options, chosen):
    Team.objects.update(holidays=[NOON.date()], distribution_zipcodes="92618")
    LeadRoute.objects.update(**chosen)
    lead = take_in(api, alice)
    assert lead.offers.earliest("notify_at").notify_at == AT_FIVE + timedelta(days=1)


# A contact whose last lead a member claimed


@pytest.fixture
def danas(alice, dana, team, options):
    """Dana claimed an earlier lead of this contact. She is away until 13:00; leads return to the earlier claimer."""
    LeadRoute.objects.update(is_returning_to_claimer=True)
    contact = make_contact(alice)
    Lead.objects.create(
        owner_user=alice, contact=contact, team=team, claimed_by_user=dana, claimed_at=NOON - timedelta(days=1)
    )
    dana.paused_until = NOON + timedelta(hours=1)
    dana.save()
    return contact


def take_in_of(api, alice, contact):
    return Lead.objects.get(pk=api(alice).made("/leads", inquiry(contact))["id"])


def test_the_earlier_claimer_gets_the_lead_at_the_opening(api, alice, dana, danas, run):
    lead = take_in_of(api, alice, danas)
    assert statuses(lead) == {"Dana": "Pending", "Bob": "Pending"}
    assert set(lead.offers.values_list("notify_at", flat=True)) == {AT_FIVE}

    run(hours=5)

    lead.refresh_from_db()
    assert (lead.claimed_by_user, lead.claimed_at, lead.claimed_via) == (dana, AT_FIVE, "Auto")
    assert statuses(lead) == {"Dana": "Claimed", "Bob": "Cancelled"}


def test_the_earlier_claimer_gets_the_lead_immediately_if_available(api, alice, dana, danas):
    dana.paused_until = None
    dana.save()

    lead = take_in_of(api, alice, danas)

    assert (lead.claimed_by_user, lead.claimed_at) == (dana, NOON)


def test_the_other_members_are_offered_the_lead_if_the_earlier_claimer_is_unavailable(api, alice, dana, danas):
    dana.paused_until = AT_FIVE + timedelta(hours=1)
    dana.save()

    assert statuses(take_in_of(api, alice, danas)) == {"Bob": "Pending"}


def test_the_other_turns_remain_if_the_earlier_claimer_becomes_unavailable(api, alice, dana, danas, run):
    lead = take_in_of(api, alice, danas)
    dana.is_active = False
    dana.save()

    run(hours=5)

    assert statuses(lead) == {"Dana": "Cancelled", "Bob": "Sent"}
    assert lead.offers.get(status="Sent").alerted_at == AT_FIVE


def test_a_returned_lead_takes_no_round_robin_turn(api, alice, danas, team, run):
    Team.objects.update(order_method="Round Robin")
    take_in_of(api, alice, danas)
    run(hours=5)

    assert not any(team.rotation.values_list("credit", flat=True))


def test_the_trace_shows_that_the_earlier_claimer_gets_the_lead_at_the_opening(api, alice, dana, danas):
    lead = take_in_of(api, alice, danas)

    entry = lead.trace_entries.get(kind="Planned")
    assert entry.code == "earlier_claimer_later"
    because = {"code": "paused", "details": {"until": "2027-03-01T21:00:00+00:00"}}
    assert (entry.details["earlier_claimer_user_id"], entry.details["because"]) == (dana.pk, because)


def test_the_simulation_gives_the_same_result(api, alice, bob, dana, danas, run):
    asked = {"lead": {"contact_id": danas.pk, "source_id": ZILLOW}}
    (foreseen,) = api(alice).post("/lead-routes/simulate", asked).json()["leads"]
    opened, given = foreseen["stops"]

    assert [offer["user_id"] for offer in opened["offers"]] == [dana.pk]
    assert (given["target"], given["user_id"], given["at"]) == ("User", dana.pk, "2027-03-02T01:00:00.000Z")
