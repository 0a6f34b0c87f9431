import re
from datetime import timedelta

import pytest

from leads import jobs
from leads.models import Lead, LeadOffer
from leads.notifications.reply_codes import free_codes
from messaging.models import Message
from teams.models import TeamMember
from tests.conftest import make_user
from tests.leads.conftest import (
    NOON,
    emails_to,
    inquiry,
    make_contact,
    make_option,
    offer_of,
    statuses,
    texts_to,
)


@pytest.fixture
def offered(api, alice, lead):
    api(alice).post(f"/leads/{lead.pk}/offers")
    return lead


def offer_another(api, alice, contact):
    """Offer one more lead of alice's route."""
    made = api(alice).made("/leads", inquiry(contact))
    api(alice).post(f"/leads/{made['id']}/offers")
    return Lead.objects.get(pk=made["id"])


def test_members_are_alerted_one_after_the_other(offered, bob, dana, run):
    run()
    assert (len(texts_to(bob)), len(texts_to(dana))) == (1, 0)
    assert statuses(offered) == {"Bob": "Sent", "Dana": "Pending"}

    run(minutes=4, seconds=59)
    assert statuses(offered)["Dana"] == "Pending"
    run(seconds=1)

    assert statuses(offered) == {"Bob": "Sent", "Dana": "Sent"}
    assert offer_of(offered, dana).alerted_at == NOON + timedelta(minutes=5)
    assert (len(texts_to(bob)), len(texts_to(dana))) == (1, 1)


def test_an_alert_describes_the_lead_and_how_to_claim_it(offered, bob, run, settings):
    run()

    (alert,) = texts_to(bob)
    told, _, how = re.fullmatch(r"(.+?) (http\S+/c/\S+) (.+)", alert).groups()
    assert told == "New lead: Mary Jackson, Buyer, Irvine, $10,000,000 (Zillow)."
    assert how == "Reply 1 to claim."
    assert len(alert) <= 160  # one segment
    assert emails_to(bob) == ["New lead: Mary Jackson, Buyer, Irvine, $10,000,000 (Zillow)"]
    text, email = Message.objects.order_by("channel").reverse()
    assert (text.sender, text.recipient, text.purpose) == (settings.ALERT_NUMBER, bob.phone_e164, "alert")
    assert (email.recipient, email.user) == (bob.email, bob)
    offer = offer_of(offered, bob)
    assert (offer.alert_text, offer.alert_email, offer.reply_number) == (text, email, 1)


def test_an_alert_contains_no_contact_details(api, alice, bob, mary, route, options, run):
    mary.first_name, mary.last_name = "+1 949 555 0150", ""
    mary.save()
    offer_another(api, alice, mary)

    run()

    for words in Message.objects.values_list("subject", "body"):
        assert "0150" not in "".join(words)
        assert "mary@example.com" not in "".join(words)
    assert "a new contact" in texts_to(bob)[0]


def test_a_long_message_is_truncated_in_a_text(api, alice, bob, mary, route, options, run):
    mary.first_name = "Maria\n" + "de la " * 40
    mary.save()
    offer_another(api, alice, mary)

    run()

    assert len(texts_to(bob)[0]) < 160
    assert "\n" not in texts_to(bob)[0] + emails_to(bob)[0]


def test_each_member_is_alerted_on_their_own_channels(offered, team, bob, dana, run):
    LeadOffer.objects.filter(user=bob).update(has_email_alert=False)
    LeadOffer.objects.filter(user=dana).update(has_text_alert=False)

    run(minutes=5)

    assert (len(texts_to(bob)), emails_to(bob)) == (1, [])
    assert (texts_to(dana), len(emails_to(dana))) == ([], 1)
    assert offer_of(offered, dana).reply_number is None


def test_the_open_offers_of_an_agent_have_different_numbers(api, alice, bob, dana, mary, route, options, run):
    for _ in range(3):
        offer_another(api, alice, mary)
    run()

    assert sorted(LeadOffer.objects.filter(user=bob).values_list("reply_number", flat=True)) == [1, 2, 3]
    run(minutes=5)
    assert sorted(LeadOffer.objects.filter(user=dana).values_list("reply_number", flat=True)) == [1, 2, 3]


def test_a_number_is_not_used_again_while_another_is_free(api, alice, bob, mary, route, options, run):
    seen = []
    for _ in range(11):
        lead = offer_another(api, alice, mary)
        run()
        seen.append(offer_of(lead, bob).reply_number)
        api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})
        run(seconds=1)

    assert seen == [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2]


def test_more_than_nine_open_offers_have_longer_numbers(api, alice, bob, mary, route, options, run):
    for _ in range(11):
        offer_another(api, alice, mary)

    run()

    numbers = LeadOffer.objects.filter(user=bob).order_by("pk").values_list("reply_number", flat=True)
    assert list(numbers) == list(range(1, 12))


def test_after_a_claim_no_other_member_is_alerted(api, offered, bob, dana, run):
    run()
    api(bob).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, bob).pk}", {"status": "Claimed"})

    run(minutes=10)

    assert texts_to(dana) == []
    assert statuses(offered)["Dana"] == "Cancelled"


def test_an_interval_of_zero_alerts_all_members_in_order_of_rank(api, alice, bob, dana, mary, team, route, run):
    team.mins_until_next_alert = 0
    team.save()
    make_option(team, dana, rank=1)
    make_option(team, bob, rank=2)
    offer_another(api, alice, mary)

    run()

    alerts = Message.objects.order_by("pk").values_list("user__first_name", flat=True)
    assert list(alerts) == ["Dana", "Bob"]


# Assigned without claiming


def test_a_lead_is_assigned_automatically_at_the_turn(api, alice, bob, dana, mary, offered, run):
    LeadOffer.objects.filter(user=dana).update(assign_automatically=True)

    run(minutes=5)

    offered.refresh_from_db()
    assert (offered.claimed_by_user, offered.claimed_via, offered.time_to_claim) == (dana, "Auto", 300)
    assert offered.claimed_through == "automatic"
    assert statuses(offered) == {"Bob": "Lost", "Dana": "Claimed"}
    assert texts_to(bob) == []  # it had not left
    mary.refresh_from_db()
    assert mary.assigned_user == dana
    (text,) = texts_to(dana)
    assert "The lead is yours" in text
    assert "(949) 555-0150" in text
    assert len(emails_to(dana)) == 1
    assert api(dana).get(f"/leads/{offered.pk}").status_code == 200


def test_no_member_is_alerted_together_with_an_automatic_assignment(offered, bob, dana, run):
    LeadOffer.objects.update(notify_at=NOON)
    LeadOffer.objects.filter(user=dana).update(assign_automatically=True)

    run()

    assert statuses(offered) == {"Bob": "Cancelled", "Dana": "Claimed"}
    assert texts_to(bob) == []


def test_the_first_of_two_automatic_members_gets_the_lead(offered, bob, run):
    LeadOffer.objects.update(notify_at=NOON, assign_automatically=True)

    run()

    assert statuses(offered) == {"Bob": "Claimed", "Dana": "Cancelled"}


def test_an_earlier_claim_is_not_overwritten(api, offered, bob, dana, run):
    LeadOffer.objects.filter(user=dana).update(assign_automatically=True)
    run()
    api(bob).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, bob).pk}", {"status": "Claimed"})

    run(minutes=10)

    offered.refresh_from_db()
    assert offered.claimed_by_user == bob
    assert texts_to(dana) == []


# What changed since it was planned


def test_an_offer_of_a_claimed_lead_is_never_alerted(offered, alice, bob, run, clock):
    """A claim written directly to the database does not end its offers."""
    Lead.objects.update(claimed_by_user=alice, claimed_at=clock.now)

    run(minutes=5)

    assert statuses(offered) == {"Bob": "Cancelled", "Dana": "Cancelled"}
    assert texts_to(bob) == []


def test_a_user_deactivated_after_planning_is_not_alerted(offered, bob, run):
    bob.is_active = False
    bob.save()

    run()

    assert (offer_of(offered, bob).status, offer_of(offered, bob).end_code) == ("Cancelled", "user_inactive")
    assert texts_to(bob) == []


def test_a_member_who_became_unreachable_is_skipped(offered, bob, run):
    LeadOffer.objects.filter(user=bob).update(has_email_alert=False)
    bob.phone = ""
    bob.save()

    run()

    assert offer_of(offered, bob).end_code == "no_channel"


def test_changes_of_options_do_not_affect_a_rollout_in_progress(offered, dana, team, run):
    team.distribution_options.all().delete()
    team.mins_until_next_alert = 60
    team.save()

    run(minutes=5)

    assert len(texts_to(dana)) == 1


# An outage


def test_after_an_outage_the_remaining_offers_keep_their_distance(offered, bob, dana, clock):
    clock.advance(minutes=12)

    jobs.run_due(clock.now)

    assert statuses(offered) == {"Bob": "Sent", "Dana": "Pending"}
    assert offer_of(offered, dana).notify_at == NOON + timedelta(minutes=17)


def test_after_an_outage_a_skipped_member_delays_no_other(offered, bob, dana, clock):
    bob.is_active = False
    bob.save()
    clock.advance(minutes=12)

    jobs.run_due(clock.now)

    assert statuses(offered) == {"Bob": "Cancelled", "Dana": "Sent"}


def test_after_an_outage_a_member_alerted_beside_a_skipped_one_keeps_the_distance(
    offered, alice, team, bob, dana, clock
):
    LeadOffer.objects.update(notify_at=NOON)
    LeadOffer.objects.create(
        lead=offered, team=team, user=alice, position=2, notify_at=NOON + timedelta(minutes=5), has_text_alert=True
    )
    bob.is_active = False
    bob.save()
    clock.advance(minutes=12)

    jobs.run_due(clock.now)

    assert statuses(offered) == {"Bob": "Cancelled", "Dana": "Sent", "Alice": "Pending"}


def test_an_alert_that_is_a_little_late_moves_nothing(offered, dana, clock):
    clock.advance(seconds=60)

    jobs.run_due(clock.now)

    assert offer_of(offered, dana).notify_at == NOON + timedelta(minutes=5)


def test_members_due_together_are_alerted_together_after_any_delay(offered, clock):
    LeadOffer.objects.update(notify_at=NOON)
    clock.advance(hours=2)

    jobs.run_due(clock.now)

    assert statuses(offered) == {"Bob": "Sent", "Dana": "Sent"}


# Cost


def test_a_tick_without_due_work_takes_one_query(offered, clock, django_assert_max_num_queries):
    jobs.run_due(clock.now)
    with django_assert_max_num_queries(3):
        assert jobs.run_due(clock.now) == 0
    assert jobs.next_due_at() == NOON + timedelta(minutes=5)


def test_numbers_fill_the_lowest_gaps_and_then_continue():
    taken = free_codes([*range(1, 11), 13], highest=40, recent=[])
    assert [next(taken) for _ in range(4)] == [11, 12, 41, 42]


def test_no_number_has_more_than_four_digits():
    taken = free_codes(range(1, 101), highest=9998, recent=[])
    assert [next(taken) for _ in range(3)] == [9999, None, None]


def test_a_large_batch_takes_as_many_queries_as_a_small_one(
    api, alice, team, route, options, clock, django_assert_num_queries
):
    for at in range(3):
        member = make_user(f"Member{at}", f"013{at}")
        TeamMember.objects.create(team=team, user=member, request_status="Accepted")
        make_option(team, member, rank=9)
    team.mins_until_next_alert = 0
    team.save()
    offer_another(api, alice, make_contact(alice))
    with django_assert_num_queries(BATCH_QUERIES):
        assert jobs.send_offers.run_batch(clock.now) == 5
    for _ in range(12):
        offer_another(api, alice, make_contact(alice))
    with django_assert_num_queries(BATCH_QUERIES):
        assert jobs.send_offers.run_batch(clock.now) == 60


BATCH_QUERIES = 13  # two of them are the savepoint of the test's own transaction


def test_batches_run_until_no_work_is_due(api, alice, mary, team, route, options, run, monkeypatch):
    monkeypatch.setattr(jobs.send_offers, "BATCH_SIZE", 2)
    team.mins_until_next_alert = 0
    team.save()
    for _ in range(4):
        offer_another(api, alice, mary)

    assert run() == 8

    assert not LeadOffer.objects.exclude(status="Sent").exists()
