"""One bad row holds up no other: it is parked, listed and retried."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import NamedTuple

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError, connection
from django.test import Client
from django.urls import reverse

from campaigns import schedule
from campaigns.jobs import send_communications as communications
from campaigns.models import ActionType, Birthday, CampaignAction, CampaignContact, ContactCommunication, Task
from core import scheduler
from core.operations import parking
from core.operations.models import ParkedRow
from crm.models import Contact
from leads.models import Lead, LeadOffer
from messaging import message_factory, outbox
from messaging.models import Message
from sandbox.models import Callback, EmulatedText
from tests.campaigns.conftest import make_campaign, make_template

NOON = datetime(2027, 1, 5, 20, tzinfo=UTC)  # in Los Angeles, a Tuesday
ROWS = 7
BAD = 3

POISON = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a bad row'; END $$;
CREATE TRIGGER poison BEFORE UPDATE ON {table} FOR EACH ROW WHEN (OLD.{column} = {row_id}) EXECUTE FUNCTION refuse()
"""


class Case(NamedTuple):
    """How a job gets rows that are due, and a change of which table it cannot do without."""

    make: Callable[..., list[int]]
    table: str
    column: str = "id"


def crowd(alice):
    given = {"owner_user": alice, "birthday": "01/05"}
    return [Contact.objects.create(first_name=f"Mary{n}", email=f"mary{n}@example.com", **given) for n in range(ROWS)]


def enrolled(alice):
    campaign = make_campaign(alice)
    entries = [CampaignContact(campaign=campaign, contact=contact, started_by=alice) for contact in crowd(alice)]
    return campaign, CampaignContact.objects.bulk_create(entries)


def due_communications(alice, team):
    template = make_template(alice, "Email")
    rows = [
        ContactCommunication(
            campaign_contact=entry, type="Email Contact", template=template, send_from_user=alice, send_at=NOON
        )
        for entry in enrolled(alice)[1]
    ]
    return [row.pk for row in ContactCommunication.objects.bulk_create(rows)]


def due_birthdays(alice, team):
    campaign, entries = enrolled(alice)
    action = CampaignAction.objects.create(
        campaign=campaign,
        type="Email Contact",
        trigger_type=schedule.ON_BIRTHDAY,
        timing_type="Delay by Day and Time",
        delay_by_days=0,
        template=make_template(alice, "Email"),
    )
    rows = [Birthday(campaign_contact=entry, action=action, year=2027, due_at=NOON) for entry in entries]
    return [row.pk for row in Birthday.objects.bulk_create(rows)]


def due_reminders(alice, team):
    rows = [
        Task(owner_user=alice, action_type=ActionType.TASK_EMAIL, description=f"Call {n}", due_at=NOON, remind_at=NOON)
        for n in range(ROWS)
    ]
    return [row.pk for row in Task.objects.bulk_create(rows)]


def leads_of(alice, team, **fields):
    given = {"owner_user": alice, "distribution_target": "Team Rollout", "team": team, "created_at": NOON}
    return Lead.objects.bulk_create(Lead(contact=contact, **given | fields) for contact in crowd(alice))


def offered(alice, team, **fields):
    leads = leads_of(alice, team)
    given = {"team": team, "user": alice, "position": 1, "notify_at": NOON, "has_email_alert": True}
    LeadOffer.objects.bulk_create(LeadOffer(lead=lead, **given | fields) for lead in leads)
    return [lead.pk for lead in leads]


def due_turns(alice, team):
    return offered(alice, team)


def due_windows(alice, team):
    return offered(alice, team, status="Sent", closes_at=NOON)


def due_fallbacks(alice, team):
    return [lead.pk for lead in leads_of(alice, team, falls_back_at=NOON)]


def due_alarms(alice, team):
    return [lead.pk for lead in leads_of(alice, team, alarm_at=NOON)]


def due_contacts(alice, team):
    claim = {"claimed_by_user": alice, "claimed_at": NOON, "claimed_via": "Text", "contact_due_at": NOON}
    return [lead.pk for lead in leads_of(alice, team, **claim)]


def queued(alice, team):
    emails = [message_factory.alert_email(alice, "Hi", "Hi", NOON) for _ in range(ROWS)]
    return [row.pk for row in outbox.queue_messages(emails, NOON)]


def doubtful(alice, team):
    ids = queued(alice, team)
    Message.objects.filter(pk__in=ids).update(status="sending", leased_until=NOON)
    return ids


def due_retries(alice, team):
    rows = [
        ParkedRow(job="campaigns.reminders", row_id=n, error_code="X", parked_at=NOON, retry_at=NOON)
        for n in range(ROWS)
    ]
    return [row.pk for row in ParkedRow.objects.bulk_create(rows)]


def due_callbacks(alice, team):
    texts = [
        EmulatedText.objects.create(
            direction="outbound-api",
            sender="+19495550100",
            recipient=alice.phone_e164,
            body="Hi",
            segments=1,
            status="queued",
            at=NOON,
            changed_at=NOON,
        )
        for _ in range(ROWS)
    ]
    rows = Callback.objects.bulk_create(Callback(text=text, status="sent", due_at=NOON) for text in texts)
    return [row.pk for row in rows]


CASES = {
    "campaigns.send_communications": Case(due_communications, "campaigns_contactcommunication"),
    "campaigns.birthdays": Case(due_birthdays, "campaigns_birthday"),
    "campaigns.reminders": Case(due_reminders, "campaigns_task"),
    "leads.send_offers": Case(due_turns, "leads_leadoffer", "lead_id"),
    "leads.expire_offers": Case(due_windows, "leads_leadoffer", "lead_id"),
    "leads.fall_back": Case(due_fallbacks, "leads_lead"),
    "leads.unclaimed_alerts": Case(due_alarms, "leads_lead"),
    "leads.contact_sla": Case(due_contacts, "leads_lead"),
    "messaging.send_policy": Case(queued, "messaging_message"),
    "messaging.delivery": Case(doubtful, "messaging_message"),
    "operations.retries": Case(due_retries, "operations_parkedrow"),
    "sandbox.callbacks": Case(due_callbacks, "sandbox_callback"),
}


@pytest.fixture
def poison():
    """`poison(case, row_id)`: PostgreSQL refuses every change of this row, until `heal()`."""

    def apply(case, row_id):
        with connection.cursor() as cursor:
            cursor.execute(POISON.format(table=case.table, column=case.column, row_id=row_id))

    return apply


def heal(case):
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER poison ON {case.table}")


def run_until_idle(engine, now):
    while engine.run_due(now):
        pass


def parked(job):
    return list(ParkedRow.objects.filter(job=job, is_parked=True).values_list("row_id", flat=True))


def is_due(engine):
    due_at = engine.next_due_at()
    return due_at is not None and due_at <= NOON


def test_every_job_is_isolated_and_has_a_case_here():
    """A new job is one of `JOBS` of its engine. Add how its rows fall due to CASES."""
    assert set(scheduler.jobs()) == set(CASES)


@pytest.mark.parametrize("job", CASES)
def test_a_bad_row_is_parked_and_all_others_are_done_in_the_same_tick(job, alice, team, poison):
    case, engine = CASES[job], scheduler.engine(scheduler.jobs()[job][1])
    ids = case.make(alice, team)
    poison(case, ids[BAD])

    run_until_idle(engine, NOON)

    assert parked(job) == [ids[BAD]]
    assert not is_due(engine)
    assert engine.run_due(NOON) == 0  # a parked row costs a tick nothing


@pytest.mark.parametrize("job", CASES)
def test_a_row_that_is_mended_is_done_after_a_retry(job, alice, team, poison):
    case, engine = CASES[job], scheduler.engine(scheduler.jobs()[job][1])
    ids = case.make(alice, team)
    poison(case, ids[BAD])
    run_until_idle(engine, NOON)
    heal(case)

    call_command("parked", "retry", "--job", job)
    assert is_due(engine)
    run_until_idle(engine, NOON)

    assert (parked(job), is_due(engine)) == ([], False)


def test_it_is_retried_by_itself_later_and_later(alice, team, poison):
    case = CASES["campaigns.reminders"]
    row_id = case.make(alice, team)[BAD]
    poison(case, row_id)
    retries, reminders = scheduler.engine("core.operations.retries"), scheduler.engine("campaigns.jobs.reminders")
    reminders.run_due(NOON)
    pauses, now = [], NOON
    while at := retries.next_due_at():
        pauses.append(at - now)
        now = at
        retries.run_due(now)
        reminders.run_due(now)

    assert pauses == list(parking.RETRY_AFTER)
    assert ParkedRow.objects.get().failures == len(pauses) + 1


def test_a_mended_template_lets_its_row_go_without_an_operator(alice, team, monkeypatch):
    ids = due_communications(alice, team)
    worded = communications.message_for

    def fail_for_one(communication, *rest):
        if communication.pk == ids[BAD]:
            raise ValueError("Exceeds the limit (4300 digits)")
        return worded(communication, *rest)

    monkeypatch.setattr(communications, "message_for", fail_for_one)
    communications.run_due(NOON)
    assert Message.objects.count() == ROWS - 1
    monkeypatch.setattr(communications, "message_for", worded)

    later = NOON + parking.RETRY_AFTER[0]
    scheduler.engine("core.operations.retries").run_due(later)
    communications.run_due(later)

    assert Message.objects.count() == ROWS


def test_it_is_logged_once_with_its_traceback(alice, team, poison, caplog):
    case = CASES["campaigns.reminders"]
    row_id = case.make(alice, team)[BAD]
    poison(case, row_id)
    for minutes in range(3):
        scheduler.engine("campaigns.jobs.reminders").run_due(NOON + timedelta(minutes=minutes))
        scheduler.engine("core.operations.retries").run_due(NOON + timedelta(minutes=minutes))

    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [bool(record.exc_info) for record in errors] == [True]


@pytest.mark.parametrize("error", [OperationalError("the connection is lost"), ProgrammingError("no such column")])
def test_what_no_row_is_to_blame_for_is_raised_and_parks_nothing(error, alice, team, monkeypatch):
    if isinstance(error, ProgrammingError):
        error.__cause__ = type("UndefinedColumn", (Exception,), {"sqlstate": "42703"})()
    ids = due_communications(alice, team)

    def fail(*given):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(communications, "message_for", fail)
        with pytest.raises(type(error)):
            communications.run_due(NOON)

    assert not ParkedRow.objects.exists()
    assert communications.run_due(NOON) == len(ids)


def test_a_deadlock_is_retried(alice, team, monkeypatch):
    ids = due_communications(alice, team)
    deadlock = OperationalError("deadlock detected")
    deadlock.__cause__ = type("DeadlockDetected", (Exception,), {"sqlstate": "40P01"})()
    failures, worded = [deadlock], communications.message_for

    def fail_once(*given):
        if failures:
            raise failures.pop()
        return worded(*given)

    monkeypatch.setattr(communications, "message_for", fail_once)

    assert communications.run_due(NOON) == len(ids)
    assert not ParkedRow.objects.exists()


def test_a_channel_that_fails_holds_up_no_other(alice, team, monkeypatch):
    def fail():
        raise RuntimeError("no gateway")

    monkeypatch.setitem(outbox.GATEWAYS, Message.Channel.CALL, fail)
    ids = queued(alice, team)

    with pytest.raises(RuntimeError):
        outbox.run_due(NOON)

    assert set(Message.objects.filter(pk__in=ids).values_list("status", flat=True)) == {"sent"}


def test_a_kind_of_work_on_leads_that_fails_holds_up_no_other(alice, team, monkeypatch):
    leads = scheduler.engine("leads.jobs")
    due_turns(alice, team)

    def fail(now):
        raise RuntimeError("a bug")

    monkeypatch.setattr(leads.expire_offers, "lock_batch", fail)
    with pytest.raises(RuntimeError):
        leads.run_due(NOON)

    assert not LeadOffer.objects.filter(status="Pending").exists()


def test_a_time_out_of_one_kind_holds_up_no_other_and_a_lost_connection_ends_the_tick():
    time_out = OperationalError("canceling statement due to statement timeout")
    time_out.__cause__ = type("QueryCanceled", (Exception,), {"sqlstate": "57014"})()
    done = []

    def part(error):
        def run():
            done.append(error)
            if error:
                raise error
            return 1

        return run

    for error, parts_done in ((time_out, 2), (OperationalError("the connection is closed"), 1)):
        done.clear()
        with pytest.raises(OperationalError):
            scheduler.run_each([part(error), part(None)])
        assert len(done) == parts_done


def test_a_message_that_cannot_be_handed_over_holds_up_no_other(alice, team, monkeypatch):
    ids = queued(alice, team)
    hand_over = outbox.EmailGateway.send

    def fail_for_one(self, message):
        if message.pk == ids[BAD]:
            raise TypeError("a bug")
        return hand_over(self, message)

    monkeypatch.setattr(outbox.EmailGateway, "send", fail_for_one)
    outbox.run_due(NOON)

    assert list(Message.objects.exclude(status="sent").values_list("pk", "status")) == [(ids[BAD], "unknown")]
    assert parked("messaging.delivery") == [ids[BAD]]


@pytest.fixture
def one_parked(alice):
    task = Task.objects.create(owner_user=alice, action_type=ActionType.TASK_EMAIL, description="Call", due_at=NOON)
    parking.park("campaigns.reminders", task.pk, ValueError("a value"), NOON)
    return ParkedRow.objects.get()


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", 5000 * "x", ""])
def test_any_text_of_an_error_can_be_stored(text, db):
    code, reason = parking.describe(ValueError(text))
    ParkedRow.objects.create(job="x", row_id=1, error_code=code, reason=reason, parked_at=NOON)


def test_readyz_counts_parked_rows(one_parked):
    assert Client().get("/readyz").json()["parked"] == 1


def test_the_operator_lists_and_retries_them_in_the_admin(one_parked, alice, bob):
    alice.is_staff = True
    alice.save()
    operator, agent = Client(), Client()
    operator.force_login(alice)
    agent.force_login(bob)
    address = reverse("admin:operations_parkedrow_changelist")

    page = operator.get(address).content.decode()
    retried = operator.post(address, {"action": "retry_now", "_selected_action": [one_parked.pk]})

    assert agent.get(address).status_code == 403
    assert "ValueError" in page
    assert reverse("admin:campaigns_task_change", args=[one_parked.row_id]) in page
    assert (retried.status_code, parked(one_parked.job)) == (302, [])


def test_the_command_lists_and_retries_them(one_parked, capsys):
    call_command("parked")
    listed = capsys.readouterr().out
    call_command("parked", "retry", str(one_parked.pk + 1))
    assert len(parked(one_parked.job)) == 1
    call_command("parked", "retry", "--job", "campaigns.reminders")

    assert listed.split("\t")[:4] == [
        str(one_parked.pk),
        "campaigns.reminders",
        str(one_parked.row_id),
        "ValueError",
    ]
    assert parked(one_parked.job) == []


@pytest.mark.django_db
def test_rows_parked_under_the_old_names_of_jobs_stay_parked():
    migration = import_module("core.operations.migrations.0002_names_of_jobs")
    old_names = [*migration.NAMES, "campaigns.reminders"]
    ParkedRow.objects.bulk_create(
        ParkedRow(job=job, row_id=1, error_code="X", parked_at=NOON, retry_at=NOON) for job in old_names
    )

    migration.rename_jobs(apps, None)

    parked_jobs = set(ParkedRow.objects.values_list("job", flat=True))
    assert parked_jobs == {*migration.NAMES.values(), "campaigns.reminders"}
    assert parked_jobs < scheduler.jobs().keys()
