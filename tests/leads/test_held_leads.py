"""Leads that come in outside the hours of their route, and wait for them."""

from datetime import timedelta

import pytest

from leads.models import Lead, LeadOffer, LeadRoute
from teams.models import Team, TeamMemberDistributionOption
from tests.leads.conftest import NOON, inquiry, make_contact, make_option, statuses

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
