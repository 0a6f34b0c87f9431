"""The users of a benchmark: alice leads teams of agents. Contacts have reserved numbers."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from itertools import islice, product
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from django.utils import timezone
from psycopg import sql

from campaigns.models import ActionType, Campaign, CampaignAction
from core.phone_numbers import e164, time_zones
from crm.api.serializers import ContactSerializer
from crm.models import Contact
from messaging.models import Template, TemplateFolder
from oauth.tokens import create_token
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User

Session = psycopg.Connection[Any]


def all_american(zones: tuple[str, ...]) -> bool:
    """Return whether a number is American in any time zone."""
    return bool(zones) and all(zone.startswith("America/") for zone in zones)


# Area codes of the continent, where noon is day for all; each has a hundred numbers for fiction, 555-0100 to 555-0199.
AREAS = [area for area in range(201, 990) if all_american(time_zones(f"+1{area}5550100"))]


def fictional_numbers() -> Iterator[str]:
    """Telephone numbers as people write them, no two alike."""
    for ending, area in product(range(100), AREAS):
        yield f"({area}) 555-01{ending:02}"


def make_users(names: list[str]) -> list[User]:
    """Agents of these names, who cannot log in: hashing passwords takes longer than all the rest."""
    numbers = fictional_numbers()
    return User.objects.bulk_create([make_user(name, next(numbers), next(numbers)) for name in names])


def make_user(name: str, phone: str, system_phone: str) -> User:
    email = f"{name}@example.com"
    return User(
        email=email,
        username=email,
        password="!",
        first_name=name.capitalize(),
        last_name="Example",
        phone=phone,
        phone_e164=e164(phone),
        confirmed_phone=e164(phone),
        phone_confirmed_at=timezone.now(),
        system_phone=e164(system_phone),
    )


def make_team(creator: User, members: list[User], name: str = "Pride") -> Team:
    """A team by rank, five minutes apart, whose members get texts and emails."""
    team = Team.objects.create(creator=creator, name=name, is_contact_resource_sharing_enabled=True)
    fill_teams([(team, members)])
    return team


def fill_teams(teams: list[tuple[Team, list[User]]]) -> None:
    """All members accepted, and are offered leads."""
    places = [(team, user, rank) for team, members in teams for rank, user in enumerate(members, 1)]
    accepted = TeamMember.RequestStatus.ACCEPTED
    TeamMember.objects.bulk_create(
        [TeamMember(team=team, user=user, request_status=accepted) for team, user, _ in places]
    )
    TeamMemberDistributionOption.objects.bulk_create(
        [
            TeamMemberDistributionOption(team=team, user=user, rank=rank, has_text_alert=True, has_email_alert=True)
            for team, user, rank in places
        ]
    )


def token_of(user: User) -> str:
    """A real access token."""
    return create_token(user, timezone.now())


def make_contacts(owner: User, number: int) -> list[Contact]:
    """Contacts of `owner` with names, emails and numbers."""
    contacts = [
        Contact(
            owner_user=owner,
            first_name=f"Mary{position}",
            last_name="Jackson",
            email=f"mary{position}@example.com",
            mobile_phone=phone,
            company="Example Homes",
            tags="Buyer, Irvine",
        )
        for position, phone in enumerate(islice(fictional_numbers(), number))
    ]
    for contact in contacts:
        contact.normalize()
    return Contact.objects.bulk_create(contacts, batch_size=1000)


def copy_contacts(bare: Session) -> None:
    """The contacts, with the same ids, in the bare service's table."""
    held = {field.attname for field in Contact._meta.concrete_fields}
    columns = [name for name in ContactSerializer.Meta.fields if name in held]
    copy(bare, "bare_contact", columns, Contact.objects.values_list(*columns).iterator())
    bare.execute("SELECT setval('bare_contact_id_seq', (SELECT max(id) FROM bare_contact))")


def copy(session: Session, table: str, columns: list[str], rows: Iterable[Sequence[Any]]) -> None:
    """Fill a table by COPY."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with session.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as into:
        for row in rows:
            into.write_row(row)


def make_campaign(owner: User) -> Campaign:
    """Five actions: a text now, an email in five minutes, a task tomorrow, a text and an email later."""
    kinds, timings = ActionType, CampaignAction.TimingType
    folder = TemplateFolder.objects.create(user=owner, name="Drips")
    text = Template.objects.create(
        user=owner,
        template_folder=folder,
        template_type=Template.TemplateType.TEXT,
        body="Hi {{first_name|there}}, this is {{agent_first_name}}. When may I call you about the house?",
    )
    email = Template.objects.create(
        user=owner,
        template_folder=folder,
        template_type=Template.TemplateType.EMAIL,
        subject="Homes for {{first_name|you}}",
        body="Dear {{first_name|reader}},\n\nthese came on the market this week.\n\n{{agent_full_name}}",
    )
    later = {"timing_type": timings.DAY_AND_TIME, "dispatch_time": time(10)}
    campaign = Campaign.objects.create(owner_user=owner, name="Buyer Drip")
    actions = [
        CampaignAction(type=kinds.TEXT_CONTACT, template=text, timing_type=timings.MINUTES, delay_by_seconds=0),
        CampaignAction(type=kinds.EMAIL_CONTACT, template=email, timing_type=timings.MINUTES, delay_by_seconds=300),
        CampaignAction(type=kinds.TASK_CALL, notes="Ring them", delay_by_days=1, **later),
        CampaignAction(type=kinds.TEXT_CONTACT, template=text, delay_by_days=3, **later),
        CampaignAction(type=kinds.EMAIL_CONTACT, template=email, delay_by_days=7, **later),
    ]
    for action in actions:
        action.campaign = campaign
    CampaignAction.objects.bulk_create(actions)
    return campaign


def noon() -> datetime:
    """A business time at which texts may be sent from coast to coast: today, noon in Los Angeles."""
    return datetime.now(ZoneInfo("America/Los_Angeles")).replace(hour=12, minute=0, second=0, microsecond=0)


def a_contact(number: str) -> dict[str, Any]:
    """A contact as a client posts it."""
    return {
        "first_name": "Mary",
        "last_name": "Jackson",
        "email": f"mary-{token_hex(6)}@example.com",
        "mobile_phone": number,
        "company": "Example Homes",
        "tags": "Buyer, Irvine",
    }


A_LEAD = {
    "text_body": "I would like to see this house.",
    "mls_id": "987654",
    "listing_status": "For sale",
    "listing_price": "1000000",
    "street_address": "1 Example Street",
    "city": "Irvine",
    "state": "CA",
    "zipcode": "92618",
    "type": "Buyer",
}
