"""A text's whole way: outbox, Twilio's client, the emulated Twilio, its signed callbacks to our own webhooks."""

from datetime import timedelta

import pytest

from config import clock
from config.sandbox import carrier as carriers
from config.sandbox import clock as sandbox_clock
from config.sandbox import faults, webhooks
from config.sandbox.models import EmulatedText
from messaging import consent, drafts, numbers, outbox
from messaging.gateways import twilio
from messaging.models import Message
from tests.messaging.conftest import CLIENT, make_client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def service(carrier, live_server, settings):
    settings.PUBLIC_URL = live_server.url
    settings.TWILIO_TIMEOUT_SECONDS = 0.5


@pytest.fixture
def queue(bob):
    """`queue(words)` queues a text of bob's to his client, in the daytime."""
    numbers.give_number(bob, now=clock.now())
    bob.refresh_from_db()
    client = make_client(bob)
    noon = (clock.now() + timedelta(days=1)).replace(hour=20)
    sandbox_clock.advance(noon)

    def put(words):
        return outbox.queue_messages([drafts.text_to(client, words, noon, user=bob)], noon)[0]

    return put


@pytest.mark.parametrize("fault", ["", "500", "lose_answer", "hang", "reorder", "double", "late"])
def test_it_is_delivered_once_whatever_happens(fault, queue):
    if fault:
        faults.line_up(fault, 1)
    message = queue("Hello Clara")

    sandbox_clock.advance(clock.now() + timedelta(minutes=15))

    row = Message.objects.get(pk=message.pk)
    text = EmulatedText.objects.get()
    assert (row.status, row.provider_status, row.provider_sid) == ("delivered", "delivered", text.sid)
    assert (text.body, text.status) == ("Hello Clara", "delivered")


def test_a_carriers_failure_comes_back(queue):
    faults.line_up("30007", 1)
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
