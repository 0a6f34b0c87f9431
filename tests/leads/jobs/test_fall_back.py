from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import jobs
from leads.models import Lead
from teams.models import Team, TeamMember
from tests.leads.conftest import NOON, emails_to, inquiry, make_contact, make_option, offer_of, statuses, texts_to


@pytest.fixture
def second(alice, charlie):
    """Return another team of alice's, with charlie as member."""
    team = Team.objects.create(creator=alice, name="Second")
    TeamMember.objects.create(team=team, user=charlie, request_status="Accepted")
    make_option(team, charlie, rank=1)
    return team


def falls_back(team, target, **to):
    team.fallback_target = target
    for name, value in to.items():
        setattr(team, name, value)
    team.save()


def offer(api, alice, lead):
    assert api(alice).post(f"/leads/{lead.pk}/offers").status_code == 201


def kinds(lead):
    return list(lead.trace_entries.values_list("kind", flat=True))


def test_after_the_last_turn_the_fallback_team_is_offered_the_lead(api, alice, team, second, charlie, lead, run):
    falls_back(team, "Team", fallback_team=second)
    offer(api, alice, lead)

    run(minutes=10)

    lead.refresh_from_db()
    assert (lead.team, lead.fallback_count) == (second, 1)
    assert statuses(lead) == {"Bob": "Sent", "Dana": "Sent", "Charlie": "Sent"}
    assert offer_of(lead, charlie).alerted_at == NOON + timedelta(minutes=10)
    assert len(texts_to(charlie)) == 1
    assert kinds(lead)[-2:] == ["Fell back", "Planned"]


@pytest.mark.parametrize("how", [{}, {"types": "Buyer"}, {"off_hours": "Hold Until Open"}, {"by": "Zipcode"}])
def test_on_a_holiday_of_the_team_the_lead_falls_back_immediately(
    api, alice, team, second, charlie, mary, options, route, run, how
):
    falls_back(team, "Team", fallback_team=second)
    team.holidays, team.distribution_zipcodes = [NOON.date()], "92618"
    team.save()
    if how.pop("by", None):
        how = {"team_selection_method": "Zipcode", "team": None}
    type(route).objects.update(is_automatic=True, **how)

    lead = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"])
    run()

    assert statuses(lead) == {"Charlie": "Sent"}
    assert offer_of(lead, charlie).alerted_at == NOON
    assert [one["code"] for one in lead.routing_trace.skipped] == ["day_off"] * 2


def test_the_first_team_can_still_claim_the_lead(api, alice, team, second, bob, lead, run):
    falls_back(team, "Team", fallback_team=second)
    offer(api, alice, lead)
    run(minutes=10)

    answer = api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})

    assert answer.status_code == 200
    assert statuses(lead) == {"Bob": "Claimed", "Dana": "Lost", "Charlie": "Lost"}


def test_a_claim_by_the_first_team_moves_the_lead_back_to_it(api, alice, team, second, bob, charlie, lead, run):
    falls_back(team, "Team", fallback_team=second, mins_until_contact=30)
    falls_back(second, "Pond", mins_until_fallback=0)
    offer(api, alice, lead)
    run(minutes=10)
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})

    lead.refresh_from_db()
    assert (lead.team, lead.contact_due_at) == (team, NOON + timedelta(minutes=40))
    assert api(charlie).post(f"/leads/{lead.pk}/claim").status_code == 409  # too late
    claims = [api(alice).get(f"/teams/{one.pk}/distribution-report").json()["totals"] for one in (team, second)]
    assert [(totals["claims"], totals["passed_on"]) for totals in claims] == [(1, 0), (0, 1)]

    run(minutes=30)

    again = lead.offers.filter(round=1).values_list("team", "user__first_name")
    assert list(again) == [(team.pk, "Dana")]
    assert lead.trace_entries.last().details["team_id"] == team.pk


def test_the_fallback_user_gets_the_lead(api, alice, team, second, charlie, mary, lead, run):
    falls_back(team, "User", fallback_user=charlie, mins_until_fallback=20)
    offer(api, alice, lead)

    run(minutes=24)
    lead.refresh_from_db()
    assert lead.claimed_by_user is None
    run(minutes=1)

    lead.refresh_from_db()
    mary.refresh_from_db()
    assert (lead.claimed_by_user, lead.claimed_via, mary.assigned_user) == (charlie, "Assigned", charlie)
    assert statuses(lead) == {"Bob": "Lost", "Dana": "Lost"}
    assert "The lead is yours" in texts_to(charlie)[0]
    assert len(emails_to(charlie)) == 1
    assert api(charlie).get(f"/leads/{lead.pk}").status_code == 200


def test_a_fallback_user_without_a_common_team_gets_no_lead(api, alice, team, second, charlie, lead, run, client):
    falls_back(team, "User", fallback_user=charlie)
    place = TeamMember.objects.get(team=second, user=charlie)
    assert api(charlie).delete(f"/team-members/{place.pk}").status_code == 200
    offer(api, alice, lead)

    run(minutes=15)

    lead.refresh_from_db()
    assert lead.claimed_by_user is None
    entry = lead.trace_entries.get(kind="No member")
    assert (entry.code, entry.details["fallback_user_id"]) == ("fallback_user_unavailable", charlie.pk)
    assert entry.details["because"]["code"] == "left_creators_teams"
    assert len(emails_to(alice)) == 1
    client.force_login(alice)
    words = f"Leads fall back to {charlie}, who cannot get them: left the teams of the creator."
    assert words in client.get(f"/admin/teams/team/{team.pk}/change/").content.decode()
    assert words in client.get("/admin/teams/team/").content.decode()
    refused = api(alice).patch(f"/teams/{team.pk}", {"fallback_target": "User"})
    assert refused.status_code == 400
    assert str(charlie) in refused.json()["errors"]["fallback_user_id"]


@pytest.mark.parametrize("becomes", ["creator", "owns the team", "member"])
def test_a_fallback_user_in_any_team_of_the_creator_gets_the_lead(api, alice, charlie, team, lead, run, becomes):
    falls_back(team, "User", fallback_user=alice if becomes == "creator" else charlie)
    if becomes != "creator":
        theirs = Team.objects.create(creator=charlie if becomes == "owns the team" else alice, name="Theirs")
        joins = alice if becomes == "owns the team" else charlie
        TeamMember.objects.create(team=theirs, user=joins, request_status="Accepted")
    offer(api, alice, lead)

    run(minutes=15)

    lead.refresh_from_db()
    assert lead.claimed_by_user == team.fallback_user


def test_of_two_leads_assigned_together_the_first_assigns_the_contact(
    api, alice, team, second, charlie, mary, lead, run
):
    falls_back(team, "User", fallback_user=charlie)
    twin = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"])
    for each in (lead, twin):
        offer(api, alice, each)

    run(minutes=15)

    mary.refresh_from_db()
    assert mary.assigned_user == charlie
    assert list(Lead.objects.order_by("pk").values_list("claimed_by_user", "has_assigned_contact")) == [
        (charlie.pk, True),
        (charlie.pk, False),
    ]


def test_a_claim_ends_the_distribution(api, alice, bob, team, charlie, lead, run):
    falls_back(team, "User", fallback_user=charlie)
    team.mins_until_alarm = 30
    team.save()
    offer(api, alice, lead)
    run()
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})

    lead.refresh_from_db()
    assert (lead.falls_back_at, lead.alarm_at) == (None, None)
    run(hours=1)
    lead.refresh_from_db()
    assert lead.claimed_by_user == bob
    assert jobs.next_due_at() is None


def test_without_a_fallback_the_lead_stays(api, alice, lead, run):
    offer(api, alice, lead)

    run(hours=5)

    assert (texts_to(alice), "No member" in kinds(lead)) == ([], False)
    assert jobs.next_due_at() is None


def test_the_owner_is_the_end_of_a_fallback_chain(api, alice, team, second, lead, run):
    falls_back(team, "Team", fallback_team=second)
    second.is_exclusive_window = True
    second.save()
    offer(api, alice, lead)

    run(minutes=15)

    assert statuses(lead) == {"Bob": "Sent", "Dana": "Sent", "Charlie": "Expired"}
    assert kinds(lead)[-3:] == ["Fell back", "Planned", "No member"]
    assert "Unclaimed lead" in texts_to(alice)[-1]


@pytest.mark.parametrize("target", ["User", "Pond", "Team"])
def test_many_fallbacks_take_as_many_queries_as_one(
    target, api, alice, team, second, charlie, route, options, run, clock
):
    to = {"User": {"fallback_user": charlie}, "Pond": {}, "Team": {"fallback_team": second}}
    falls_back(team, target, **to[target])
    costs = []
    for count in (1, 8):
        for _ in range(count):
            offer(api, alice, Lead.objects.get(pk=api(alice).made("/leads", inquiry(make_contact(alice)))["id"]))
        run(minutes=9, seconds=59)
        clock.advance(seconds=1)
        with CaptureQueriesContext(connection) as counted:
            assert jobs.fall_back.run_batch(clock.now) == count
        costs.append(len(counted))
    assert costs[0] == costs[1] < 30


def test_all_round_robins_of_the_fallback_chain_are_locked_together_by_id(api, alice, team, second, lead):
    """Locked one after another, two leads on opposite chains could deadlock."""
    falls_back(second, "Team", fallback_team=team)
    Team.objects.update(order_method="Round Robin")
    Lead.objects.update(team=second)

    with CaptureQueriesContext(connection) as asked:
        offer(api, alice, lead)

    held = [query["sql"] for query in asked if "pg_advisory_xact_lock" in query["sql"]]
    assert len(held) == 1
    assert "ORDER BY team.id" in held[0]
