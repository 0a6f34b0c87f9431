"""W3: alerting members whose turn is due, in one process, with a null gateway; against raw claims."""

from datetime import timedelta

from psycopg import sql

from benchmarks import raw
from benchmarks.cast import fill_teams, make_contacts, make_users, noon
from benchmarks.engines import run_until_idle
from benchmarks.measure import Line, Sample, at_least
from benchmarks.place import Place
from core.clock import now as clock_now
from crm.models import Contact
from leads import jobs
from leads.models import DistributionTarget, Lead, LeadOffer
from messaging import outbox
from messaging.models import Message
from teams.models import Team, User

NOW = noon()
MEMBERS = 5

TAKE = sql.SQL(
    "UPDATE raw_leads_leadoffer SET status = 'Sent', alerted_at = notify_at WHERE id IN"
    " (SELECT id FROM raw_leads_leadoffer WHERE status = 'Pending' AND notify_at <= {now}"
    " ORDER BY notify_at, position, id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id"
).format(now=sql.Literal(NOW))


def prepare(place: Place) -> list[Line]:
    """Leads of many teams, each with one member whose turn is due, and one later."""
    users = make_users([f"agent{number}" for number in range(place.size(2_000))])
    teams = make_teams(users)
    leads = make_leads(users[0], teams, place.size(20_000))
    place.settle()

    def product() -> Sample:
        offers = make_offers(leads, teams)
        place.settle()
        sample = run_until_idle([jobs, outbox], NOW, of=len(leads))
        check(offers)
        return sample

    def reference() -> Sample:
        table = raw.twin("leads_leadoffer")
        raw.copy_in({table: raw_offers})
        return raw.claim_all(table, TAKE)

    make_offers(leads, teams)
    raw_offers = raw.copy_out("leads_leadoffer")
    return [Line("W3 alerting due offers", "offers/s", product, reference, at_least(3_000), rounds=3)]


def make_teams(users: list[User]) -> list[tuple[Team, list[User]]]:
    crews = [users[start : start + MEMBERS] for start in range(0, len(users), MEMBERS)]
    teams = Team.objects.bulk_create([Team(creator=crew[0], name=f"Team of {crew[0].first_name}") for crew in crews])
    made = list(zip(teams, crews, strict=True))
    fill_teams(made)
    return made


def make_leads(owner: User, teams: list[tuple[Team, list[User]]], number: int) -> list[Lead]:
    contacts = make_contacts(owner, number)
    leads = [make_lead(contact, teams[position % len(teams)][0]) for position, contact in enumerate(contacts)]
    return Lead.objects.bulk_create(leads, batch_size=1000)


def make_lead(contact: Contact, team: Team) -> Lead:
    """A lead of the contact's owner, with this team."""
    return Lead(
        owner_user_id=contact.owner_user_id,
        contact=contact,
        source_id=1,
        distribution_target=DistributionTarget.TEAM_ROLLOUT,
        team=team,
        text_body="I would like to see this house.",
        city="Irvine",
        state="CA",
        zipcode="92618",
        listing_price="1000000",
        type="Buyer",
    )


def make_offers(leads: list[Lead], teams: list[tuple[Team, list[User]]]) -> list[LeadOffer]:
    """Reset: no alerts; two offers a lead, one of them due now."""
    with raw.session() as database:
        database.execute("TRUNCATE leads_leadoffer, messaging_message CASCADE")
    made_at = clock_now()
    offers = []
    for position, lead in enumerate(leads):
        team, crew = teams[position % len(teams)]
        first = position // len(teams)
        for turn in range(2):
            offers.append(
                LeadOffer(
                    lead=lead,
                    team=team,
                    user=crew[(first + turn) % MEMBERS],
                    position=turn,
                    rank=turn + 1,
                    notify_at=NOW - timedelta(seconds=1) + turn * timedelta(minutes=5),
                    has_text_alert=True,
                    created_at=made_at,
                )
            )
    return LeadOffer.objects.bulk_create(offers, batch_size=2000)


def check(offers: list[LeadOffer]) -> None:
    """Check that each due offer is alerted, by exactly one sent text, and no other offer is."""
    told = LeadOffer.objects.filter(status=LeadOffer.Status.SENT, alert_text__status=Message.Status.SENT)
    assert told.count() == len(offers) / 2 == Message.objects.count()
