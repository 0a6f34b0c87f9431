"""Entering a campaign: who may, what is planned for whom and when, and that nobody enters twice."""

from datetime import UTC, datetime, time, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import schedule
from campaigns.enrollment import enroll, enroll_many
from campaigns.models import COMMUNICATIONS, CampaignAction, CampaignContact, ContactCommunication, Task
from core.reasons import reason_text
from crm.models import Contact, ContactShare
from teams.models import User
from tests.campaigns.conftest import (
    NOON,
    communications,
    make_action,
    make_campaign,
    make_contact,
    start,
    states,
)


@pytest.mark.contract(
    "Campaign contacts", "POST plans communications and tasks of every action", "documented", client=[14]
)
def test_entering_a_campaign_plans_everything_at_once(api, alice, campaign, mary):
    make_action(campaign, "Text Contact", delay_by_seconds=600, is_stopped_on_text_reply=True)
    make_action(campaign, "Agent Task - Call Reminder", delay_by_seconds=3600, notes="Ask about the garden")

    made = api(alice).made(f"/campaigns/{campaign.pk}/contacts", {"contact_id": str(mary.pk)})

    assert made == {
        "id": made["id"],
        "campaign_id": campaign.pk,
        "contact_id": mary.pk,
        "started_at": "2027-03-01T20:00:00.000Z",
    }
    (row,) = communications(api, alice, mary)
    assert row == {
        "id": row["id"],
        "campaign_name": campaign.name,
        "type": "Text Contact",
        "is_stopped_on_text_reply": True,
        "template_subject": "A home, {{first_name}}",
        "template_name": "Text #1",
        "template_folder_name": "New Contacts",
        "is_active": True,
        "send_at": "2027-03-01T20:10:00.000Z",
        "completed_at": None,
        "send_from_user_id": alice.pk,
        "completing_user_id": None,
        "code": "",
        "details": {},
        "reason": "",
    }
    (task,) = api(alice).get(f"/tasks?campaign_contact_id={made['id']}").json()["data"]
    assert task == {
        "id": task["id"],
        "owner_user_id": alice.pk,
        "contact_id": mary.pk,
        "campaign_contact_id": made["id"],
        "reminder_type": "Agent Task - Call Reminder",
        "action_type": "Agent Task - Call Reminder",
        "status": "incomplete",
        "created_at": "2027-03-01T20:00:00.000Z",
        "modified_at": "2027-03-01T20:00:00.000Z",
        "due_at": "2027-03-01T21:00:00.000Z",
        "completed_at": None,
        "description": "Ask about the garden",
        "is_all_day": False,
        "is_important": False,
        "due_end_at": None,
        "notes": "",
        "is_public": False,
        "assigned_user_id": alice.pk,
        "completing_user_id": 0,
        "category": None,
        "folder": None,
    }


@pytest.mark.contract("Campaign contacts", "A contact that is in it already: 200 with what stands", "ours")
def test_a_second_start_returns_the_first(api, alice, campaign, mary):
    make_action(campaign)
    first = start(api, alice, campaign, mary)

    again = api(alice).post(f"/campaigns/{campaign.pk}/contacts", {"contact_id": mary.pk})

    assert (again.status_code, again.json()["id"]) == (200, first.pk)
    assert CampaignContact.objects.count() == ContactCommunication.objects.count() == 1


@pytest.mark.contract("Campaign contacts", "By whoever sees the contact, in a campaign of theirs", "documented")
def test_whoever_sees_the_contact_may_start_their_own_campaign(api, alice, bob, dana, charlie, team):
    shared, assigned = make_contact(alice), make_contact(charlie, assigned_user=dana)
    given_away = make_contact(charlie)
    ContactShare.objects.create(contact=given_away, user=dana)
    for user, contact in ((bob, shared), (dana, assigned), (dana, given_away)):
        campaign = make_campaign(user, f"For {contact.pk}")
        assert start(api, user, campaign, contact).started_by == user


def test_nobody_starts_a_campaign_for_a_contact_they_do_not_see(api, charlie, mary):
    campaign = make_campaign(charlie)
    for body in ({"contact_id": mary.pk}, {"contact_id": 10**9}, {"contact_id": "Mary"}, {"contact_id": 0}, {}):
        answer = api(charlie).post(f"/campaigns/{campaign.pk}/contacts", body)
        assert answer.status_code == 400
        assert answer.json()["errors"].keys() == {"contact_id"}
    assert not CampaignContact.objects.exists()


def test_nobody_starts_the_campaign_of_another(api, bob, team, campaign, mary):
    answer = api(bob).post(f"/campaigns/{campaign.pk}/contacts", {"contact_id": mary.pk})
    assert answer.status_code == 404


def test_enrolments_can_only_be_made(api, alice, campaign):
    assert api(alice).get(f"/campaigns/{campaign.pk}/contacts").status_code == 405


def test_the_sender_is_who_the_action_names_else_who_works_with_the_contact(api, alice, bob, dana, team, campaign):
    make_action(campaign, assigned_user=dana)
    make_action(campaign)
    make_action(campaign, "Agent Task - No Reminder")
    bobs = make_contact(alice, assigned_user=bob)
    nobodys = make_contact(alice)

    for contact, worker in ((bobs, bob), (nobodys, alice)):
        enrolment = start(api, alice, campaign, contact)
        senders = enrolment.communications.order_by("pk").values_list("send_from_user_id", flat=True)
        assert list(senders) == [dana.pk, worker.pk]
        assert enrolment.tasks.get().assigned_user == worker


def test_a_sender_who_has_left_is_passed_over(api, alice, bob, team, campaign, mary):
    make_action(campaign, assigned_user=bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    start(api, alice, campaign, mary)
    assert ContactCommunication.objects.get().send_from_user == alice


def test_times_of_day_are_the_senders(api, alice, bob, team, campaign, mary):
    User.objects.filter(pk=bob.pk).update(timezone="America/New_York")
    timing = {"timing_type": "Delay by Day and Time", "delay_by_days": 14, "dispatch_time": time(9)}
    make_action(campaign, **timing)
    make_action(campaign, **timing, assigned_user=bob)

    start(api, alice, campaign, mary)

    # Two weeks later the clocks have changed.
    assert [row["send_at"] for row in communications(api, alice, mary)] == [
        "2027-03-15T16:00:00.000Z",
        "2027-03-15T13:00:00.000Z",
    ]


def test_what_comes_too_late_is_written_down_and_not_sent(api, alice, campaign, mary):
    gone_by = {"timing_type": "Exact Date and Time", "dispatch_datetime": NOON - timedelta(days=1)}
    make_action(campaign, "Email Contact", **gone_by)
    make_action(campaign, "Agent Task - No Reminder", **gone_by)

    start(api, alice, campaign, mary)

    assert states() == [("Email Contact", False, False, reason_text(*schedule.PAST))]
    assert not Task.objects.exists()


def test_a_finished_contact_enters_again_but_not_on_the_same_day(api, alice, campaign, mary, run, clock):
    make_action(campaign, delay_by_seconds=0)
    first = start(api, alice, campaign, mary)
    run(hours=23)
    assert not ContactCommunication.objects.filter(is_active=True).exists()
    assert api(alice).post(f"/campaigns/{campaign.pk}/contacts", {"contact_id": mary.pk}).json()["id"] == first.pk

    run(hours=1)
    second = start(api, alice, campaign, mary)

    assert second.pk != first.pk
    first.refresh_from_db()
    assert (first.ended_at, first.end_reason) == (clock.now, "Everything planned was done.")


@pytest.mark.parametrize(
    "kind_and_timing",
    [
        ("Text Contact", {"delay_by_seconds": 90_000}),
        ("Agent Task - No Reminder", {"delay_by_seconds": 90_000}),
        ("Agent Task - No Reminder", {"timing_type": "Recurring", "recurrence": "FREQ=WEEKLY"}),
    ],
)
def test_nobody_enters_again_while_something_is_to_come(api, alice, campaign, mary, run, kind_and_timing):
    kind, timing = kind_and_timing
    make_action(campaign, kind, **timing)
    first = start(api, alice, campaign, mary)
    run(hours=24, minutes=30)
    again = api(alice).post(f"/campaigns/{campaign.pk}/contacts", {"contact_id": mary.pk})
    assert (again.status_code, again.json()["id"]) == (200, first.pk)


def test_a_task_nobody_ticked_off_keeps_nobody_in_a_campaign(api, alice, campaign, mary, run):
    make_action(campaign, "Agent Task - No Reminder", delay_by_seconds=60)
    first = start(api, alice, campaign, mary)
    run(days=1)
    assert start(api, alice, campaign, mary).pk != first.pk


def test_an_enrolled_crowd_costs_the_statements_of_one(alice, campaign):
    make_action(campaign)
    make_action(campaign, "Agent Task - No Reminder")
    counts = []
    for size in (1, 20):
        contacts = [make_contact(alice) for _ in range(size)]
        with CaptureQueriesContext(connection) as queries:
            assert len(enroll_many(campaign=campaign, contacts=contacts, started_by=alice, now=NOON)) == size
        counts.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))
    assert counts[0] == counts[1] <= 7


def test_only_those_who_are_not_in_it_are_enrolled(alice, campaign):
    first, second = make_contact(alice), make_contact(alice)
    enroll(campaign=campaign, contact=first, started_by=alice, now=NOON)
    made = enroll_many(campaign=campaign, contacts=[first, second], started_by=alice, now=NOON)
    assert [enrolment.contact for enrolment in made] == [second]


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_make_one_enrolment(alice, campaign, mary):
    for number in range(3):
        make_action(campaign, "Email Contact", delay_by_seconds=number)
    ready, results = Barrier(4), []

    def enter():
        try:
            ready.wait()
            results.append(enroll(campaign=campaign, contact=mary, started_by=alice, now=NOON))
        finally:
            connections.close_all()

    rivals = [Thread(target=enter) for _ in range(4)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()

    assert len({enrolment.pk for enrolment, _ in results}) == 1
    assert sorted(is_new for _, is_new in results) == [False, False, False, True]
    assert ContactCommunication.objects.count() == 3


moments = st.datetimes(
    datetime.fromisoformat("2027-01-01"), datetime.fromisoformat("2028-01-01"), timezones=st.just(UTC)
)
kinds = st.sampled_from([*COMMUNICATIONS, "Agent Task - No Reminder", "Agent Task - Text Reminder"])
timings = st.one_of(
    st.builds(
        lambda days, at: {"timing_type": "Delay by Day and Time", "delay_by_days": days, "dispatch_time": at},
        st.integers(0, 40),
        st.times().map(lambda at: at.replace(microsecond=0)),
    ),
    st.integers(0, 10**6).map(lambda seconds: {"timing_type": "Delay by Minutes", "delay_by_seconds": seconds}),
    moments.map(lambda moment: {"timing_type": "Exact Date and Time", "dispatch_datetime": moment}),
)
zones = st.sampled_from(["America/Los_Angeles", "America/New_York", "Pacific/Honolulu", "Asia/Kolkata"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(kinds, timings, st.booleans()), max_size=6),
    now=moments,
    zone=zones,
    bobs_zone=zones,
)
def test_an_enrolment_is_what_the_schedule_plans(alice, bob, clock, steps, now, zone, bobs_zone):
    for user, name in ((alice, zone), (bob, bobs_zone)):
        user.timezone = name
        user.save()
    campaign = make_campaign(alice, f"Drip {now}")
    contacts = [make_contact(alice), make_contact(alice, assigned_user=bob)]
    actions = [
        CampaignAction.objects.create(campaign=campaign, type=kind, assigned_user=bob if named else None, **timing)
        for kind, timing, named in steps
    ]

    enroll_many(campaign=campaign, contacts=contacts, started_by=alice, now=now)

    for contact, worker in zip(contacts, (alice, bob), strict=True):
        senders = {action.pk: action.assigned_user or worker for action in actions}
        plan = schedule.plan(
            [action.timing for action in actions], now, lambda timing, of=senders: ZoneInfo(of[timing.id].timezone)
        )
        said = ContactCommunication.objects.filter(campaign_contact__contact=contact).order_by("pk")
        assert [(row.type, row.send_at, row.is_active, row.send_from_user_id, row.code) for row in said] == [
            (
                action.type,
                step.at or action.dispatch_datetime,
                step.at is not None,
                senders[action.pk].pk,
                step.reason.code if step.reason else "",
            )
            for action, step in zip(actions, plan, strict=True)
            if action.type in COMMUNICATIONS
        ]
        tasks = Task.objects.filter(campaign_contact__contact=contact).order_by("pk")
        assert [(task.action_type, task.due_at, task.assigned_user_id) for task in tasks] == [
            (action.type, step.at, senders[action.pk].pk)
            for action, step in zip(actions, plan, strict=True)
            if action.type not in COMMUNICATIONS and step.at
        ]
        assert enroll(campaign=campaign, contact=contact, started_by=alice, now=now)[1] is False
    Contact.objects.all().delete()
    campaign.delete()
