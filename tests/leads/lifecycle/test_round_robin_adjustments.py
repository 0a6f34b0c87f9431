"""A round-robin turn whose member is skipped: the next member is charged."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import jobs
from leads.distribution.round_robin import CREDIT_PER_LEAD
from leads.models import Lead, LeadRoute, RotationSlot
from tests.leads.conftest import NOON, inquiry, make_contact, make_option, offer_of, statuses


@pytest.fixture(autouse=True)
def turning(team, alice, bob, dana, route, options):
    """Alice, bob and dana take turns; leads are offered automatically."""
    team.order_method = "Round Robin"
    team.save()
    make_option(team, alice, has_email_alert=True)
    LeadRoute.objects.update(is_automatic=True)


@pytest.fixture
def bring(api, alice):
    """`bring(2)` brings so many leads in."""

    def make(count=1):
        made = [api(alice).made("/leads", inquiry(make_contact(alice)))["id"] for _ in range(count)]
        return list(Lead.objects.filter(pk__in=made).order_by("pk"))

    return make


def places():
    """Return the credit of each member, in leads, and the number of their last turn."""
    rows = RotationSlot.objects.values_list("user__first_name", "credit", "last_turn")
    return {name: (round(credit / CREDIT_PER_LEAD, 2), last_turn) for name, credit, last_turn in rows}


def go_away(user, **how):
    for name, value in (how or {"is_active": False}).items():
        setattr(user, name, value)
    user.save()


def event(api, alice, lead, code):
    timeline = api(alice).get(f"/leads/{lead.pk}/routing-trace").json()["timeline"]
    return next(entry for entry in timeline if entry["code"] == code)


@pytest.mark.parametrize("how", [{"is_active": False}, {"working_hours": "Tue 9-10"}, {"email": "", "phone": ""}])
def test_a_member_skipped_at_their_turn_is_not_charged(how, bob, dana, bring, run):
    (lead,) = bring()
    assert places() == {"Bob": (-0.67, 1), "Dana": (0.33, 0), "Alice": (0.33, 0)}
    go_away(bob, **how)

    run()

    assert statuses(lead) == {"Bob": "Cancelled", "Dana": "Sent", "Alice": "Pending"}
    assert places() == {"Bob": (0, 0), "Dana": (-0.5, 1), "Alice": (0.5, 0)}


def test_the_trace_shows_who_has_the_turn_instead(api, alice, bob, dana, bring, run):
    (lead,) = bring()
    go_away(bob)
    run()

    turn = event(api, alice, lead, "turn_reassigned")
    assert (turn["user_id"], turn["details"]["skipped_user_ids"]) == (dana.pk, [bob.pk])


def test_several_members_can_be_skipped_one_after_another(api, alice, bob, dana, bring, run):
    (lead,) = bring()
    go_away(bob)
    go_away(dana)

    run()

    assert statuses(lead) == {"Bob": "Cancelled", "Dana": "Cancelled", "Alice": "Sent"}
    assert places() == {"Bob": (0, 0), "Dana": (0, 0), "Alice": (0, 1)}


def test_if_all_members_are_skipped_no_member_is_charged(api, alice, bob, dana, bring, run):
    (lead,) = bring()
    for user in (bob, dana):
        go_away(user)
    go_away(alice, email="", phone="")

    run()

    assert set(statuses(lead).values()) == {"Cancelled"}
    assert set(places().values()) == {(0, 0)}
    assert event(api, alice, lead, "turn_unused")["user_id"] is None


def test_the_skipped_turns_of_one_member_are_shared_by_the_others(bob, bring, run):
    leads = bring(6)
    go_away(bob)

    run()

    told = [lead.offers.get(status="Sent").user.first_name for lead in leads]
    assert (told.count("Dana"), told.count("Alice")) == (4, 2)  # two were bob's, and dana is next
    # Of the four that were another's from the start he was owed his share.
    assert places() == {"Bob": (1.33, 0), "Dana": (-1.67, 5), "Alice": (0.33, 6)}
    assert sum(RotationSlot.objects.values_list("credit", flat=True)) == 0


def test_a_declined_or_expired_turn_is_charged(api, bob, bring, run):
    first, _ = bring(2)
    run()
    api(bob).patch(f"/leads/{first.pk}/offers/{offer_of(first, bob).pk}", {"status": "Declined"})
    run(minutes=30)

    assert places() == {"Bob": (-0.33, 1), "Dana": (-0.33, 2), "Alice": (0.67, 0)}


def test_a_member_skipped_as_second_keeps_their_credit(dana, bring, run):
    bring()
    run()
    before = places()
    go_away(dana)

    run(minutes=10)

    assert places() == before


def test_a_member_who_leaves_before_their_turn_is_not_charged(api, alice, bob, dana, team, bring, run):
    LeadRoute.objects.update(open_hours="Mon 17:00-20:00", off_hours="Hold Until Open")
    (lead,) = bring()
    assert offer_of(lead, bob).notify_at > NOON
    membership = team.memberships.get(user=bob)

    assert api(alice).delete(f"/team-members/{membership.pk}").status_code == 200

    assert places() == {"Bob": (0, 0), "Dana": (-0.5, 1), "Alice": (0.5, 0)}


def test_many_skipped_turns_take_as_many_queries_as_one(bob, bring, clock):
    costs = []
    for count in (3, 9):
        bob.is_active = True
        bob.save()
        bring(count)
        go_away(bob)
        with CaptureQueriesContext(connection) as asked:
            jobs.send_offers.run_batch(clock.now)
        costs.append(len(asked))
        jobs.run_due(clock.now)
    assert costs[0] == costs[1]
