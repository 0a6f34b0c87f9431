"""Fixtures of leads: a contact, a campaign, members with options, and a clock that tests move."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from twilio.request_validator import RequestValidator

from campaigns.models import Campaign
from crm.models import Contact, ContactSource
from leads import jobs
from leads.models import Lead, LeadOffer, LeadRoute, LeadSource
from messaging.models import Message, PhoneNumber
from teams.models import Team, TeamMemberDistributionOption, User

ZILLOW, TRULIA, TEXT = 1, 3, 11  # ids of seeded lead sources
NOON = datetime(2027, 3, 1, 20, tzinfo=UTC)  # Monday noon in Los Angeles


SEEDED: dict[int, str] = import_module("leads.migrations.0002_lead_sources").SOURCES


@pytest.fixture
def alice(alice: User) -> User:
    """Create alice and the lead sources: a transactional test also empties rows of migrations."""
    LeadSource.objects.bulk_create((LeadSource(pk=pk, name=name) for pk, name in SEEDED.items()), ignore_conflicts=True)
    return alice


class Clock:
    """The business clock, which moves only when a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def read(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


standing_clock = Clock()


def read_standing_clock() -> datetime:
    return standing_clock.read()


@pytest.fixture(autouse=True)
def clock(settings: Any) -> Clock:
    standing_clock.now = NOON
    settings.CLOCK = "tests.leads.conftest.read_standing_clock"
    return standing_clock


@pytest.fixture
def run(clock: Clock) -> Callable[..., int]:
    """`run(minutes=5)` moves the clock and lets the engine do what is due, moment by moment."""

    def advance(**by: float) -> int:
        goal, done = clock.now + timedelta(**by), jobs.run_due(clock.now)
        while (due_at := jobs.next_due_at()) and due_at <= goal:
            clock.now = due_at
            done += jobs.run_due(due_at)
        clock.now = goal
        return done

    return advance


@pytest.fixture
def campaign(alice: User) -> Campaign:
    return Campaign.objects.create(owner_user=alice, name="General Buyer Drip")


@pytest.fixture
def by_email(alice: User) -> ContactSource:
    """A contact source of alice's."""
    return ContactSource.objects.create(user=alice, name="Email")


@pytest.fixture
def mary(alice: User, by_email: ContactSource) -> Contact:
    """A client of alice's."""
    return make_contact(alice, source=by_email)


def make_contact(owner: User, **fields: Any) -> Contact:
    given = {"first_name": "Mary", "last_name": "Jackson", "email": "mary@example.com"}
    return Contact.objects.create(owner_user=owner, **given | {"mobile_phone": "(949) 555-0150"} | fields)


def make_route(owner: User, campaign: Campaign, **fields: Any) -> LeadRoute:
    """Add a route of Zillow's leads to the owner, without return to a previous agent. `fields` override its fields."""
    given = {"lead_source_id": ZILLOW, "distribution_target": "Myself", "position": 1, "is_returning_to_claimer": False}
    return LeadRoute.objects.create(owner_user=owner, campaign=campaign, **given | fields)


def make_option(team: Team, user: User, **fields: Any) -> TeamMemberDistributionOption:
    """Add a distribution option with text alerts. `fields` override its fields."""
    return TeamMemberDistributionOption.objects.create(team=team, user=user, **{"has_text_alert": True} | fields)


@pytest.fixture
def route(alice: User, team: Team, campaign: Campaign) -> LeadRoute:
    """Zillow's leads to alice's team."""
    return make_route(
        alice, campaign, distribution_target="Team Rollout", team_selection_method="Specific Team", team=team
    )


@pytest.fixture
def options(team: Team, bob: User, dana: User) -> list[TeamMemberDistributionOption]:
    """Bob is alerted first and dana five minutes later, both by text and email."""
    return [
        make_option(team, bob, rank=1, has_email_alert=True),
        make_option(team, dana, rank=2, has_email_alert=True),
    ]


@pytest.fixture
def lead(api: Any, alice: User, mary: Contact, route: LeadRoute, options: list[Any]) -> Lead:
    """Mary inquires through Zillow; alice creates the lead, for her team."""
    return Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"])


MLS_IDS = count(2000)


def inquiry(contact: Contact, **fields: Any) -> dict[str, Any]:
    """Return a body of `POST /leads`. Each has its own listing, so that none is a duplicate."""
    return {
        "contact_id": contact.pk,
        "source_id": ZILLOW,
        "text_body": "Lead from Zillow",
        "mls_id": next(MLS_IDS),
        "listing_status": "For Sale",
        "listing_price": "10000000",
        "street_address": "16215 Alton Pkwy",
        "city": "Irvine",
        "state": "CA",
        "zipcode": 92618,
        "type": "Buyer",
    } | fields


ALICES_NUMBER = "+19495550190"


@pytest.fixture
def text_in(settings: Any, alice: User) -> Callable[..., Any]:
    """`text_in(number, "1")` posts Twilio's signed webhook of a text. `to` defaults to the alert number."""
    PhoneNumber.objects.create(number=ALICES_NUMBER, user=alice)
    settings.PUBLIC_URL = "https://crm.example.com"
    path, turns = "/webhooks/twilio/texts", count(1)

    def post(sender: str, body: str, to: str = settings.ALERT_NUMBER) -> Any:
        form = {"MessageSid": f"SM{next(turns):032x}", "From": sender, "To": to, "Body": body}
        signature = RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(settings.PUBLIC_URL + path, form)
        answer = Client().post(
            path, urlencode(form), "application/x-www-form-urlencoded", headers={"X-Twilio-Signature": signature}
        )
        assert answer.status_code == 200
        return answer

    return post


def offer_of(lead: Lead, user: User) -> LeadOffer:
    return LeadOffer.objects.get(lead=lead, user=user)


def statuses(lead: Lead) -> dict[str, str]:
    """Return the status of each offer by the member's first name."""
    return {offer.user.first_name: offer.status for offer in lead.offers.select_related("user")}


def texts_to(user: User) -> list[str]:
    """Return the bodies of texts to the user, oldest first, without canceled ones."""
    told = Message.objects.filter(recipient=user.phone_e164, channel="text").exclude(status="cancelled")
    return list(told.order_by("pk").values_list("body", flat=True))


def emails_to(user: User) -> list[str]:
    """Return the subjects of the emails to the user."""
    return list(Message.objects.filter(recipient=user.email, channel="email").values_list("subject", flat=True))
