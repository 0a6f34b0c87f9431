"""What is still to come of a campaign is sent by the agent who works with the contact then."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import senders
from campaigns.enrollment import enroll_many
from campaigns.jobs import send_communications
from campaigns.models import ContactCommunication
from crm.models import Contact
from messaging.models import Message, PhoneNumber
from teams.models import User
from tests.campaigns.conftest import NOON, NUMBER, communications, make_action, make_contact, messages, start

BOBS_NUMBER = "+19495550198"


@pytest.fixture
def bob(bob: User, team) -> User:
    """Bob, who has a number to text from and is in alice's team."""
    PhoneNumber.objects.create(number=BOBS_NUMBER, user=bob)
    User.objects.filter(pk=bob.pk).update(system_phone=BOBS_NUMBER)
    return bob


def assign(api, owner, contact, user):
    path = f"/contacts/{contact.pk}"
    answer = api(owner).patch(path, {"assigned_user_id": user.pk if user else None})
    assert answer.status_code == 200, answer.content


def left():
    """Who sent each text, and from which number."""
    sent = Message.objects.filter(channel="text", status="sent").order_by("pk")
    return list(sent.values_list("user__first_name", "sender"))


def test_what_is_still_to_come_is_sent_by_the_agent_to_whom_the_contact_goes(api, alice, bob, campaign, mary, run):
    make_action(campaign)
    make_action(campaign, delay_by_seconds=3600)
    start(api, alice, campaign, mary)
    run(minutes=10)

    assign(api, alice, mary, bob)
    assert [row["send_from_user_id"] for row in communications(api, alice, mary)] == [alice.pk, bob.pk]
    run(hours=1)

    assert left() == [("Alice", NUMBER), ("Bob", BOBS_NUMBER)]


def test_it_comes_back_to_the_owner_with_the_contact(api, alice, bob, campaign, mary, run):
    make_action(campaign)
    start(api, alice, campaign, mary)
    assign(api, alice, mary, bob)
    assign(api, alice, mary, None)
    run(minutes=10)
    assert left() == [("Alice", NUMBER)]


def test_a_sender_whom_the_action_names_stays(api, alice, bob, campaign, mary, run):
    make_action(campaign, assigned_user=alice)
    start(api, alice, campaign, mary)
    assign(api, alice, mary, bob)
    run(minutes=10)
    assert left() == [("Alice", NUMBER)]


def test_a_text_that_waits_for_morning_leaves_in_the_new_agents_name(api, alice, bob, campaign, mary, run):
    make_action(campaign, delay_by_seconds=10 * 3600)  # ten in the evening
    start(api, alice, campaign, mary)
    run(hours=11)
    assert messages() == [("text", "+19495550150", "held")]

    assign(api, alice, mary, bob)
    run(hours=10)

    assert messages() == [("text", "+19495550150", "cancelled"), ("text", "+19495550150", "sent")]
    assert left() == [("Bob", BOBS_NUMBER)]
    assert ContactCommunication.objects.get().completed_at is not None


def test_what_has_left_stays_the_former_agents(api, alice, bob, campaign, mary, run):
    make_action(campaign)
    start(api, alice, campaign, mary)
    run(minutes=10)
    assign(api, alice, mary, bob)
    run(hours=1)
    assert left() == [("Alice", NUMBER)]
    assert ContactCommunication.objects.get().send_from_user == alice


def test_the_engine_goes_by_the_contact_whatever_was_planned(alice, bob, campaign, mary):
    """As where an enrolment read who works with the contact just before that changed."""
    make_action(campaign)
    enroll_many(campaign=campaign, contacts=[mary], started_by=alice, now=NOON)
    Contact.objects.filter(pk=mary.pk).update(assigned_user=bob)

    send_communications.run_due(NOON + timedelta(minutes=10))

    assert Message.objects.get().sender == BOBS_NUMBER
    assert ContactCommunication.objects.get().send_from_user == bob


def test_many_contacts_that_change_hands_cost_the_statements_of_one(alice, bob, campaign):
    make_action(campaign)
    contacts = [make_contact(alice) for _ in range(6)]
    enroll_many(campaign=campaign, contacts=contacts, started_by=alice, now=NOON)
    Contact.objects.update(assigned_user=bob)

    costs = []
    for each in (contacts[:1], contacts[1:]):
        with CaptureQueriesContext(connection) as asked:
            senders.follow_contacts([contact.pk for contact in each], now=NOON)
        costs.append(len(asked))

    assert costs == [2, 2]
    assert set(ContactCommunication.objects.values_list("send_from_user", flat=True)) == {bob.pk}
