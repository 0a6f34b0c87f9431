"""Calling a client by hand: the real Twilio client, the emulated Twilio, and the webhooks as Twilio calls them."""

from datetime import timedelta
from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from twilio.request_validator import RequestValidator

from core import clock
from crm.models import Contact
from messaging import consent, message_factory, message_store, outbox, phone_numbers
from messaging.models import Message
from sandbox import clock as sandbox_clock
from sandbox.models import EmulatedCall
from sandbox.twilio import calls as emulated
from tests.conftest import make_user
from tests.messaging.conftest import CLIENT, make_client

pytestmark = pytest.mark.django_db(transaction=True)

DIALLED = "/webhooks/twilio/calls/dialled"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def service(carrier, live_server, settings):
    """At noon where the client is."""
    settings.PUBLIC_URL = live_server.url
    settings.TWILIO_TIMEOUT_SECONDS = 0.5
    settings.TEXTS_TO_UNKNOWN_CONSENT = "refuse"
    sandbox_clock.advance((clock.now() + timedelta(days=1)).replace(hour=20, minute=0))


@pytest.fixture
def number(bob):
    """Bob's, which clients see."""
    given = phone_numbers.give_number(bob, now=clock.now()).number
    bob.refresh_from_db()
    return given


@pytest.fixture
def clara(bob, number):
    return make_client(bob)


@pytest.fixture
def path(clara):
    return f"/contacts/{clara.pk}/calls"


@pytest.fixture
def rung(api, bob, path):
    """Bob's phone was rung and answered, and has said what it is about."""
    made = api(bob).made(path)
    sandbox_clock.advance(clock.now() + timedelta(seconds=2))
    return made


@pytest.fixture
def twilio_asks(settings):
    """`twilio_asks(path, **form)` posts a request about a call, signed; the answer."""

    def post(path, **form):
        signed = RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(settings.PUBLIC_URL + path, form)
        headers = {"X-Twilio-Signature": signed}
        return Client().post(path, urlencode(form), "application/x-www-form-urlencoded", headers=headers)

    return post


def agents():
    return EmulatedCall.objects.get(parent=None)


def clients():
    return EmulatedCall.objects.get(parent__isnull=False)


def talk(status="completed", seconds=65):
    emulated.pick_up(clients(), status, seconds, clock.now())


def leg():
    return Message.objects.get(channel="call", purpose="personal")


@pytest.mark.contract(
    "Contact calls", "`POST` rings the caller's own phone; a 1 pressed there connects it with the contact's", "ours"
)
def test_the_agents_own_phone_rings_and_a_1_connects_it_with_the_clients(api, bob, clara, number, rung, settings):
    assert (rung["from"], rung["to"], rung["status"]) == (settings.ALERT_NUMBER, bob.phone_e164, "queued")
    assert rung["body"] == "Press 1 to be connected with Clara."
    assert agents().says == "Press 1 to be connected with Clara."
    assert not EmulatedCall.objects.filter(recipient=CLIENT).exists()

    emulated.press(agents(), "1")

    assert (clients().sender, clients().recipient, clients().status) == (number, CLIENT, "ringing")
    talk()
    assert clients().says == ""
    assert agents().says.endswith("Goodbye.")
    (row,) = api(bob).get(f"/contacts/{clara.pk}/messages").json()["data"]
    assert (row["channel"], row["purpose"], row["from"], row["to"]) == ("call", "personal", number, CLIENT)
    assert (row["status"], row["reason"], row["body"]) == ("delivered", "It lasted 1 min 5 s.", "")
    assert row["sent_at"]
    assert api(bob).get(f"/contacts/{clara.pk}/calls/{rung['id']}").json()["status"] == "delivered"


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        ("busy", "undelivered", "The line was busy."),
        ("no-answer", "undelivered", "The call was not answered."),
        ("failed", "failed", "The call could not be connected."),
    ],
)
def test_where_nobody_answers_the_agent_is_told(rung, status, state, said):
    emulated.press(agents(), "1")
    talk(status)

    assert (leg().status, leg().reason, leg().sent_at) == (state, said, None)
    assert agents().says.endswith(f"{said}\nGoodbye.")


def test_another_key_connects_nobody(rung):
    emulated.press(agents(), "2")

    assert agents().says.count("Press 1") == 2
    assert EmulatedCall.objects.count() == 1


def test_an_agent_who_does_not_press_calls_nobody(rung):
    sandbox_clock.advance(clock.now() + 6 * MINUTE)

    assert not Message.objects.filter(purpose="personal").exists()
    assert agents().status == "completed"


def test_what_is_asked_twice_is_dialled_once(rung, twilio_asks, settings):
    """Twilio asks again where an answer was lost."""
    form = {"CallSid": agents().sid, "CallStatus": "in-progress", "Digits": "1"}
    keys = f"/webhooks/twilio/calls/keys?message={rung['id']}&turn=1"

    first, again = twilio_asks(keys, **form).content, twilio_asks(keys, **form).content

    assert first == again
    (dial,) = fromstring(first.decode())
    assert dial.tag == "Dial"
    assert (dial.get("callerId"), dial.findtext("Number")) == (leg().sender, CLIENT)
    assert "record" not in dial.attrib
    assert dial.find("Number").get("url") is None
    twilio_asks(f"{DIALLED}?message={leg().pk}", DialCallStatus="busy")
    assert b"Dial" not in twilio_asks(keys, **form).content


def test_an_end_told_twice_counts_once(rung, twilio_asks):
    """Of the client's leg, and of the connection: who hangs up first hears no more of the latter."""
    emulated.press(agents(), "1")
    address = f"{DIALLED}?message={leg().pk}"

    twilio_asks(address, CallSid="CA2", CallStatus="completed", CallDuration="12")
    twilio_asks(address, CallSid="CA1", CallStatus="completed", DialCallStatus="no-answer")

    assert (leg().status, leg().reason) == ("delivered", "It lasted 12 s.")


def test_an_answer_of_no_duration_was_none(rung, twilio_asks):
    emulated.press(agents(), "1")
    twilio_asks(f"{DIALLED}?message={leg().pk}", CallStatus="in-progress", DialCallStatus="completed")

    assert (leg().status, leg().reason, leg().sent_at) == ("undelivered", "The call was not answered.", None)


def test_nobody_else_tells_how_a_call_ended(rung):
    emulated.press(agents(), "1")

    forged = Client().post(f"{DIALLED}?message={leg().pk}", {"DialCallStatus": "completed", "DialCallDuration": "9"})

    assert (forged.status_code, leg().status) == (403, "sent")


# What stands against it


def no_number_of_bobs(bob, clara):
    bob.system_phone = ""
    bob.save()


def no_phone_of_bobs(bob, clara):
    bob.phone = ""
    bob.save()


def unconfirmed_phone_of_bobs(bob, clara):
    bob.phone = "+1 949 555 0188"
    bob.save()


def no_phone(bob, clara):
    clara.mobile_phone = ""
    clara.save()


def do_not_contact(bob, clara):
    Contact.objects.update(is_do_not_contact=True)


def stop(bob, clara):
    consent.opt_out(CLIENT, source="text", now=clock.now())


def night(bob, clara):
    sandbox_clock.advance(clock.now() + timedelta(hours=10))


@pytest.mark.contract(
    "Contact calls", "What stands against it is 400 in plain words, and no phone rings: at night, too", "ours"
)
@pytest.mark.parametrize(
    ("circumstance", "said"),
    [
        (no_number_of_bobs, "There is no number to send from."),
        (no_phone_of_bobs, "You have no phone that could ring: set yours first."),
        (unconfirmed_phone_of_bobs, "Your phone is not confirmed: request a code and confirm it first."),
        (no_phone, "There is no valid phone number."),
        (do_not_contact, "The contact is marked do-not-contact."),
        (stop, "The number has opted out of texts."),
        (night, "It is outside 8:00-21:00 in the recipient's time zone."),
    ],
)
def test_a_call_that_may_not_be_made_is_refused_at_once(api, bob, clara, path, circumstance, said):
    circumstance(bob, clara)

    refused = api(bob).post(path)

    assert (refused.status_code, refused.json()["message"]) == (400, said)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("circumstance", "said"), [(stop, "opted out"), (do_not_contact, "do-not-contact"), (night, "outside 8:00")]
)
def test_it_is_asked_again_before_the_client_is_called(bob, clara, rung, twilio_asks, circumstance, said):
    circumstance(bob, clara)

    answer = twilio_asks(f"/webhooks/twilio/calls/keys?message={rung['id']}&turn=1", CallSid="CA1", Digits="1")

    assert said in answer.content.decode()
    assert b"Dial" not in answer.content
    assert not Message.objects.filter(purpose="personal").exists()


def test_who_lost_the_contact_meanwhile_is_not_connected(clara, rung):
    Contact.objects.update(owner_user=make_user("Erin", "0119"))

    emulated.press(agents(), "1")

    assert agents().says.endswith("This call can no longer be connected.\nGoodbye.")
    assert EmulatedCall.objects.count() == 1


def test_a_phone_that_is_not_the_agents_any_more_connects_nobody(bob, rung):
    bob.phone = "+1 949 555 0199"
    bob.save()

    emulated.press(agents(), "1")

    assert EmulatedCall.objects.count() == 1


def test_a_phone_does_not_ring_late(api, bob, path):
    """After an outage the agent has long gone to something else."""
    made = api(bob).made(path)

    outbox.run_due(clock.now() + 3 * MINUTE)

    row = Message.objects.get(pk=made["id"])
    assert (row.status, row.reason) == ("cancelled", "It expired before it could be sent.")


@pytest.mark.contract(
    "Contact calls", "Asked for again while it goes on, within a minute, it is 200 with the call that stands", "ours"
)
def test_a_second_click_rings_nobody_twice(api, bob, path, rung):
    again = api(bob).post(path)
    assert (again.status_code, again.json()["id"]) == (200, rung["id"])

    emulated.press(agents(), "1")
    talk("busy")
    sandbox_clock.advance(clock.now() + timedelta(seconds=2))
    assert api(bob).made(path)["id"] != rung["id"]


def test_a_stranger_calls_nobody(api, charlie, path, rung):
    assert api(charlie).post(path).status_code == 404
    assert api(charlie).get(f"{path}/{rung['id']}").status_code == 404


# The law


@pytest.mark.parametrize(
    "change",
    [{"body": "Hello Clara"}, {"html": "Hello"}, {"status": "queued"}, {"status": "unknown"}, {"purpose": "campaign"}],
)
def test_no_call_to_a_client_can_be_kept_that_a_voice_would_speak_on(bob, clara, change):
    call = message_factory.call_to(clara, clock.now(), user=bob)
    call.status, call.leased_until = "sent", clock.now()
    for name, value in change.items():
        setattr(call, name, value)

    with pytest.raises(IntegrityError, match="message_no_voice_to_clients"), transaction.atomic():
        message_store.insert([call])


def test_the_client_hears_no_word_of_ours(rung):
    emulated.press(agents(), "1")
    talk()

    assert (clients().says, leg().body) == ("", "")
