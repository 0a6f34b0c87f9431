"""W8: ten thousand leads of one team together: planned after a fallback, then alerted; each in one process."""

from datetime import timedelta

from django.db.models import Count
from psycopg import sql

from benchmarks import raw
from benchmarks.cast import make_contacts, make_team, make_users, noon
from benchmarks.engines import run_out
from benchmarks.measure import Line, Sample, at_least
from benchmarks.place import Place
from benchmarks.w3_alerts import make_lead
from leads.jobs import fall_back, send_offers
from leads.models import Lead, LeadOffer
from messaging.models import Message
from teams.models import Team

NOW = noon()
MEMBERS = 10
OFFERS = "leads_leadoffer"

TAKE = sql.SQL(
    "UPDATE raw_leads_leadoffer SET status = 'Sent', alerted_at = notify_at WHERE id IN"
    " (SELECT id FROM raw_leads_leadoffer WHERE status = 'Pending' AND notify_at <= {now}"
    " ORDER BY notify_at, position, id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id"
).format(now=sql.Literal(NOW))


def prepare(place: Place) -> list[Line]:
    """Unclaimed leads of one team, and the round robin team of ten that gets them."""
    alice, *agents = make_users(["alice", *(f"agent{number}" for number in range(MEMBERS))])
    next_team = make_team(alice, agents, name="Next")
    next_team.order_method = Team.OrderMethod.ROUND_ROBIN
    next_team.save()
    next_team.distribution_options.update(has_email_alert=False)
    first_team = Team.objects.create(creator=alice, name="First", fallback_target="Team", fallback_team=next_team)
    contacts = make_contacts(alice, place.size(10_000))
    leads = Lead.objects.bulk_create([make_lead(contact, first_team) for contact in contacts], batch_size=1000)

    def passed_on() -> Sample:
        take_back(first_team)
        place.settle()
        sample = run_out(lambda: fall_back.run_batch(NOW), of=len(leads) * MEMBERS)
        assert LeadOffer.objects.filter(team=next_team, notify_at=NOW).count() == len(leads)
        return sample

    def alerted() -> Sample:
        empty("messaging_message", OFFERS)
        raw.copy_in({OFFERS: planned})
        place.settle()
        sample = run_out(lambda: send_offers.run_batch(NOW), of=len(leads))
        check(len(leads))
        return sample

    def claimed() -> Sample:
        table = raw.twin(OFFERS)
        raw.copy_in({table: planned})
        return raw.claim_all(table, TAKE)

    passed_on()
    planned = raw.copy_out(OFFERS)
    return [
        Line("W8 leads passed on to a team of 10", "offers/s", passed_on, goal=at_least(10_000), rounds=3),
        Line("W8 their first alerts written", "offers/s", alerted, claimed, at_least(10_000), rounds=3),
    ]


def take_back(team: Team) -> None:
    """Reset: each lead is with this team, unclaimed, and its time there is over."""
    empty(OFFERS, "leads_traceentry", "leads_rotationslot")
    over = NOW - timedelta(seconds=1)
    Lead.objects.update(team=team, fallback_count=0, falls_back_at=over, alarm_at=None)


def empty(*tables: str) -> None:
    with raw.session() as database:
        database.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(map(sql.Identifier, tables))))


def check(leads: int) -> None:
    """Check that one member of each lead is alerted, once, and all members about equally many leads."""
    told = LeadOffer.objects.filter(status=LeadOffer.Status.SENT, alert_text__isnull=False)
    shares = told.order_by("user").values_list("user").annotate(number=Count("lead", distinct=True))
    assert [number for _, number in shares] == MEMBERS * [leads // MEMBERS]
    assert told.count() == leads == Message.objects.count()
