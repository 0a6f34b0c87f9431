"""Caps are checked when a turn is due."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from leads import jobs
from leads.models import Lead, LeadOffer, LeadRoute
from tests.leads.conftest import NOON, inquiry, make_contact, offer_of, statuses


@pytest.fixture(autouse=True)
def automatic(route):
    LeadRoute.objects.update(is_automatic=True)


def bring(api, alice, count=1):
    made = [api(alice).made("/leads", inquiry(make_contact(alice)))["id"] for _ in range(count)]
    return list(Lead.objects.filter(pk__in=made).order_by("pk"))


def cap(option, **caps):
    for name, value in caps.items():
        setattr(option, name, value)
    option.save()


def had_by(user):
    return LeadOffer.objects.filter(user=user, status__in=["Sent", "Claimed"]).count()


@pytest.mark.parametrize("name", ["cap_open", "cap_day"])
def test_a_cap_set_or_reached_after_planning_skips_the_member_at_their_turn(
    name, api, alice, bob, dana, options, run, clock
):
    leads = bring(api, alice, 3)
    cap(options[0], **{name: 2})

    run()

    assert statuses(leads[1]) == {"Bob": "Sent", "Dana": "Pending"}
    assert statuses(leads[2]) == {"Bob": "Cancelled", "Dana": "Sent"}
    assert offer_of(leads[2], dana).alerted_at == clock.now
    codes = {"cap_open": "open_lead_cap", "cap_day": "daily_cap"}
    bobs = offer_of(leads[2], bob)
    assert (bobs.end_code, bobs.end_details) == (codes[name], {"cap": 2, "count": 2})


def test_later_turns_count_toward_the_cap(api, alice, dana, options, run):
    """Dana has the second turn of each lead; when they were planned, she had no lead."""
    cap(options[1], cap_open=2)
    leads = bring(api, alice, 4)
    run(minutes=5)

    assert had_by(dana) == 2
    assert [statuses(lead)["Dana"] for lead in leads] == ["Sent", "Sent", "Cancelled", "Cancelled"]


def test_a_lead_falls_back_immediately_if_all_members_are_at_their_caps(api, alice, team, options, run, clock):
    team.fallback_target = "Pond"
    team.save()
    (lead,) = bring(api, alice)
    for option in options:
        cap(option, cap_day=0)

    run()

    lead.refresh_from_db()
    assert (set(statuses(lead).values()), lead.ponded_at) == ({"Cancelled"}, clock.now)


def test_a_cap_holds_for_automatic_assignment(api, alice, bob, options, run):
    cap(options[0], assign_automatically=True)
    bring(api, alice, 3)
    cap(options[0], cap_open=1)

    run()

    assert had_by(bob) == Lead.objects.filter(claimed_by_user=bob).count() == 1


def test_a_claimed_lead_without_contact_counts_as_open(api, alice, bob, options, run):
    first, second = bring(api, alice, 2)
    run(minutes=0)
    cap(options[0], cap_open=1)
    api(bob).patch(f"/leads/{first.pk}/offers/{offer_of(first, bob).pk}", {"status": "Claimed"})
    api(bob).patch(f"/leads/{second.pk}/offers/{offer_of(second, bob).pk}", {"status": "Declined"})
    (third,) = bring(api, alice)
    assert statuses(third) == {"Dana": "Pending"}


def test_an_offer_whose_window_ends_before_the_turn_does_not_count(api, alice, team, bob, options):
    """Bob's current offer expires before the route of the next lead opens."""
    team.is_exclusive_window = True
    team.save()
    cap(options[0], cap_open=1)
    bring(api, alice)
    LeadRoute.objects.update(open_hours="Mon 12:05-20:00", off_hours="Hold Until Open")

    (held,) = bring(api, alice)

    assert offer_of(held, bob).notify_at == NOON + timedelta(minutes=5)


def test_without_caps_no_further_query_is_made(api, alice, options, clock):
    bring(api, alice, 2)
    with CaptureQueriesContext(connection) as asked:
        jobs.send_offers.run_batch(clock.now)
    assert not [query for query in asked if "hashtextextended(team_id" in query["sql"] or "midnight" in query["sql"]]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_leads_do_not_exceed_a_cap(api, alice, bob, options, clock, monkeypatch):
    cap(options[0], cap_open=7, cap_day=9)
    monkeypatch.setattr(jobs.send_offers, "BATCH_SIZE", 4)
    clients = [(api(alice), inquiry(make_contact(alice))) for _ in range(30)]

    def post(given):
        try:
            return given[0].post("/leads", given[1]).status_code
        finally:
            connections.close_all()

    def work(_):
        try:
            return jobs.run_due(clock.now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(post, clients)) == [201] * 30
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    jobs.run_due(clock.now)

    assert had_by(bob) == 7
    assert LeadOffer.objects.filter(status="Sent", user__first_name="Dana").count() == 23
