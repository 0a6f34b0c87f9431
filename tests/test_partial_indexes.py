"""Each partial index serves the code that reads it, also under the one plan of a statement that is used often.

PostgreSQL plans such a statement for all parameters. A partial index whose condition the text does not prove is then
of no use, and a look-up that was fast becomes a scan of the table (core.db.literals).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import CheckConstraint, Index, UniqueConstraint

from campaigns.enrollment import enroll
from campaigns.jobs import birthdays, reminders, send_communications
from campaigns.models import Campaign
from core.operations import retries
from crm.models import Contact
from leads import alert_replies
from leads import jobs as lead_jobs
from leads.jobs import contact_sla, expire_offers, fall_back, send_offers, unclaimed_alerts
from leads.notifications import reply_codes
from messaging import consent, delivery_status, outbox
from messaging.gateways import Inbound, Receipt
from messaging.gateways.twilio import claimed
from messaging.inbound import texts
from messaging.models import Message
from teams.models import User
from tests.client import Api

NOON: Final = datetime(2027, 1, 5, 20, tzinfo=UTC)
NUMBER: Final = "+13105550142"


class Cast(NamedTuple):
    """What the readers are asked about."""

    alice: User
    mary: Contact
    campaign: Campaign


class Statement(NamedTuple):
    """A prepared statement of this session."""

    name: str
    text: str
    parameters: int

    def reads(self, table: str) -> bool:
        """Whether the table's indexes may serve it. An ON CONFLICT cannot be planned without other indexes."""
        return table in self.text and "ON CONFLICT" not in self.text


Reader = Callable[[Cast], object]


def request(path: str) -> Reader:
    """Alice's GET of this path."""
    return lambda cast: Api(cast.alice).get(path.format(contact=cast.mary.pk))


def text_in(cast: Cast) -> object:
    return texts.receive(Inbound("SM1", NUMBER, settings.ALERT_NUMBER, "Is it still for sale?"), NOON)


def receipt(cast: Cast) -> object:
    given = {"provider_status": "delivered", "supersedes": (), "status": "delivered", "reason": "", "error_code": None}
    return delivery_status.note_receipt(Receipt(channel="text", provider_sid="SM1", message_id=None, **given), NOON)


def key_pressed(cast: Cast) -> object:
    call = Message(pk=1, channel="call", purpose="alert", recipient=NUMBER)
    return alert_replies.claim_by_key(call, "1", NOON)


def enrolled_twice(cast: Cast) -> object:
    return [enroll(campaign=cast.campaign, contact=cast.mary, started_by=cast.alice, now=NOON) for _ in range(2)]


def drained(step: str) -> Reader:
    return lambda cast: getattr(outbox.Drain(Message.Channel.TEXT, NOON), step)(NOON)


def at_noon(read: Callable[[datetime], object]) -> Reader:
    return lambda cast: read(NOON)


def asked(read: Callable[[], object]) -> Reader:
    return lambda cast: read()


READERS: Final[dict[str, list[Reader]]] = {
    "parked_row_retry": [asked(retries.next_due_at)],
    "user_phone": [text_in, asked(lambda: reply_codes.lock_reply_codes([NUMBER]))],
    "contact_mobile_e164": [text_in, request("/contacts?mobile_phone=3105550142")],
    "contact_home_e164": [text_in, request("/contacts?home_phone=3105550142")],
    "contact_office_e164": [text_in, request("/contacts?office_phone=3105550142")],
    "contact_unread_mobile_phone": [request("/contacts?mobile_phone=555-0142")],
    "contact_unread_home_phone": [request("/contacts?home_phone=555-0142")],
    "contact_unread_office_phone": [request("/contacts?office_phone=555-0142")],
    "message_due": [asked(outbox.next_due_at), drained("due")],
    "message_leased": [asked(outbox.next_due_at), drained("leased")],
    "message_waiting_for": [
        asked(lambda: consent.opt_out(NUMBER, source="text", now=NOON)),
        asked(lambda: consent.resume(NUMBER, source="text", now=NOON)),
    ],
    "message_of_contact": [request("/contacts/{contact}/messages")],
    "message_to_contact": [asked(lambda: texts.last_texted(NUMBER, "+19495550150"))],
    "message_provider_sid_once": [text_in, receipt, asked(lambda: claimed("text", ["SM1", "SM2"]))],
    "one_open_enrolment": [enrolled_twice],
    "communication_due": [asked(send_communications.next_due_at), at_noon(send_communications.claim)],
    "birthday_due": [asked(birthdays.next_due_at), at_noon(birthdays.claim)],
    "task_reminder_due": [asked(reminders.next_due_at), at_noon(reminders.claim)],
    "lead_falls_back": [asked(lead_jobs.next_due_at), at_noon(fall_back.run_batch)],
    "lead_alarm": [asked(lead_jobs.next_due_at), at_noon(unclaimed_alerts.run_batch)],
    "lead_contact_due": [asked(lead_jobs.next_due_at), at_noon(contact_sla.run_batch)],
    "lead_in_pond": [request("/pond")],
    "offer_due": [asked(lead_jobs.next_due_at), at_noon(send_offers.run_batch)],
    "offer_closes": [asked(lead_jobs.next_due_at), at_noon(expire_offers.run_batch)],
    "offer_numbers": [asked(lambda: alert_replies.candidate_offers(NUMBER, 7))],
    "reply_number_once_per_phone": [asked(lambda: reply_codes.lock_reply_codes([NUMBER]))],
    "one_offer_per_alert_call": [key_pressed],
}
# Nothing looks rows up by these: they only keep a second row out.
CONSTRAINT_ONLY: Final = {
    "user_system_phone_unique",
    "one_next_birthday",
    "one_claim_per_lead",
    "one_offer_per_alert_text",
    "one_offer_per_alert_email",
}


def partial_indexes() -> dict[str, str]:
    """All partial indexes and unique constraints of the models, each with its table."""
    return {
        index.name: model._meta.db_table
        for model in apps.get_models()
        for index in (*model._meta.indexes, *model._meta.constraints)
        if isinstance(index, Index | UniqueConstraint) and index.condition is not None
    }


@pytest.fixture
def people(alice: User) -> Cast:
    mary = Contact.objects.create(owner_user=alice, first_name="Mary", mobile_phone="(949) 555-0150")
    return Cast(alice, mary, Campaign.objects.create(owner_user=alice, name="Buyers"))


def statements_of(read: Callable[[], object]) -> list[Statement]:
    """Run this code, and return the statements that it prepared; they stay prepared."""
    session = connection.connection
    before = session.prepare_threshold, session.prepared_max
    session.prepare_threshold, session.prepared_max = 0, 1000
    try:
        read()
    finally:
        session.prepare_threshold, session.prepared_max = None, before[1]
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, statement, cardinality(parameter_types) FROM pg_prepared_statements")
            found = [Statement(*row) for row in cursor.fetchall()]
        session.prepare_threshold = before[0]
    return found


def generic_plans(statements: Sequence[Statement], table: str, index: str) -> list[str]:
    """Plan these statements for all parameters: with all indexes, with bitmaps of them, and with this index alone.

    The tables are almost empty, so that another index is as good. An OR needs a bitmap of several.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        among_all = [plan_of(cursor, statement) for statement in statements if statement.reads(table)]
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("DISCARD PLANS")
        bitmaps = [plan_of(cursor, statement) for statement in statements if statement.reads(table)]
        cursor.execute("SET LOCAL enable_indexscan = on")
        others = "UPDATE pg_index SET indisvalid = false WHERE indrelid = %s::regclass AND indexrelid <> %s::regclass"
        cursor.execute(others, [table, index])
        cursor.execute("DISCARD PLANS")
        alone = [plan_of(cursor, statement) for statement in statements if statement.reads(table)]
        transaction.set_rollback(True)
    return among_all + bitmaps + alone


def plan_of(cursor: Any, statement: Statement) -> str:
    given = f"({', '.join(['NULL'] * statement.parameters)})" if statement.parameters else ""
    cursor.execute(f'EXPLAIN EXECUTE "{statement.name}"{given}')
    return "\n".join([statement.text, *(line for (line,) in cursor.fetchall())])


def test_each_partial_index_has_readers_or_is_a_constraint_only() -> None:
    assert sorted([*READERS, *CONSTRAINT_ONLY]) == sorted(partial_indexes())


@pytest.mark.parametrize("index", READERS)
def test_a_partial_index_serves_its_readers(index: str, people: Cast, subtests: Any) -> None:
    for number, read in enumerate(READERS[index]):
        with subtests.test(reader=number):
            plans = generic_plans(statements_of(partial(read, people)), partial_indexes()[index], index)

            assert any(f" {index} " in plan for plan in plans), "\n\n".join(plans)
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")


@pytest.mark.django_db
def test_each_index_and_constraint_of_the_models_is_in_the_database() -> None:
    """A migration can take a constraint with it that uses the same column."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes UNION SELECT conname FROM pg_constraint")
        stored = {name for (name,) in cursor.fetchall()}
    declared = {
        item.name
        for model in apps.get_models()
        for item in (*model._meta.indexes, *model._meta.constraints)
        if isinstance(item, Index | UniqueConstraint | CheckConstraint)
    }

    assert declared - stored == set()
