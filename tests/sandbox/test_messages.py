"""The emulated carrier, asked through the real Twilio client."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from requests.exceptions import ConnectionError as Disconnected
from requests.exceptions import Timeout
from twilio.base.exceptions import TwilioRestException

from sandbox import clock
from sandbox.models import Callback, EmulatedText
from sandbox.twilio import callbacks, fault_injection

# With this app alone, emptying the tables after a test takes no time.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["sandbox"])

OURS = "+19495550100"  # the alert number, which the account owns from the start
HANDSET = "+19495550123"


def send(client, **changes):
    return client.messages.create(**{"to": HANDSET, "from_": OURS, "body": "A lead for you"} | changes)


def refusal(client, **changes):
    """The code and HTTP status with which a text is refused, and that it left nothing behind."""
    with pytest.raises(TwilioRestException) as caught:
        send(client, **changes)
    assert not EmulatedText.objects.exists()
    return caught.value.code, caught.value.status


def test_a_text_is_queued_at_first(client):
    sent = send(client)

    assert (sent.status, sent.to, sent.from_, sent.body) == ("queued", HANDSET, OURS, "A lead for you")
    assert (sent.num_segments, sent.num_media, sent.direction) == ("1", "0", "outbound-api")
    assert sent.date_sent is None
    assert abs(sent.date_created - clock.now()) < timedelta(seconds=5)


def test_a_text_is_found_by_its_sid(client):
    sent = send(client, media_url=["https://example.com/a.jpg", "https://example.com/b.jpg"])

    found = client.messages(sent.sid).fetch()

    assert (found.sid, found.body, found.num_media) == (sent.sid, "A lead for you", "2")


def test_an_unknown_sid_is_not_found(client):
    with pytest.raises(TwilioRestException) as caught:
        client.messages("SM" + 32 * "0").fetch()
    assert (caught.value.code, caught.value.status) == (20404, 404)


def test_wrong_credentials_are_refused(make_client):
    assert refusal(make_client(token="0" * 32)) == (20003, 401)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ""}, 21604),
        ({"from_": ""}, 21603),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"to": "nobody"}, 21211),
        ({"to": "+1949555012"}, 21211),
        ({"to": "+19491550123"}, 21211),
        ({"from_": "Pridedesk"}, 21212),
        ({"from_": "+19495550101"}, 21606),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550009"}, 21614),
        ({"status_callback": "example.com/status"}, 21609),
    ],
)
def test_a_wrong_text_is_refused(client, changes, code):
    assert refusal(client, **changes) == (code, 400)


def test_a_text_of_the_greatest_length_is_accepted(client):
    assert send(client, body="x" * 1600).num_segments == "11"


def test_a_number_is_read_as_people_write_it(client):
    assert send(client, to="(949) 555-0123").to == HANDSET


def test_texts_are_listed_newest_first_by_number_and_time(client):
    first, second = send(client, body="first"), send(client, body="second")
    send(client, to="+19495550124")
    started = clock.now() - timedelta(minutes=1)

    found = client.messages.list(to=HANDSET, from_=OURS, date_sent_after=started)

    assert [text.sid for text in found] == [second.sid, first.sid]
    assert client.messages.list(to=HANDSET, date_sent_before=started) == []
    assert len(client.messages.list(date_sent=clock.now().date())) == 3
    assert client.messages.list(from_=HANDSET) == []


def test_a_text_is_found_in_the_very_second_it_was_handed_over(client):
    sent = send(client)

    found = client.messages.list(date_sent_after=sent.date_created, date_sent_before=sent.date_created)

    assert [text.sid for text in found] == [sent.sid]


def test_the_client_follows_the_pages(client):
    for turn in range(5):
        send(client, body=str(turn))

    assert [text.body for text in client.messages.list(page_size=2)] == ["4", "3", "2", "1", "0"]


def test_statuses_are_told_in_order_and_signed(client, receiver):
    sent = send(client, status_callback=f"{receiver.url}/status?message=7&x=a%20b")
    assert receiver.received == []

    callbacks.run_due(clock.now() + timedelta(seconds=1))

    assert receiver.statuses() == ["sent", "delivered"]
    assert all(told.is_signed and told.path == "/status?message=7&x=a%20b" for told in receiver.received)
    assert receiver.received[0].form | {"MessageStatus": "sent"} == receiver.received[0].form
    assert {told.form["MessageSid"] for told in receiver.received} == {sent.sid}
    tokens = {told.headers["I-Twilio-Idempotency-Token"] for told in receiver.received}
    assert len(tokens) == 2
    assert client.messages(sent.sid).fetch().status == "delivered"
    assert callbacks.next_due_at() is None


def test_a_text_without_callback_is_delivered_too(client, receiver):
    sent = send(client)

    callbacks.run_due(clock.now() + timedelta(seconds=1))

    assert receiver.received == []
    assert client.messages(sent.sid).fetch().status == "delivered"


def test_callbacks_are_run_once_by_whoever_comes_first(client, receiver):
    send(client, status_callback=receiver.url)
    now = clock.now() + timedelta(seconds=1)

    assert (callbacks.run_due(now), callbacks.run_due(now)) == (2, 0)
    assert receiver.statuses() == ["sent", "delivered"]


def test_the_ledger_is_held_in_one_order_whatever_falls_due_first(client):
    """Two workers may have a callback each of the same texts, and must not wait for each other."""
    first, second = (send(client, body=body) for body in ("One", "Two"))
    now = clock.now()
    Callback.objects.filter(text__sid=first.sid).update(due_at=now + timedelta(seconds=2))
    Callback.objects.filter(text__sid=second.sid).update(due_at=now + timedelta(seconds=1))

    with CaptureQueriesContext(connection) as asked:
        callbacks.run_due(now + timedelta(seconds=3))

    updated = [query["sql"] for query in asked if query["sql"].startswith('UPDATE "sandbox_emulatedtext"')]
    of_first = EmulatedText.objects.get(sid=first.sid).pk
    assert [f'"id" = {of_first} ' in sql for sql in updated] == [True, True, False, False]


def test_a_callback_answered_with_an_error_is_not_tried_again(client, receiver):
    receiver.answers = [500, 404]
    send(client, status_callback=receiver.url)

    callbacks.run_due(clock.now() + timedelta(seconds=1))

    assert receiver.statuses() == ["sent", "delivered"]
    assert callbacks.next_due_at() is None


def test_a_callback_that_finds_nobody_is_tried_again_for_half_a_minute(client):
    now = clock.now() + timedelta(seconds=1)
    send(client, status_callback="http://127.0.0.1:9/status")
    callbacks.run_due(now)
    assert callbacks.next_due_at() == now + callbacks.RETRY

    for second in range(callbacks.MOST_ATTEMPTS):
        callbacks.run_due(now + timedelta(seconds=second))

    assert callbacks.next_due_at() is None


# Faults


@pytest.mark.parametrize(("kind", "expected"), [("429", (20429, 429)), ("500", (20500, 500)), ("21610", (21610, 400))])
def test_a_refusal_on_request_accepts_nothing(client, kind, expected):
    fault_injection.line_up(kind, 1)

    assert refusal(client) == expected
    assert send(client).status == "queued"


def test_a_lost_answer_has_accepted_the_text(client):
    fault_injection.line_up("lose_answer", 1)

    with pytest.raises(Disconnected):
        send(client)

    (found,) = client.messages.list(to=HANDSET)
    assert found.body == "A lead for you"


def test_a_hanging_request_accepts_nothing(make_client):
    fault_injection.line_up("hang", 1)

    with pytest.raises(Timeout):
        send(make_client(timeout=0.2))

    assert not EmulatedText.objects.exists()


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [("30003", ["sent", "undelivered"]), ("30007", ["sent", "undelivered"]), ("30001", ["failed"])],
)
def test_a_carriers_failure_comes_after_acceptance(client, receiver, kind, statuses):
    fault_injection.line_up(kind, 1)
    sent = send(client, status_callback=receiver.url)

    callbacks.run_due(clock.now() + timedelta(seconds=1))

    assert receiver.statuses() == statuses
    assert receiver.received[-1].form["ErrorCode"] == kind
    found = client.messages(sent.sid).fetch()
    assert (found.status, found.error_code) == (statuses[-1], int(kind))


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("double", ["sent", "sent", "delivered", "delivered"]),
        ("reorder", ["delivered", "sent"]),
        ("lose_callbacks", []),
        ("late", []),
    ],
)
def test_callbacks_can_be_troubled(client, receiver, kind, statuses):
    fault_injection.line_up(kind, 1)
    sent = send(client, status_callback=receiver.url)

    callbacks.run_due(clock.now() + timedelta(seconds=1))
    assert receiver.statuses() == statuses
    assert client.messages(sent.sid).fetch().status == ("queued" if kind == "late" else "delivered")


def test_late_callbacks_come_in_the_end(client, receiver):
    fault_injection.line_up("late", 1)
    send(client, status_callback=receiver.url)

    callbacks.run_due(clock.now() + fault_injection.LATENESS + timedelta(seconds=1))

    assert receiver.statuses() == ["sent", "delivered"]


def test_a_doubled_callback_bears_the_same_token(client, receiver):
    fault_injection.line_up("double", 1)
    send(client, status_callback=receiver.url)

    callbacks.run_due(clock.now() + timedelta(seconds=1))

    assert len({told.headers["I-Twilio-Idempotency-Token"] for told in receiver.received}) == 2


def test_faults_are_used_up_in_the_order_they_were_asked_for(client):
    fault_injection.line_up("429", 1)
    fault_injection.line_up("500", 2)

    codes = [refusal(client)[0] for _ in range(3)]

    assert codes == [20429, 20500, 20500]
    assert send(client).status == "queued"
    assert Callback.objects.count() == 2
