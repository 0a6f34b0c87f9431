from datetime import timedelta

import pytest

from leads import jobs
from leads.models import LeadOffer
from messaging.models import Message
from tests.leads.conftest import NOON, make_contact, offer_of, statuses, texts_to
from tests.leads.jobs.test_send_offers import offer_another


@pytest.fixture
def exclusive(team):
    team.is_exclusive_window = True
    team.save()


@pytest.fixture
def offered(api, alice, exclusive, lead, run):
    """Bob's window is the first five minutes, dana's the next."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    return lead


def answer(api, lead, user, status="Claimed"):
    return api(user).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, user).pk}", {"status": status})


def test_a_window_closes_when_the_next_one_opens(offered, bob, dana, run):
    run(minutes=4, seconds=59)
    assert statuses(offered) == {"Bob": "Sent", "Dana": "Pending"}
    run(seconds=1)

    assert statuses(offered) == {"Bob": "Expired", "Dana": "Sent"}
    offer = offer_of(offered, bob)
    assert (offer.end_code, offer.settled_at) == ("window_ended", NOON + timedelta(minutes=5))


def test_an_expired_offer_cannot_be_claimed(api, offered, bob, run):
    run(minutes=5)

    refusal = answer(api, offered, bob)

    assert (refusal.status_code, refusal.json()["name"]) == (409, "Conflict")
    assert refusal.json()["message"] == "This offer is no longer open: it is Expired."


def test_an_expired_offer_cannot_be_claimed_by_its_number(offered, bob, run, text_in):
    number = offer_of(offered, bob).reply_number
    run(minutes=5)

    text_in(bob.phone_e164, str(number))

    offered.refresh_from_db()
    assert offered.claimed_by_user is None
    assert f"Lead {number} is no longer open to you." in texts_to(bob)[-1]


def test_an_expired_offer_cancels_its_unsent_alert(offered, bob, run):
    run(minutes=5)

    alerts = Message.objects.filter(user=bob)
    assert set(alerts.values_list("status", "code")) == {("cancelled", "window_ended")}


def test_the_owner_is_notified_when_the_last_window_ends(offered, alice, run):
    run(minutes=10)

    assert statuses(offered) == {"Bob": "Expired", "Dana": "Expired"}
    assert "Unclaimed lead" in texts_to(alice)[-1]
    assert offered.trace_entries.filter(kind="No member").count() == 1


def test_a_claim_within_the_window_is_kept(api, offered, bob, run):
    run(minutes=4)
    assert answer(api, offered, bob).status_code == 200

    run(minutes=20)

    assert statuses(offered) == {"Bob": "Claimed", "Dana": "Cancelled"}
    offered.refresh_from_db()
    assert offered.falls_back_at is None


def test_a_late_window_has_its_full_length(api, alice, exclusive, lead, clock, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    clock.advance(minutes=12)  # an outage
    jobs.run_due(clock.now)

    closing = LeadOffer.objects.order_by("pk").values_list("closes_at", flat=True)
    assert list(closing) == [NOON + timedelta(minutes=17), NOON + timedelta(minutes=22)]
    lead.refresh_from_db()
    assert lead.falls_back_at == NOON + timedelta(minutes=22)
    run(minutes=5)
    assert statuses(lead) == {"Bob": "Expired", "Dana": "Sent"}


def test_after_an_outage_each_member_has_their_full_window(offered, alice, clock, run):
    clock.advance(minutes=30)
    jobs.run_due(clock.now)

    assert statuses(offered) == {"Bob": "Expired", "Dana": "Sent"}
    assert texts_to(alice) == []
    run(minutes=5)
    assert statuses(offered) == {"Bob": "Expired", "Dana": "Expired"}


def test_expiring_many_offers_takes_as_many_queries_as_one(
    api, alice, exclusive, route, options, run, clock, django_assert_max_num_queries
):
    offer_another(api, alice, make_contact(alice))
    run()
    clock.advance(minutes=5)
    with django_assert_max_num_queries(COST):
        assert jobs.expire_offers.run_batch(clock.now) == 1
    for _ in range(8):
        offer_another(api, alice, make_contact(alice))
    run()
    clock.advance(minutes=5)
    with django_assert_max_num_queries(COST):
        assert jobs.expire_offers.run_batch(clock.now) == 8 + 1  # dana's of the first lead


COST = 14
