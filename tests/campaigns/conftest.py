"""What campaigns need: a campaign of alice's with templates, her client mary, and a clock moved by hand."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.jobs import birthdays, reminders, send_communications
from campaigns.models import Campaign, CampaignAction, CampaignContact, ContactCommunication
from crm.models import Contact
from messaging import outbox
from messaging.models import Message, PhoneNumber, Template, TemplateFolder
from teams.models import User

NOON = datetime(2027, 3, 1, 20, tzinfo=UTC)  # Monday noon in Los Angeles

NUMBER = "+19495550199"  # alice texts from it

PARTS = (birthdays, send_communications, reminders, outbox)  # what runs as time goes by


class Clock:
    """Business time, standing still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


standing_clock = Clock()


def read_standing_clock() -> datetime:
    return standing_clock.now


@pytest.fixture
def clock(settings: Any) -> Clock:
    standing_clock.now = NOON
    settings.CLOCK = "tests.campaigns.conftest.read_standing_clock"
    return standing_clock


@pytest.fixture
def sending(settings: Any) -> None:
    """Texts are taken by a provider that always says yes; emails land in `mailoutbox`."""
    settings.TEXT_GATEWAY = "messaging.gateways.null.NullGateway"


@pytest.fixture
def run(clock: Clock, sending: None) -> Callable[..., None]:
    """`run(minutes=5)` moves the clock and does what falls due on the way, moment by moment."""

    def advance(**by: float) -> None:
        goal = clock.now + timedelta(**by)
        _do_all_due(clock.now)
        while (due_at := _next_due_at()) and due_at <= goal:
            clock.now = due_at
            _do_all_due(due_at)
        clock.now = goal

    return advance


def _do_all_due(now: datetime) -> None:
    while any(part.run_due(now) for part in PARTS):
        pass


def _next_due_at() -> datetime | None:
    return min((at for part in PARTS if (at := part.next_due_at())), default=None)


@pytest.fixture
def campaign(alice: User, clock: Clock) -> Campaign:
    PhoneNumber.objects.create(number=NUMBER, user=alice)
    User.objects.filter(pk=alice.pk).update(system_phone=NUMBER)
    return make_campaign(alice)


@pytest.fixture
def mary(alice: User, clock: Clock) -> Contact:
    """A client of alice's, with a mobile phone and an email address."""
    return make_contact(alice)


def make_campaign(owner: User, name: str = "LionDesk: General Buyer Drip") -> Campaign:
    return Campaign.objects.create(owner_user=owner, name=name)


def make_contact(owner: User, **fields: Any) -> Contact:
    """The first one is Mary; each has a number and an address of their own."""
    place = Contact.objects.count()
    given = {"first_name": "Mary", "last_name": "Jackson", "email": f"mary{place or ''}@example.com"}
    return Contact.objects.create(
        owner_user=owner, **given | {"mobile_phone": f"(949) 555-01{(50 + place) % 100:02}"} | fields
    )


def make_template(owner: User, kind: str, **fields: Any) -> Template:
    folder, _ = TemplateFolder.objects.get_or_create(user=owner, name="New Contacts")
    given = {"description": f"{kind} #1", "subject": "A home, {{first_name}}", "body": "Hi {{first_name}}, welcome."}
    return Template.objects.create(user=owner, template_folder=folder, template_type=kind, **given | fields)


def make_action(campaign: Campaign, kind: str = "Text Contact", **fields: Any) -> CampaignAction:
    """An action ten minutes after the start, with a template that fits, unless `fields` say otherwise."""
    templates = {"Text Contact": "Text", "Email Contact": "Email", "Call Contact": "Phone"}
    given: dict[str, Any] = {"timing_type": "Delay by Minutes", "delay_by_seconds": 600}
    if kind in templates and "template" not in fields:
        given["template"] = make_template(campaign.owner_user, templates[kind])
    return CampaignAction.objects.create(campaign=campaign, type=kind, **given | fields)


def start(api: Any, user: User, campaign: Campaign, contact: Contact) -> CampaignContact:
    """Start the campaign for the contact, as a client does."""
    enrolment = api(user).made(f"/campaigns/{campaign.pk}/contacts", {"contact_id": contact.pk})
    return CampaignContact.objects.get(pk=enrolment["id"])


def communications(api: Any, user: User, contact: Contact, **query: Any) -> list[dict[str, Any]]:
    answer = api(user).get(f"/contacts/{contact.pk}/campaign-communications", query | {"$limit": 1000})
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


def states(rows: Iterable[ContactCommunication] | None = None) -> list[tuple[str, bool, bool, str]]:
    """Of each communication: type, is_active, whether it was completed, reason."""
    rows = ContactCommunication.objects.all() if rows is None else rows
    return [(row.type, row.is_active, row.completed_at is not None, row.reason) for row in rows]


def messages() -> list[tuple[str, str, str]]:
    """Of each message, oldest first: channel, recipient, status."""
    return list(Message.objects.order_by("pk").values_list("channel", "recipient", "status"))
