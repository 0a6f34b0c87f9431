"""W4: enrolling contacts in a campaign against COPY, and dispatching what is due against raw claims; one process."""

import time

from psycopg import sql

from benchmarks import raw
from benchmarks.cast import make_campaign, make_contacts, make_users, noon
from benchmarks.engines import run_until_idle
from benchmarks.measure import Line, Sample, at_least
from benchmarks.place import Place
from campaigns.enrollment import enroll_many
from campaigns.jobs import send_communications
from campaigns.models import Campaign, CampaignContact, ContactCommunication, Task
from crm.models import Contact
from messaging import outbox
from messaging.models import Message
from teams.models import User

NOW = noon()
PLANNED = ("campaigns_campaigncontact", "campaigns_contactcommunication", "campaigns_task")

TAKE = sql.SQL(
    "UPDATE raw_messaging_message SET status = 'sent', sent_at = not_before WHERE id IN"
    " (SELECT id FROM raw_messaging_message WHERE status = 'queued' AND channel = 'text' AND not_before <= {now}"
    " ORDER BY not_before, id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id"
).format(now=sql.Literal(NOW))


def prepare(place: Place) -> list[Line]:
    """Ten thousand contacts, and a campaign of five actions; one is due immediately."""
    (alice,) = make_users(["alice"])
    campaign = make_campaign(alice)
    contacts = make_contacts(alice, place.size(10_000))
    place.settle()

    enrol(campaign, contacts, alice)
    planned = {table: raw.copy_out(table) for table in PLANNED}
    rows = sum(content.count(b"\n") for content in planned.values())
    run_until_idle([send_communications], NOW, of=len(contacts))
    queued = raw.copy_out("messaging_message")

    def enrolled() -> Sample:
        return enrol(campaign, contacts, alice)

    def copied() -> Sample:
        return Sample(rows / raw.copy_in({raw.twin(table): content for table, content in planned.items()}))

    def dispatched() -> Sample:
        enrol(campaign, contacts, alice)
        place.settle()
        sample = run_until_idle([send_communications, outbox], NOW, of=len(contacts))
        assert Message.objects.filter(status=Message.Status.SENT).count() == len(contacts)
        return sample

    def claimed() -> Sample:
        table = raw.twin("messaging_message")
        raw.copy_in({table: queued})
        return raw.claim_all(table, TAKE)

    return [
        Line("W4 enrolling in 5 actions", "rows/s", enrolled, copied, at_least(20_000)),
        Line("W4 dispatching due texts", "texts/s", dispatched, claimed, at_least(2_000), rounds=3),
    ]


def enrol(campaign: Campaign, contacts: list[Contact], alice: User) -> Sample:
    """Reset enrollments, communications and tasks."""
    with raw.session() as database:
        database.execute("TRUNCATE campaigns_campaigncontact, messaging_message CASCADE")
    started_at, cpu = time.perf_counter(), time.process_time()
    enroll_many(campaign=campaign, contacts=contacts, started_by=alice, now=NOW)
    seconds, cpu = time.perf_counter() - started_at, time.process_time() - cpu
    rows = sum(model._base_manager.count() for model in (CampaignContact, ContactCommunication, Task))
    return Sample(rows / seconds, 1000 * cpu / rows)
