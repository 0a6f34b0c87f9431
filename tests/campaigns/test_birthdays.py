"""What campaigns do on contacts' birthdays: once a year each, in the agent's morning, while the campaign stands."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from campaigns.communications import REPLIED, stop_on_reply
from campaigns.enrollment import enroll_many
from campaigns.jobs import birthdays
from campaigns.jobs.birthdays import GONE_BY, UNKNOWN
from campaigns.models import Birthday, CampaignContact, ContactCommunication, Task
from core.reasons import Reason, reason_text
from messaging.models import Message
from tests.campaigns.conftest import NOON, communications, make_action, make_contact, messages, start, states

pytestmark = pytest.mark.usefixtures("sending")

MORNING = datetime(2027, 3, 5, 17, tzinfo=UTC)  # nine in Los Angeles, the Friday after NOON

UNREADABLE = Reason("birthday_unreadable", {"birthday": "in spring"})


@pytest.fixture
def born(alice, clock):
    """`born("1955-03-05")` is a client of alice's with that birthday."""

    def make(birthday="1955-03-05"):
        return make_contact(alice, birthday=birthday)

    return make


@pytest.fixture
def greeting(campaign):
    """An email on birthdays."""
    return on_birthdays(campaign)


def on_birthdays(campaign, kind="Email Contact", **fields):
    given = {"trigger_type": 2, "timing_type": "Delay by Day and Time", "delay_by_seconds": None}
    return make_action(campaign, kind, **given | fields)


def sent_at():
    return list(Message.objects.order_by("pk").values_list("sent_at", flat=True))


@pytest.mark.contract(
    "Campaign actions",
    "`trigger_type` 2: on the contact's birthdays, at 9:00 unless `dispatch_time` says otherwise",
    "inferred",
)
def test_the_greeting_goes_out_every_year_at_nine_where_the_agent_lives(api, alice, campaign, greeting, born, run):
    start(api, alice, campaign, born())
    run(days=3)
    assert messages() == []
    run(days=730)
    assert sent_at() == [MORNING, datetime(2028, 3, 5, 17, tzinfo=UTC)]
    assert Birthday.objects.get(is_open=True).year == 2029


def test_it_is_listed_from_the_day_on(api, alice, campaign, greeting, born, run):
    mary = born()
    start(api, alice, campaign, mary)
    assert communications(api, alice, mary) == []
    run(days=5)
    (row,) = communications(api, alice, mary)
    assert (row["type"], row["send_at"], row["completed_at"], row["is_active"]) == (
        "Email Contact",
        "2027-03-05T17:00:00.000Z",
        "2027-03-05T17:00:00.000Z",
        False,
    )


def test_time_and_delay_are_the_actions(api, alice, campaign, born, run):
    on_birthdays(campaign, dispatch_time="18:30", delay_by_days=2)
    start(api, alice, campaign, born())
    run(days=30)
    assert sent_at() == [datetime(2027, 3, 8, 2, 30, tzinfo=UTC)]


@pytest.mark.parametrize(("birthday", "expected"), [("1955-03-01", 2028), ("1955-02-28", 2028), ("1955-03-02", 2027)])
def test_a_birthday_gone_by_is_kept_next_year(api, alice, campaign, greeting, born, birthday, expected):
    start(api, alice, campaign, born(birthday))
    assert Birthday.objects.get().year == expected


@pytest.mark.contract("Campaign actions", "A leap day is kept on 28 February in other years", "inferred")
def test_a_leap_day_is_kept_on_the_28th(api, alice, campaign, greeting, born, run):
    start(api, alice, campaign, born("1956-02-29"))
    run(days=2 * 366)
    assert [f"{at:%Y-%m-%d}" for at in sent_at()] == ["2028-02-29", "2029-02-28"]


def test_an_agents_task_and_a_text(api, alice, campaign, born, run):
    on_birthdays(campaign, "Agent Task - Text Reminder", notes="Send flowers")
    on_birthdays(campaign, "Text Contact")
    enrolment = start(api, alice, campaign, born())
    run(days=5)

    task = Task.objects.get()
    assert (task.description, task.due_at, task.assigned_user, task.campaign_contact) == (
        "Send flowers",
        MORNING,
        alice,
        enrolment,
    )
    assert messages() == [("text", "+19495550150", "sent"), ("text", alice.phone_e164, "sent")]


@pytest.mark.contract(
    "Campaign actions",
    "Without a readable birthday nothing is sent, and the communication says why",
    "ours",
)
@pytest.mark.parametrize(("birthday", "reason"), [("", UNKNOWN), ("  ", UNKNOWN), ("in spring", UNREADABLE)])
def test_without_a_birthday_nothing_is_sent_and_it_says_why(
    api, alice, campaign, greeting, born, run, birthday, reason
):
    on_birthdays(campaign, "Agent Task - Text Reminder")
    mary = born(birthday)
    start(api, alice, campaign, mary)
    run(days=400)
    (row,) = communications(api, alice, mary)
    assert (row["is_active"], row["completed_at"], row["code"], row["details"]) == (False, None, *reason)
    assert messages() == []
    assert set(Birthday.objects.values_list("due_at", "code")) == {(None, reason.code)}


def test_a_birthday_learned_or_corrected_is_kept(api, alice, campaign, greeting, born, run):
    mary = born("")
    start(api, alice, campaign, mary)
    for birthday in ("1955-06-01", "3/6"):
        api(alice).patch(f"/contacts/{mary.pk}", {"birthday": birthday})
    run(days=300)
    assert sent_at() == [MORNING + timedelta(days=1)]
    api(alice).patch(f"/contacts/{mary.pk}", {"birthday": ""})
    run(days=700)
    assert len(sent_at()) == 1


def test_a_birthday_corrected_after_the_day_is_not_kept_twice_in_a_year(api, alice, campaign, greeting, born, run):
    mary = born()
    start(api, alice, campaign, mary)
    run(days=5)
    api(alice).patch(f"/contacts/{mary.pk}", {"birthday": "1955-03-09"})
    run(days=10)
    assert len(sent_at()) == 1
    assert Birthday.objects.get(is_open=True).due_at == datetime(2028, 3, 9, 17, tzinfo=UTC)


def test_no_year_has_two_birthdays_whatever_the_code_does(api, alice, campaign, greeting, born, run):
    start(api, alice, campaign, born())
    run(days=5)
    with pytest.raises(IntegrityError, match="birthday_once_a_year"), transaction.atomic():
        Birthday.objects.filter(is_open=True).update(year=2027)


def test_another_agents_morning_counts(api, alice, dana, team, campaign, greeting, born):
    dana.timezone = "America/New_York"
    dana.save()
    mary = born()
    start(api, alice, campaign, mary)
    api(alice).patch(f"/contacts/{mary.pk}", {"assigned_user_id": dana.pk})
    assert Birthday.objects.get().due_at == MORNING - timedelta(hours=3)


def test_a_changed_action_holds_for_those_in_the_campaign(api, alice, campaign, greeting, born, run):
    start(api, alice, campaign, born())
    path = f"/campaigns/{campaign.pk}/actions/{greeting.pk}"
    assert api(alice).patch(path, {"dispatch_time": "10:00", "notes": "x"}).status_code == 200
    run(days=5)
    assert sent_at() == [MORNING + timedelta(hours=1)]
    assert api(alice).patch(path, {"trigger_type": "1", "delay_by_days": 0}).json()["trigger_type"] == 1
    run(days=400)
    assert len(sent_at()) == 1


@pytest.mark.parametrize(
    "path", ["/campaigns/{campaign}", "/campaigns/{campaign}/actions/{action}", "/contacts/{mary}"]
)
def test_with_its_campaign_action_or_contact_it_is_gone(api, alice, campaign, greeting, born, run, path):
    mary = born()
    start(api, alice, campaign, mary)
    path = path.format(campaign=campaign.pk, action=greeting.pk, mary=mary.pk)
    assert api(alice).delete(path).status_code == 200
    run(days=400)
    assert messages() == []
    assert not Birthday.objects.exists()


def test_an_enrolment_with_birthdays_to_come_stands(api, alice, campaign, greeting, born, run):
    mary = born()
    enrolment = start(api, alice, campaign, mary)
    run(days=800)
    assert api(alice).post(f"/campaigns/{campaign.pk}/contacts", {"contact_id": mary.pk}).json()["id"] == enrolment.pk


def test_one_that_waits_for_an_unknown_birthday_may_end_and_is_not_revived(api, alice, campaign, greeting, born, run):
    mary = born("")
    start(api, alice, campaign, mary)
    run(days=2)
    start(api, alice, campaign, mary)
    assert CampaignContact.objects.filter(ended_at=None).count() == 1
    api(alice).patch(f"/contacts/{mary.pk}", {"birthday": "03-10"})
    run(days=20)
    assert len(sent_at()) == 1


def test_a_reply_stops_birthday_texts_that_are_to_stop(api, alice, campaign, greeting, born, run):
    on_birthdays(campaign, "Text Contact", is_stopped_on_text_reply=True)
    on_birthdays(campaign, "Text Contact", is_stopped_on_text_reply=False)
    mary = born()
    start(api, alice, campaign, mary)
    stop_on_reply(mary, number=mary.mobile_e164, agent=alice, now=NOON)
    api(alice).patch(f"/contacts/{mary.pk}", {"birthday": "1955-03-06"})
    run(days=10)
    assert [channel for channel, _, _ in messages()] == ["email", "text"]
    assert Birthday.objects.get(is_open=False, year=2027, code=REPLIED.code)


def test_after_an_outage_of_days_nobody_is_congratulated_late(api, alice, campaign, greeting, born, clock):
    on_birthdays(campaign, "Agent Task - Text Reminder")
    start(api, alice, campaign, born())
    assert birthdays.run_due(MORNING + timedelta(days=1, minutes=1)) == 2
    assert states() == [("Email Contact", False, False, reason_text(*GONE_BY))]
    assert not Task.objects.exists()
    assert {row.year for row in Birthday.objects.filter(is_open=True)} == {2028}


def test_a_crowd_enters_in_as_many_statements_as_one(alice, campaign, greeting, django_assert_max_num_queries):
    on_birthdays(campaign, "Agent Task - Text Reminder")
    crowd = [make_contact(alice, birthday=f"1955-03-{2 + n % 9:02}" if n % 3 else "") for n in range(60)]
    with django_assert_max_num_queries(12):
        enroll_many(campaign=campaign, contacts=crowd, started_by=alice, now=NOON)
    assert Birthday.objects.filter(due_at=None).count() == 40
    assert ContactCommunication.objects.count() == 20
    with django_assert_max_num_queries(25):
        assert birthdays.run_due(NOON + timedelta(days=20)) == 80


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"trigger_type": 3}, "trigger_type"),
        ({"trigger_type": "never"}, "trigger_type"),
        ({"timing_type": "Delay by Minutes", "delay_by_seconds": 60}, "timing_type"),
        ({"timing_type": "Recurring", "type": "Agent Task - No Reminder", "recurrence": "FREQ=DAILY"}, "timing_type"),
        ({"delay_by_days": 365}, "delay_by_days"),
        ({"delay_by_days": -1}, "delay_by_days"),
    ],
)
def test_what_is_no_birthday_action_is_refused_by_name(api, alice, campaign, fields, named):
    body = {"type": "Email Contact", "trigger_type": 2, "timing_type": "Delay by Day and Time"} | fields
    answer = api(alice).post(f"/campaigns/{campaign.pk}/actions", body)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {named})


def test_the_trigger_is_kept_as_a_number_and_found_by_it(api, alice, campaign):
    path = f"/campaigns/{campaign.pk}/actions"
    body = {"type": "Email Contact", "trigger_type": "2", "timing_type": "Delay by Day and Time"}
    made = api(alice).made(path, body)
    make_action(campaign)
    assert made["trigger_type"] == 2
    assert [row["id"] for row in api(alice).get(f"{path}?trigger_type=2").json()["data"]] == [made["id"]]
