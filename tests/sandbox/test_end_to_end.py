"""The sandbox around the real product: its engines, its gateway and its webhooks, over sockets."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import Campaign
from core import clock as business
from crm.models import Contact
from leads.models import Lead, LeadRoute, LeadSource
from messaging import message_factory, outbox
from messaging.models import Message
from messaging.phone_numbers import give_number
from sandbox import clock
from sandbox.models import EmulatedText

CLIENT = "+13105550142"
NOON = datetime(2031, 1, 7, 20, tzinfo=UTC)  # a Tuesday, in Los Angeles


@pytest.fixture
def served(carrier, mailbox, live_server, settings):
    """The service at an address of its own, in the middle of a day."""
    settings.PUBLIC_URL = live_server.url
    clock.advance(NOON)
    return live_server.url


@pytest.fixture
def staff(served, alice, api):
    alice.is_staff = True
    alice.save()
    return api(alice)


@pytest.fixture
def clara(served, bob):
    """Bob's client; he texts from a number bought of the carrier."""
    give_number(bob, now=business.now())
    return Contact.objects.create(owner_user=bob, first_name="Clara", mobile_phone=CLIENT)


def text(contact, body, **more):
    """Queue a text of bob's to his client."""
    now = business.now()
    more.setdefault("not_before", now)
    (message,) = outbox.queue_messages(
        [message_factory.text_to(contact, body, now, user=contact.owner_user, **more)], now
    )
    return message


def outcome(message):
    message.refresh_from_db()
    return message.status, message.reason


def test_a_text_leaves_and_arrives_while_the_clock_is_moved(staff, clara, bob):
    later = business.now() + timedelta(days=3)
    message = text(clara, "Hello Clara", not_before=later)

    staff.post("/sandbox/clock", {"advance": "P2D"})
    assert staff.get("/sandbox/texts").json()["total"] == 0
    staff.post("/sandbox/clock", {"advance": "P2D"})

    (row,) = staff.get("/sandbox/texts", {"to": CLIENT}).json()["data"]
    assert (row["from"], row["body"], row["status"]) == (bob.system_phone, "Hello Clara", "delivered")
    assert datetime.fromisoformat(row["at"]) == later.replace(microsecond=later.microsecond // 1000 * 1000)
    assert outcome(message) == (Message.Status.DELIVERED, "")


def test_what_falls_due_at_the_target_has_arrived_when_the_clock_gets_there(staff, clara):
    message = text(clara, "Hello Clara", not_before=NOON + timedelta(days=1))

    staff.post("/sandbox/clock", {"set": "2031-01-08T20:00:00Z"})

    assert outcome(message) == (Message.Status.DELIVERED, "")


@pytest.mark.parametrize("kind", ["lose_answer", "429", "500", "late", "double", "reorder"])
def test_a_text_arrives_once_whatever_goes_wrong(staff, clara, kind, settings):
    settings.TWILIO_TIMEOUT_SECONDS = 1
    staff.post("/sandbox/faults", {"kind": kind})
    message = text(clara, "Hello Clara")

    staff.post("/sandbox/clock", {"advance": "PT3H"})

    assert EmulatedText.objects.filter(recipient=CLIENT).count() == 1
    assert outcome(message)[0] == Message.Status.DELIVERED


def test_a_text_the_carrier_filters_ends_with_its_code(staff, clara):
    staff.post("/sandbox/faults", {"kind": "30007"})
    message = text(clara, "Hello Clara")

    staff.post("/sandbox/clock", {"advance": "PT1H"})

    message.refresh_from_db()
    assert (message.status, message.error_code) == (Message.Status.UNDELIVERED, 30007)


def test_whoever_texts_stop_gets_no_more_texts(staff, clara, bob):
    answer = staff.post("/sandbox/texts", {"from": CLIENT, "to": bob.system_phone, "body": "STOP"})
    assert answer.status_code == 201, answer.content

    message = text(clara, "Hello Clara")
    staff.post("/sandbox/clock", {"advance": "P10D"})

    assert outcome(message)[0] == Message.Status.CANCELLED
    assert not EmulatedText.objects.filter(recipient=CLIENT).exists()


def test_a_reply_lands_on_the_contact(staff, clara, bob):
    staff.post("/sandbox/texts", {"from": CLIENT, "to": bob.system_phone, "body": "Yes, please"})

    received = Message.objects.get(contact=clara)
    assert (received.status, received.body) == (Message.Status.RECEIVED, "Yes, please")


def test_a_stranger_who_texts_becomes_a_contact_and_a_lead(staff, clara, bob):
    staff.post("/sandbox/texts", {"from": "+13105550199", "to": bob.system_phone, "body": "Is it still for sale?"})

    stranger = Contact.objects.get(mobile_e164="+13105550199")
    assert stranger.owner_user == bob
    assert stranger.leads.count() == 1


@pytest.mark.parametrize("kind", ["", "lose_answer", "hang", "500", "429", "double", "reorder", "lose_callbacks"])
def test_a_lead_is_claimed_by_pressing_1_in_the_one_call_about_it(staff, alice, bob, team, kind, settings):
    settings.TWILIO_TIMEOUT_SECONDS = 1
    source, _ = LeadSource.objects.get_or_create(name="Zillow")
    LeadRoute.objects.create(
        owner_user=alice,
        lead_source=source,
        distribution_target="Team Rollout",
        team_selection_method="Specific Team",
        team=team,
        campaign=Campaign.objects.create(owner_user=alice, name="Buyers"),
    )
    team.distribution_options.create(user=bob, has_call_alert=True)
    clara = staff.made("/contacts", {"first_name": "Clara", "mobile_phone": CLIENT})
    lead = staff.made("/leads", {"contact_id": clara["id"], "source_id": source.pk, "type": "Buyer"})
    if kind:
        staff.post("/sandbox/faults", {"kind": kind})
    staff.made(f"/leads/{lead['id']}/offers", {})

    staff.post("/sandbox/clock", {"advance": "PT1M"})
    (call,) = staff.get("/sandbox/calls", {"to": bob.phone_e164}).json()["data"]
    assert (call["says"], call["status"]) == (
        "New lead: Clara, Buyer, from Zillow. Press 1 to claim it.",
        "in-progress",
    )
    heard = staff.post(f"/sandbox/calls/{call['sid']}", {"digits": "1"}).json()["says"].split("\n")
    staff.post("/sandbox/clock", {"advance": "PT1H"})

    assert heard[1].startswith("The lead is yours: Clara. 3 1 0, 5 5 5, 0 1 4 2.")
    claimed = Lead.objects.get(pk=lead["id"])
    assert (claimed.claimed_by_user, claimed.claimed_via) == (bob, "Phone")
    (call,) = staff.get("/sandbox/calls").json()["data"]
    assert call["status"] == "completed"
    assert Message.objects.get(channel="call").status == Message.Status.DELIVERED
