"""A text's whole way: outbox, Twilio's client, the emulated Twilio, its signed callbacks to our own webhooks."""

from datetime import timedelta

import pytest

from core import clock
from messaging import consent, message_factory, outbox, phone_numbers
from messaging.gateways import twilio
from messaging.models import Message
from sandbox import clock as sandbox_clock
from sandbox.models import EmulatedText
from sandbox.twilio import fault_injection, webhooks
from sandbox.twilio import messages as carriers
from tests.messaging.conftest import CLIENT, make_client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def service(carrier, live_server, settings):
    settings.PUBLIC_URL = live_server.url
    settings.TWILIO_TIMEOUT_SECONDS = 0.5


@pytest.fixture
def queue(bob):
    """`queue(words)` queues a text of bob's to his client, in the daytime."""
    phone_numbers.give_number(bob, now=clock.now())
    bob.refresh_from_db()
    client = make_client(bob)
    noon = (clock.now() + timedelta(days=1)).replace(hour=20)
    sandbox_clock.advance(noon)

    def put(words):
        return outbox.queue_messages([message_factory.text_to(client, words, noon, user=bob)], noon)[0]

    return put


@pytest.mark.parametrize("fault", ["", "500", "lose_answer", "hang", "reorder", "double", "late"])
def test_it_is_delivered_once_whatever_happens(fault, queue):
    if fault:
        fault_injection.line_up(fault, 1)
    message = queue("Hello Clara")

    sandbox_clock.advance(clock.now() + timedelta(minutes=15))

    row = Message.objects.get(pk=message.pk)
    text = EmulatedText.objects.get()
    assert (row.status, row.provider_status, row.provider_sid) == ("delivered", "delivered", text.sid)
    assert (text.body, text.status) == ("Hello Clara", "delivered")


def test_a_carriers_failure_comes_back(queue):
    fault_injection.line_up("30007", 1)
    message = queue("Hello Clara")

    sandbox_clock.advance(clock.now() + timedelta(minutes=1))

    row = Message.objects.get(pk=message.pk)
    assert (row.status, row.error_code, row.reason) == ("undelivered", 30007, "The carrier filtered it as unwanted.")


def test_a_handsets_stop_reaches_us(queue, bob):
    text = carriers.receive_from_handset(sender=CLIENT, to=bob.system_phone, body="Stop", media=[], now=clock.now())
    assert webhooks.post(twilio.inbound_url(), webhooks.inbound_form(text)) == 200

    assert consent.state_of(CLIENT).opted_out
    message = queue("Are you there?")
    sandbox_clock.advance(clock.now() + timedelta(minutes=1))
    assert Message.objects.get(pk=message.pk).status == "cancelled"
    assert not EmulatedText.objects.filter(direction="outbound-api").exists()
