"""Numbers to text from, clients to text to, and what came of it."""

from datetime import UTC, datetime

import pytest

from crm.models import Contact
from messaging import message_factory, outbox
from messaging.models import Message, PhoneNumber
from messaging.signals import messages_settled
from tests.emulator import carrier, receiver  # noqa: F401

NOON = datetime(2027, 1, 5, 20, tzinfo=UTC)  # in Los Angeles, a Tuesday
CLIENT = "+13105550142"


@pytest.fixture
def now():
    """Noon where the clients are: no quiet hours."""
    return NOON


@pytest.fixture
def bobs_number(bob):
    """Bob texts from a number of ours."""
    bob.system_phone = "+19495550150"
    bob.save(update_fields=["system_phone"])
    return PhoneNumber.objects.create(number=bob.system_phone, user=bob).number


@pytest.fixture
def client(bob, bobs_number):
    """Bob's client, who can be texted."""
    return make_client(bob)


def make_client(owner, phone=CLIENT, **more):
    return Contact.objects.create(
        owner_user=owner, first_name="Clara", mobile_phone=phone, email="clara@example.com", **more
    )


@pytest.fixture
def text(bob, client, now):
    """`text()` queues a campaign text of bob's to his client."""

    def queue(body="Hello Clara", **more):
        (message,) = outbox.queue_messages([message_factory.text_to(client, body, now, user=bob, **more)], now)
        return message

    return queue


@pytest.fixture
def outcome():
    """`outcome(message)` is what its row says now: status and reason."""

    def read(message):
        row = Message.objects.get(pk=message.pk)
        return row.status, row.reason

    return read


class Scripted:
    """A provider that does what a test tells it, and remembers what it was handed."""

    batch = 20

    def __init__(self):
        self.taken = []  # (recipient, body), in order
        self.listed = {}  # what `find` would find: primary key -> SID
        self.script = []  # one entry a text: an exception to raise, a function to call, or None
        self.closed = 0

    def send(self, message):
        step = self.script.pop(0) if self.script else None
        if isinstance(step, Exception):
            raise step
        if step is not None:
            step(message)
        self.taken.append((message.recipient, message.body))
        return f"SM{message.pk}"

    def find(self, message):
        return self.listed.get(message.pk)

    def close(self):
        self.closed += 1


@pytest.fixture
def provider(monkeypatch):
    """A scripted gateway for texts in the place of the one that settings name."""
    scripted = Scripted()
    monkeypatch.setitem(outbox.GATEWAYS, Message.Channel.TEXT, lambda: scripted)
    return scripted


@pytest.fixture
def settled():
    """The messages that were told of as settled, in order, as (primary key, status)."""
    told = []

    def note(messages, **rest):
        told.extend((message.pk, str(message.status)) for message in messages)

    messages_settled.connect(note)
    yield told
    messages_settled.disconnect(note)
