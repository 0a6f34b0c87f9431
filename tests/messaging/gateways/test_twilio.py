"""The real Twilio client against the emulated Twilio: what leaves, what is refused, what may have been sent."""

from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client

from core import clock
from messaging import consent, message_factory, outbox, phone_numbers
from messaging.gateways import reconciliation, twilio
from messaging.models import Message, PhoneNumber
from sandbox.models import Block, EmulatedNumber, EmulatedText
from sandbox.twilio import callbacks, fault_injection, rest
from tests.messaging.conftest import CLIENT, make_client

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def quick(settings, carrier):
    settings.TWILIO_TIMEOUT_SECONDS = 0.5


@pytest.fixture
def now():
    """Alerts leave at any hour, so the emulator's own clock will do."""
    return clock.now()


@pytest.fixture
def alert(bob, now):
    """`alert(words)` queues an alert to bob's own phone."""

    def queue(words="A lead for you", **more):
        (message,) = outbox.queue_messages([message_factory.alert_text(bob, words, now, **more)], now)
        return message

    return queue


def texts():
    """What the carrier has taken from us."""
    return list(EmulatedText.objects.filter(direction="outbound-api").order_by("pk").values_list("recipient", "body"))


def fresh(message):
    return Message.objects.get(pk=message.pk)


def test_a_text_leaves_with_its_address_for_receipts(alert, bob, now, settings):
    message = alert("Emoji \U0001f3e0 and “quotes”", media=["https://example.com/house.jpg"])

    outbox.run_due(now)

    taken = EmulatedText.objects.get()
    assert (taken.sender, taken.recipient, taken.body) == (settings.ALERT_NUMBER, bob.phone_e164, message.body)
    assert taken.media == ["https://example.com/house.jpg"]
    assert fresh(message).provider_sid == taken.sid
    assert taken.callbacks.first().url == twilio.status_url(message)


def test_it_is_delivered(alert, now, receiver):
    message = alert()
    outbox.run_due(now)
    callbacks.run_due(now + 5 * SECOND)

    for told in receiver.received:
        assert told.is_signed
    assert receiver.statuses() == ["sent", "delivered"]
    address = urlsplit(twilio.status_url(message))
    assert receiver.received[0].path == f"{address.path}?{address.query}"


def test_the_emulators_signature_is_believed(alert, now, receiver, settings):
    message = alert()
    outbox.run_due(now)
    callbacks.run_due(now + 5 * SECOND)

    for told in receiver.received:
        signature = {"X-Twilio-Signature": told.headers["X-Twilio-Signature"]}
        answer = Client().post(told.path, urlencode(told.form), FORM, headers=signature)
        assert answer.status_code == 200
    assert fresh(message).status == "delivered"


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("21211", "failed", "Twilio refused it: The 'To' number +19495550112 is not a valid phone number (21211)"),
        ("21408", "failed", "Twilio refused it: Permission to send an SMS has not been enabled"),
        ("21614", "failed", "Twilio refused it: 'To' number +19495550112 is not a valid mobile number (21614)"),
        (
            "21617",
            "failed",
            "Twilio refused it: The concatenated message body exceeds the 1600 character limit (21617)",
        ),
        ("429", "queued", "Twilio asked to slow down: Too Many Requests (20429)"),
        ("63038", "queued", "Twilio asked to slow down: Account exceeded the daily messages limit (63038)"),
        ("20003", "queued", "Twilio does not accept our account: Authenticate (20003)"),
        ("21611", "queued", "Twilio refused it: This 'From' number has exceeded"),
        ("500", "unknown", "Twilio failed: An internal server error has occurred (20500)"),
        ("hang", "unknown", "Twilio did not answer (ReadTimeout)."),
        ("lose_answer", "unknown", "Twilio did not answer (ConnectionError)."),
    ],
)
def test_what_goes_wrong_is_told_apart(fault, status, reason, alert, now):
    fault_injection.line_up(fault, 1)
    message = alert()

    outbox.run_due(now)

    row = fresh(message)
    assert row.status == status
    assert row.reason.startswith(reason)
    assert len(texts()) == (fault == "lose_answer")


@pytest.mark.parametrize("fault", ["429", "500", "hang", "lose_answer", "63038", "20003", "21611"])
def test_in_the_end_one_text_has_left(fault, alert, bob, now):
    fault_injection.line_up(fault, 1)
    message = alert("Only once")

    outbox.run_due(now)
    while (due_at := outbox.next_due_at()) is not None:
        outbox.run_due(due_at)

    assert fresh(message).status == "sent"
    assert texts() == [(bob.phone_e164, "Only once")]
    assert fresh(message).provider_sid == EmulatedText.objects.get().sid


def test_two_texts_of_the_same_words_are_told_apart_by_what_is_known(alert, bob, now):
    """The answer to the second is lost; the first, listed too, must not be taken for it."""
    first = alert("Same words")
    outbox.run_due(now)
    fault_injection.line_up("lose_answer", 1)
    second = alert("Same words")
    outbox.run_due(now)
    fault_injection.line_up("hang", 1)
    third = alert("Same words")
    outbox.run_due(now)

    while (due_at := outbox.next_due_at()) is not None:
        outbox.run_due(due_at)

    sids = {fresh(message).provider_sid for message in (first, second, third)}
    assert len(sids) == 3
    assert len(texts()) == 3


TRIAL = "Sent from your Twilio trial account - "


def lose_the_answer(message, now):
    """Twilio takes this message, and nobody is told."""
    fault_injection.line_up("lose_answer", 1)
    outbox.run_due(now)
    assert fresh(message).status == "unknown"
    return EmulatedText.objects.latest("pk")


def settle():
    while (due_at := outbox.next_due_at()) is not None:
        outbox.run_due(due_at)


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        ("A lead for you", f"{TRIAL}A lead for you"),
        ("It\u2019s \u201cnew\u201d \u2013 call\u2026", 'It\'s "new" - call...'),
        ("Caf\u00e9 \u00bd\u00a0mile", f"{TRIAL}Caf\u00e9 1/2 mile"),
    ],
)
def test_a_text_whose_words_twilio_changed_is_known_again(words, listed, alert, now):
    message = alert(words)
    taken = lose_the_answer(message, now)
    EmulatedText.objects.update(body=listed)

    settle()

    assert (fresh(message).status, fresh(message).provider_sid) == ("sent", taken.sid)
    assert len(texts()) == 1


@pytest.mark.parametrize("listed", ["", "Shortened: https://example.com/1"])
def test_a_text_that_may_be_the_one_is_not_sent_again(listed, alert, now):
    """Its words were redacted, or changed in a way we do not know."""
    message = alert("Look: https://example.com/a/long/address")
    lose_the_answer(message, now)
    EmulatedText.objects.update(body=listed)

    settle()

    row = fresh(message)
    assert (row.status, row.settled_at is not None) == ("unknown", True)
    assert row.reason.endswith("It may have been sent, so it is not sent again.")
    assert len(texts()) == 1


def test_what_is_known_to_be_another_text_stands_in_no_ones_way(alert, now):
    """Of two doubtful texts one was taken."""
    first, second = alert("One"), alert("Number two")
    lose_the_answer(first, now)
    fault_injection.line_up("hang", 1)
    outbox.run_due(now)
    EmulatedText.objects.update(body=f"{TRIAL}One")

    settle()

    assert [fresh(message).status for message in (first, second)] == ["sent", "sent"]
    assert [body for _, body in texts()] == [f"{TRIAL}One", "Number two"]


@pytest.mark.parametrize("turn", [1, -1])
def test_a_longer_text_is_not_taken_for_one_it_ends_with(turn):
    bodies = ["Claimed by number two", "two"][::turn]

    assert reconciliation.owner_of(f"{TRIAL}Claimed by number two", bodies) == "Claimed by number two"
    assert reconciliation.owner_of(f"{TRIAL}two", bodies) == "two"
    assert reconciliation.owner_of("\U0001f44d", bodies) is None


@pytest.mark.parametrize(("direction", "sends"), [("outbound-reply", 2), ("outbound-api", 1)])
def test_twilios_own_answers_are_none_of_ours(direction, sends, alert, now, monkeypatch):
    message = alert()
    lose_the_answer(message, now)
    EmulatedText.objects.update(body="You have successfully been unsubscribed.")
    shown = rest.message_json
    monkeypatch.setattr(rest, "message_json", lambda text: shown(text) | {"direction": direction})

    settle()

    assert len(texts()) == sends


def test_older_texts_of_the_same_words_count_for_nothing(alert, now):
    message = alert()
    taken = lose_the_answer(message, now)
    EmulatedText.objects.update(at=taken.at - timedelta(hours=2))

    settle()

    assert len(texts()) == 2


def others_between(alert, now, many, **more):
    """The carrier took many other texts between the same numbers of late, newer than any it took from this test."""
    row = {"direction": "outbound-api", "sender": alert.sender, "recipient": alert.recipient, "segments": 1}
    row |= {"status": "delivered", "at": now, "sent_at": now, "changed_at": now} | more
    taken = EmulatedText.objects.bulk_create(EmulatedText(body=f"Lead {turn}", **row) for turn in range(many))
    known = {"channel": "text", "purpose": "alert", "status": "delivered", "user": alert.user, "settled_at": now}
    Message.objects.bulk_create(Message(provider_sid=text.sid, body=text.body, **known) for text in taken)


@pytest.mark.parametrize("was_taken", [True, False])
def test_on_a_busy_pair_of_numbers_a_text_is_found_or_known_not_to_be_there(was_taken, alert, now):
    """All alerts leave from one number, so hundreds may have followed before the worker's lease is over."""
    message = alert()
    fault_injection.line_up("lose_answer" if was_taken else "hang", 1)
    outbox.run_due(now)
    others_between(message, now, twilio.PAGE + 100)

    settle()

    assert fresh(message).status == "sent"
    assert [body for _, body in texts()].count(message.body) == 1


def test_what_is_not_on_the_pages_that_are_read_may_lie_behind_them(alert, now, monkeypatch):
    monkeypatch.setattr(twilio, "PAGE", 20)
    message = alert()
    lose_the_answer(message, now)
    others_between(message, now, 20 * twilio.MOST_PAGES)

    settle()

    assert fresh(message).reason.endswith("It may have been sent, so it is not sent again.")
    assert [body for _, body in texts()].count(message.body) == 1


def test_a_page_of_older_texts_ends_the_look_up(alert, now, monkeypatch):
    monkeypatch.setattr(twilio, "PAGE", 20)
    message = alert()
    fault_injection.line_up("hang", 1)
    outbox.run_due(now)
    others_between(message, now, 20 * twilio.MOST_PAGES, at=now - timedelta(days=1))

    settle()

    assert fresh(message).status == "sent"


def test_nobody_listening_is_not_sent(alert, now, settings):
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:9"
    message = alert()

    outbox.run_due(now)

    assert (fresh(message).status, fresh(message).reason) == ("queued", "Twilio could not be reached.")


def test_without_an_account_texts_wait(alert, now, settings):
    settings.TWILIO_AUTH_TOKEN = ""
    message = alert()

    outbox.run_due(now)

    assert fresh(message).status == "queued"
    assert fresh(message).reason.startswith("Twilio is not set up")


def test_while_it_cannot_be_looked_up_it_stays_unknown(alert, now, settings, carrier):
    fault_injection.line_up("hang", 1)
    message = alert()
    outbox.run_due(now)
    settings.TWILIO_API_BASE_URL = "http://127.0.0.1:9"
    later = outbox.next_due_at()

    outbox.run_due(later)

    assert fresh(message).status == "unknown"
    assert outbox.next_due_at() == later + 60 * SECOND
    settings.TWILIO_API_BASE_URL = carrier
    outbox.run_due(later + 60 * SECOND)
    assert fresh(message).status == "sent"


def test_a_number_the_carrier_blocks_is_opted_out(alert, bob, now, settings):
    Block.objects.create(sender=settings.ALERT_NUMBER, recipient=bob.phone_e164)
    message, waiting = alert(), alert(not_before=now + 60 * SECOND)

    outbox.run_due(now)

    assert (fresh(message).status, fresh(message).error_code) == ("failed", 21610)
    assert fresh(waiting).status == "cancelled"
    assert consent.state_of(bob.phone_e164).opted_out


def test_a_user_is_given_a_number_that_can_text(bob, now):
    given = phone_numbers.give_number(bob, now=now)

    bob.refresh_from_db()
    bought = EmulatedNumber.objects.get()
    assert bob.system_phone == given.number == bought.number
    assert given.provider_sid == bought.sid
    assert bought.sms_url == twilio.inbound_url()


def test_or_the_number_asked_for(bob, dana, now):
    phone_numbers.give_number(bob, number="(949) 555-0160", now=now)
    bob.refresh_from_db()
    assert bob.system_phone == "+19495550160"

    phone_numbers.give_number(bob, number="+19495550160", now=now)  # again: it is ours already
    assert PhoneNumber.objects.get().user == bob
    with pytest.raises(phone_numbers.NumberInUse):
        phone_numbers.give_number(dana, number="+19495550160", now=now)
    with pytest.raises(phone_numbers.NoSuchNumber):
        phone_numbers.give_number(dana, number="call me", now=now)


def test_a_new_number_takes_the_place_of_the_old(bob, dana, now):
    old = phone_numbers.give_number(bob, now=now)
    new = phone_numbers.give_number(bob, now=now)

    bob.refresh_from_db()
    assert bob.system_phone == new.number != old.number
    phone_numbers.give_number(dana, number=old.number, now=now)
    assert PhoneNumber.objects.get(number=old.number).user == dana


def test_a_client_text_leaves_from_that_number(bob, now):
    phone_numbers.give_number(bob, now=now)
    bob.refresh_from_db()
    noon = now.replace(hour=20)
    (message,) = outbox.queue_messages([message_factory.text_to(make_client(bob), "Hi", noon, user=bob)], noon)

    outbox.run_due(noon)

    assert fresh(message).status == "sent"
    assert texts() == [(CLIENT, "Hi")]
    assert EmulatedText.objects.get().sender == bob.system_phone
