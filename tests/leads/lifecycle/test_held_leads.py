"""Leads that come in outside the hours of their route, and wait for them."""

from datetime import timedelta

import pytest

from leads.models import Lead, LeadOffer, LeadRoute
from teams.models import Team, TeamMemberDistributionOption
from tests.leads.conftest import NOON, ZILLOW, inquiry, make_contact, make_option, statuses

AT_FIVE = NOON + timedelta(hours=5)


@pytest.fixture(autouse=True)
def held(route):
    """The route opens at five this afternoon, and on every later day."""
    LeadRoute.objects.update(open_hours="Mon-Sun 17:00-20:00", off_hours="Hold Until Open", is_automatic=True)


def take_in(api, alice, **fields):
    return Lead.objects.get(pk=api(alice).made("/leads", inquiry(make_contact(alice), **fields))["id"])


@pytest.mark.parametrize("cap", ["cap_open", "cap_day"])
def test_what_waits_for_the_opening_counts_towards_the_caps(api, alice, options, cap):
    TeamMemberDistributionOption.objects.filter(user__first_name="Bob").update(**{cap: 1})

    first, second = take_in(api, alice), take_in(api, alice)

    assert first.offers.get(notify_at=AT_FIVE).user.first_name == "Bob"
    assert statuses(second) == {"Dana": "Pending"}


def test_a_days_cap_is_that_of_the_day_of_the_opening(api, alice, options, run, clock):
    """What bob had today does not count tomorrow."""
    TeamMemberDistributionOption.objects.filter(user__first_name="Bob").update(cap_day=1)
    LeadRoute.objects.update(open_hours="")
    take_in(api, alice)
    LeadRoute.objects.update(open_hours="Tue 9:00-17:00")

    assert "Bob" in statuses(take_in(api, alice))


def test_where_nobody_will_be_there_the_next_team_waits_for_the_opening_too(api, alice, charlie, team, options, run):
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
def test_a_lead_is_not_held_until_a_holiday_but_until_the_day_after(api, alice, options, chosen):
    Team.objects.update(holidays=[NOON.date()], distribution_zipcodes="92618")
    LeadRoute.objects.update(**chosen)
    lead = take_in(api, alice)
    assert lead.offers.earliest("notify_at").notify_at == AT_FIVE + timedelta(days=1)


# Of a contact whose last lead somebody claimed


@pytest.fixture
def danas(alice, dana, team, options):
    """Dana claimed a lead of this contact's once. She is away until one; leads go back to who claimed before."""
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


def test_it_is_theirs_at_the_opening_if_they_can_take_it_then(api, alice, dana, danas, run):
    lead = take_in_of(api, alice, danas)
    assert statuses(lead) == {"Dana": "Pending", "Bob": "Pending"}
    assert set(lead.offers.values_list("notify_at", flat=True)) == {AT_FIVE}

    run(hours=5)

    lead.refresh_from_db()
    assert (lead.claimed_by_user, lead.claimed_at, lead.claimed_via) == (dana, AT_FIVE, "Auto")
    assert statuses(lead) == {"Dana": "Claimed", "Bob": "Cancelled"}


def test_at_once_if_they_can_take_it_now(api, alice, dana, danas):
    dana.paused_until = None
    dana.save()

    lead = take_in_of(api, alice, danas)

    assert (lead.claimed_by_user, lead.claimed_at) == (dana, NOON)


def test_if_they_can_take_it_neither_now_nor_then_the_others_have_it(api, alice, dana, danas):
    dana.paused_until = AT_FIVE + timedelta(hours=1)
    dana.save()

    assert statuses(take_in_of(api, alice, danas)) == {"Bob": "Pending"}


def test_the_others_turns_stand_for_when_they_cannot_after_all(api, alice, dana, danas, run):
    lead = take_in_of(api, alice, danas)
    dana.is_active = False
    dana.save()

    run(hours=5)

    assert statuses(lead) == {"Dana": "Cancelled", "Bob": "Sent"}
    assert lead.offers.get(status="Sent").alerted_at == AT_FIVE


def test_what_is_theirs_takes_no_turn_in_a_round_robin(api, alice, danas, team, run):
    Team.objects.update(order_method="Round Robin")
    take_in_of(api, alice, danas)
    run(hours=5)

    assert not any(team.rotation.values_list("credit", flat=True))


def test_the_trace_says_that_it_is_theirs_when_it_opens(api, alice, dana, danas):
    lead = take_in_of(api, alice, danas)

    entry = lead.trace_entries.get(kind="Planned")
    assert entry.code == "earlier_claimer_later"
    because = {"code": "paused", "details": {"until": "2027-03-01T21:00:00+00:00"}}
    assert (entry.details["earlier_claimer_user_id"], entry.details["because"]) == (dana.pk, because)


def test_the_rehearsal_has_it_so(api, alice, bob, dana, danas, run):
    asked = {"lead": {"contact_id": danas.pk, "source_id": ZILLOW}}
    (foreseen,) = api(alice).post("/lead-routes/simulate", asked).json()["leads"]
    opened, given = foreseen["stops"]

    assert [offer["user_id"] for offer in opened["offers"]] == [dana.pk]
    assert (given["target"], given["user_id"], given["at"]) == ("User", dana.pk, "2027-03-02T01:00:00.000Z")
