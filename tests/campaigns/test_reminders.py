"""Agents are reminded of tasks that fall due: by text or email, once, and only of what is still to be done."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from api.coercion import format_datetime
from campaigns.jobs import reminders
from campaigns.models import Task
from messaging.models import Message
from teams.models import User
from tests.campaigns.conftest import NOON, make_action, make_contact, messages, start

pytestmark = pytest.mark.usefixtures("sending")

HOUR = timedelta(hours=1)
TEXT, EMAIL = "Agent Task - Text Reminder", "Agent Task - Email Reminder"


@pytest.fixture
def task(api, alice, clock):
    """`task(TEXT, ...)` makes one of alice's, due in an hour."""

    def post(kind=TEXT, by=alice, **fields):
        due = {"due_at": format_datetime(clock.now + HOUR)}
        return api(by).made("/tasks", {"action_type": kind, "description": "Call about the viewing"} | due | fields)

    return post


def test_a_text_comes_when_the_task_is_due_and_not_again(task, alice, run):
    task()
    run(minutes=59)
    assert messages() == []
    run(minutes=1)
    assert messages() == [("text", alice.phone_e164, "sent")]
    run(days=1)
    assert len(messages()) == 1


@pytest.mark.contract("Tasks", "When it is due its agent is reminded by text or email, as the type says", "inferred")
@pytest.mark.parametrize(
    ("kind", "channel"),
    [
        (EMAIL, "email"),
        ("Agent Task - Call Reminder", "email"),
        ("Email Contact", "email"),
        ("Call Contact", "email"),
        ("Text Contact", "text"),
        ("Agent Task - No Reminder", None),
        ("None", None),
        ("Direct Mail: Letter", None),
    ],
)
def test_the_type_says_how(task, run, kind, channel):
    task(kind)
    run(hours=1)
    assert [sent for sent, _, _ in messages()] == ([channel] if channel else [])


def test_it_says_what_is_to_do_and_for_whom(task, alice, mary, run):
    task(contact_id=mary.pk)
    task(EMAIL, contact_id=mary.pk, notes="She likes the garden.")
    run(hours=1)

    text, email = Message.objects.order_by("pk")
    assert text.body == "Task due: Call about the viewing\nMary Jackson\n(949) 555-0150\nmary@example.com"
    assert (email.purpose, email.subject) == ("alert", "Task due: Call about the viewing")
    assert email.body == (
        "Call about the viewing\n\nMary Jackson\n(949) 555-0150\nmary@example.com\n\nShe likes the garden.\n\n"
        "Due 2027-03-01 13:00, America/Los_Angeles."
    )
    assert [letter.to for letter in mail.outbox] == [[alice.email]]


def test_the_assignee_is_reminded_and_learns_nothing_of_a_contact_they_do_not_see(task, bob, team, mary, run):
    team.is_contact_resource_sharing_enabled = False
    team.save()
    task(assigned_user_id=bob.pk, contact_id=mary.pk)
    run(hours=1)

    (message,) = Message.objects.all()
    assert (message.recipient, message.body) == (bob.phone_e164, "Task due: Call about the viewing")


def test_without_a_phone_it_is_an_email_and_without_an_assignee_the_owner_gets_it(task, alice, bob, team, run):
    alice.phone = ""
    alice.save()
    User.objects.filter(pk=bob.pk).update(is_active=False)
    task()
    given = task()["id"]
    Task.objects.filter(pk=given).update(assigned_user=bob)
    run(hours=1)
    assert messages() == [("email", alice.email, "sent")] * 2


def test_an_unconfirmed_phone_is_sent_no_reminder(task, alice, run):
    alice.phone = "+1 949 555 0188"
    alice.save()
    task()
    run(hours=1)

    assert messages() == [("email", alice.email, "sent")]


def test_nobody_is_reminded_by_those_who_left(task, alice, run):
    task()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    run(hours=1)
    assert messages() == []
    assert reminders.next_due_at() is None


@pytest.mark.parametrize(
    "change", [{"status": "complete"}, {"status": "deleted"}, {"due_at": None}, {"action_type": "None"}]
)
def test_what_is_out_of_the_way_reminds_nobody(api, alice, task, run, change):
    made = task()["id"]
    assert api(alice).patch(f"/tasks/{made}", change).status_code == 200
    run(days=1)
    assert messages() == []


def test_a_task_put_off_reminds_at_its_new_time(api, alice, task, clock, run):
    made = task()["id"]
    run(hours=1)
    assert api(alice).patch(f"/tasks/{made}", {"notes": "She was out"}).status_code == 200
    run(minutes=1)
    assert len(messages()) == 1
    api(alice).patch(f"/tasks/{made}", {"due_at": format_datetime(clock.now + HOUR)})
    run(hours=1)
    assert len(messages()) == 2


def test_completed_and_reopened_it_reminds_only_once_of_one_time(api, alice, task, run):
    made = task()["id"]
    run(hours=1)
    for status in ("complete", "incomplete"):
        assert api(alice).patch(f"/tasks/{made}", {"status": status}).status_code == 200
    run(hours=1)
    assert len(messages()) == 1


def test_no_time_is_reminded_of_twice_whatever_the_code_does(task):
    made = task()
    with pytest.raises(IntegrityError, match="task_reminded_once"), transaction.atomic():
        Task.objects.filter(pk=made["id"]).update(reminded_for=NOON + HOUR)


@pytest.mark.parametrize(("ago", "reminded"), [(timedelta(minutes=50), 1), (timedelta(hours=1), 0)])
def test_what_was_due_long_before_it_was_written_down_is_no_news(task, run, ago, reminded):
    task(due_at=format_datetime(NOON - ago))
    run(minutes=1)
    assert len(messages()) == reminded


def test_a_campaigns_task_reminds_who_it_is_for(api, alice, bob, campaign, mary, run):
    make_action(campaign, TEXT, notes="Call about the viewing", assigned_user=bob)
    make_action(campaign, "Agent Task - No Reminder")
    start(api, alice, campaign, mary)
    run(minutes=10)
    assert messages() == [("text", bob.phone_e164, "sent")]


def test_a_campaign_that_is_gone_reminds_nobody(api, alice, campaign, mary, run):
    make_action(campaign, TEXT)
    start(api, alice, campaign, mary)
    api(alice).delete(f"/campaigns/{campaign.pk}")
    run(days=1)
    assert messages() == []


def test_each_occurrence_of_a_recurring_task_reminds(api, alice, campaign, mary, run):
    make_action(campaign, TEXT, timing_type="Recurring", recurrence="FREQ=WEEKLY")
    start(api, alice, campaign, mary)
    run(hours=1)
    api(alice).patch(f"/tasks/{Task.objects.get().pk}", {"status": "complete"})
    run(days=7)
    assert len(messages()) == 2


def test_many_are_reminded_in_few_statements(alice, bob, charlie, team, clock, django_assert_num_queries):
    """Whomever their tasks are about, of whom each is told as far as they see them."""
    for size in (3, 60):
        Message.objects.all().delete()
        for agent in (alice, bob, charlie):
            Task.objects.bulk_create(
                Task(
                    owner_user=agent,
                    contact=make_contact(bob, last_name="Poppins") if n else None,
                    action_type=TEXT,
                    description=f"Call {n}",
                    due_at=NOON,
                    remind_at=NOON,
                    created_at=NOON,
                )
                for n in range(size)
            )
        with django_assert_num_queries(11):
            assert reminders.run_due(NOON) == 3 * size
        assert Message.objects.count() == 3 * size
        told = Message.objects.filter(body__contains="Poppins").values_list("recipient", flat=True)
        assert Counter(told) == {alice.phone_e164: size - 1, bob.phone_e164: size - 1}
