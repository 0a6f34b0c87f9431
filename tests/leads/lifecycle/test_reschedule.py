"""A turn that ends early moves the following turns forward."""

from datetime import timedelta

import pytest

from leads.models import LeadOffer
from teams.models import TeamMember
from tests.conftest import make_user
from tests.leads.conftest import NOON, make_option, offer_of, statuses, texts_to


@pytest.fixture
def erin(team):
    user = make_user("Erin", "0115")
    TeamMember.objects.create(team=team, user=user, request_status="Accepted")
    return user


@pytest.fixture
def offered(api, alice, team, options, erin, lead, run):
    """Bob is alerted now, dana in five minutes, erin in ten."""
    make_option(team, erin, rank=3)
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    return lead


def decline(api, lead, user):
    answer = api(user).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, user).pk}", {"status": "Declined"})
    assert answer.status_code == 200


def told_at(lead, user):
    return offer_of(lead, user).alerted_at


def test_a_decline_alerts_the_next_member_immediately(api, offered, bob, dana, erin, run):
    run(minutes=2)
    decline(api, offered, bob)
    run()

    assert told_at(offered, dana) == NOON + timedelta(minutes=2)
    run(minutes=5)
    assert told_at(offered, erin) == NOON + timedelta(minutes=7)


def test_a_decline_moves_nothing_while_a_later_offer_is_open(api, offered, bob, erin, run):
    run(minutes=5)
    decline(api, offered, bob)

    assert offer_of(offered, erin).notify_at == NOON + timedelta(minutes=10)


def test_a_decline_before_the_turn_moves_nothing(api, offered, dana, erin, run):
    decline(api, offered, dana)

    assert offer_of(offered, erin).notify_at == NOON + timedelta(minutes=10)


def test_windows_and_the_fallback_move_with_the_turns(api, alice, bob, dana, team, lead, options, run):
    team.is_exclusive_window = True
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    run(minutes=2)

    decline(api, lead, bob)

    lead.refresh_from_db()
    offer = offer_of(lead, dana)
    assert (offer.notify_at, offer.closes_at) == (NOON + timedelta(minutes=2), NOON + timedelta(minutes=7))
    assert lead.falls_back_at == NOON + timedelta(minutes=7)


def test_the_owner_is_notified_after_all_members_declined(api, offered, alice, bob, dana, erin, run):
    for user in (bob, dana, erin):
        decline(api, offered, user)
        run()

    assert statuses(offered) == {"Bob": "Declined", "Dana": "Declined", "Erin": "Declined"}
    assert len([text for text in texts_to(alice) if "Unclaimed lead" in text]) == 1
    run(hours=1)
    assert offered.trace_entries.filter(kind="No member").count() == 1


def test_the_lead_falls_back_immediately_after_all_members_declined(api, offered, team, charlie, bob, dana, erin, run):
    team.memberships.create(user=charlie, request_status="Accepted")
    team.fallback_target, team.fallback_user = "User", charlie
    team.save()
    for user in (bob, dana, erin):
        decline(api, offered, user)
    run()

    offered.refresh_from_db()
    assert (offered.claimed_by_user, offered.claimed_via, offered.claimed_at) == (charlie, "Assigned", NOON)


def test_a_member_who_paused_after_planning_is_skipped(offered, bob, dana, erin, run, clock):
    dana.paused_until = NOON + timedelta(days=1)
    dana.save()

    run(minutes=5)

    offer = offer_of(offered, dana)
    assert (offer.status, offer.end_code) == ("Cancelled", "paused")
    assert texts_to(dana) == []
    assert told_at(offered, erin) == NOON + timedelta(minutes=5)


def test_a_member_paused_by_the_team_lead_after_planning_is_skipped(offered, dana, erin, run):
    dana.distribution_options.update(paused_until=NOON + timedelta(minutes=6))

    run(minutes=5)

    assert (offer_of(offered, dana).status, told_at(offered, erin)) == ("Cancelled", NOON + timedelta(minutes=5))


def test_the_owner_is_notified_if_no_member_can_be_alerted(api, alice, bob, dana, lead, options, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    for user in (bob, dana):
        user.is_active = False
        user.save()

    run()

    assert statuses(lead) == {"Bob": "Cancelled", "Dana": "Cancelled"}
    assert "Unclaimed lead" in texts_to(alice)[-1]


def test_the_owner_is_notified_after_all_members_left(api, offered, alice, bob, dana, erin, run):
    for user in (bob, dana, erin):
        api(alice).delete(f"/team-members/{TeamMember.objects.get(user=user).pk}")
    run()

    assert set(LeadOffer.objects.values_list("status", flat=True)) == {"Cancelled"}
    assert "Unclaimed lead" in texts_to(alice)[-1]


def test_a_member_whose_hours_have_not_begun_is_skipped_at_an_early_turn(api, bob, dana, erin, offered, run):
    """Dana's hours begin at 12:04, a minute before her turn."""
    type(dana).objects.filter(pk=dana.pk).update(working_hours="Mon 12:04-17:00")
    run(minutes=2)
    decline(api, offered, bob)
    run()

    assert texts_to(dana) == []
    offer = offer_of(offered, dana)
    assert (offer.status, offer.end_code) == ("Cancelled", "outside_working_hours")
    assert told_at(offered, erin) == NOON + timedelta(minutes=2)


def test_a_member_is_skipped_if_the_moved_turn_is_on_a_holiday(offered, team, dana, erin, run):
    type(team).objects.update(holidays=["2027-03-01"])
    run(minutes=10)

    assert {offer_of(offered, user).end_code for user in (dana, erin)} == {"day_off"}
