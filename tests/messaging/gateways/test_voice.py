"""Calls to our own users: the real Twilio client against the emulated Twilio, and the webhooks as Twilio calls them."""

from datetime import timedelta
from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from twilio.request_validator import RequestValidator

from core import clock
from messaging import consent, message_factory, outbox
from messaging.gateways import voice
from messaging.inbound.handlers import call_key_handlers
from messaging.models import Message
from sandbox import clock as sandbox_clock
from sandbox.models import EmulatedCall
from sandbox.twilio import calls as emulated
from sandbox.twilio import fault_injection

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
CALLS = "/webhooks/twilio/calls"
WORDS = "New lead: Clara. Press 1 to claim."

pressed = []


def take_one(message, key, now):
    """A handler of another app: takes a 1."""
    pressed.append((message.pk, key))
    return "It is yours." if key == "1" else ""


@pytest.fixture(autouse=True)
def service(carrier, live_server, settings):
    settings.PUBLIC_URL = live_server.url
    settings.TWILIO_TIMEOUT_SECONDS = 0.5
    pressed.clear()
    with call_key_handlers.only(take_one):
        yield


@pytest.fixture
def now():
    """Alerts leave at any hour, so the emulator's own clock will do."""
    return clock.now()


@pytest.fixture
def call(bob, now):
    """`call(words)` queues a call to bob's own phone."""

    def queue(words=WORDS, **more):
        (message,) = outbox.queue_messages([message_factory.alert_call(bob, words, now, **more)], now)
        return message

    return queue


@pytest.fixture
def twilio_asks(settings):
    """`twilio_asks(path, **form)` posts a request about a call, signed; the answer."""

    def post(path, signature=None, **form):
        form = {"CallSid": "CA1", "CallStatus": "in-progress", **form}
        signed = RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(settings.PUBLIC_URL + path, form)
        headers = {"X-Twilio-Signature": signed if signature is None else signature}
        return Client().post(path, urlencode(form), "application/x-www-form-urlencoded", headers=headers)

    return post


def fresh(message):
    return Message.objects.get(pk=message.pk)


def settle():
    while (due_at := outbox.next_due_at()) is not None:
        outbox.run_due(due_at)


def said(answer):
    """What is said on the call, and the turns in which a key is waited for."""
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
    response = fromstring(answer.content.decode())
    turns = [gather.get("action").rpartition("turn=")[2] for gather in response.iter("Gather")]
    return [words.text for words in response.iter("Say")], turns


# Making it


def test_a_call_is_made_from_the_alert_number_to_the_users_own_phone(call, bob, now, settings):
    message = call()

    outbox.run_due(now)

    made = EmulatedCall.objects.get()
    assert (made.sender, made.recipient) == (settings.ALERT_NUMBER, bob.phone_e164)
    assert made.url == f"{settings.PUBLIC_URL}{CALLS}?message={message.pk}"
    row = fresh(message)
    assert (row.status, row.provider_sid, row.channel, row.purpose) == ("sent", made.sid, "call", "alert")


def test_no_call_can_be_kept_that_would_speak_to_a_client(bob, now):
    message = message_factory.alert_call(bob, "Hello Clara", now)
    message.purpose = Message.Purpose.CAMPAIGN

    with pytest.raises(IntegrityError), transaction.atomic():
        outbox.queue_messages([message], now)


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("21211", "failed", "Twilio refused it: The 'To' number +19495550112 is not a valid phone number (21211)"),
        ("21216", "failed", "Twilio refused it: Account not allowed to call +19495550112 (21216)"),
        ("429", "queued", "Twilio asked to slow down: Too Many Requests (20429)"),
        ("20003", "queued", "Twilio does not accept our account: Authenticate (20003)"),
        ("500", "unknown", "Twilio failed: An internal server error has occurred (20500)"),
        ("hang", "unknown", "Twilio did not answer (ReadTimeout)."),
        ("lose_answer", "unknown", "Twilio did not answer (ConnectionError)."),
    ],
)
def test_what_goes_wrong_is_told_apart(fault, status, reason, call, now):
    fault_injection.line_up(fault, 1)
    message = call()

    outbox.run_due(now)

    row = fresh(message)
    assert (row.status, row.reason) == (status, reason)
    assert EmulatedCall.objects.count() == (fault == "lose_answer")


@pytest.mark.parametrize("fault", ["429", "500", "hang", "lose_answer", "20003"])
def test_in_the_end_one_call_is_made(fault, call, now):
    fault_injection.line_up(fault, 1)
    message = call()

    outbox.run_due(now)
    settle()

    row = fresh(message)
    assert (row.status, row.provider_sid) == ("sent", EmulatedCall.objects.get().sid)


def test_a_call_of_a_worker_that_died_is_found_again(call, now):
    """It had been made, and the worker was killed before it could write so."""
    message = call()
    outbox.run_due(now)
    made = EmulatedCall.objects.get()
    Message.objects.update(status="sending", leased_until=now + SECOND, provider_sid="", settled_at=None, sent_at=None)

    outbox.run_due(now + 2 * SECOND)

    assert (fresh(message).status, fresh(message).provider_sid) == ("sent", made.sid)
    assert EmulatedCall.objects.count() == 1


def test_a_call_that_another_message_is_known_by_is_no_sign_of_this_one(call, now):
    known = call()
    outbox.run_due(now)
    fault_injection.line_up("hang", 1)
    lost = call()
    outbox.run_due(now)

    settle()

    assert {fresh(known).provider_sid, fresh(lost).provider_sid} == set(
        EmulatedCall.objects.values_list("sid", flat=True)
    )
    assert EmulatedCall.objects.count() == 2


def test_of_two_doubtful_calls_one_of_which_was_made_neither_is_made_again(call, now):
    fault_injection.line_up("lose_answer", 1)
    first = call()
    outbox.run_due(now)
    fault_injection.line_up("hang", 1)
    second = call()
    outbox.run_due(now)

    settle()

    assert EmulatedCall.objects.count() == 1
    assert [fresh(message).status for message in (first, second)] == ["unknown", "unknown"]
    assert fresh(first).reason.endswith("It may have been sent, so it is not sent again.")


def test_two_calls_whose_answers_were_lost_are_both_found(call, now):
    fault_injection.line_up("lose_answer", 2)
    messages = [call(), call()]
    outbox.run_due(now)
    outbox.run_due(now + SECOND)

    settle()

    assert EmulatedCall.objects.count() == 2
    assert {fresh(message).provider_sid for message in messages} == set(
        EmulatedCall.objects.values_list("sid", flat=True)
    )


def test_older_calls_between_the_numbers_count_for_nothing(call, now):
    fault_injection.line_up("lose_answer", 1)
    call()
    outbox.run_due(now)
    EmulatedCall.objects.update(at=now - timedelta(hours=2))

    settle()

    assert EmulatedCall.objects.count() == 2


def test_whoever_opted_out_is_not_called(call, bob, now):
    waiting = call()
    consent.opt_out(bob.phone_e164, source="text", now=now)
    later = call()

    outbox.run_due(now)

    for message in (waiting, later):
        assert (fresh(message).status, fresh(message).reason) == ("cancelled", "The number has opted out of texts.")
    assert not EmulatedCall.objects.exists()


def test_without_a_number_on_either_side_nobody_is_called(call, bob, now, settings):
    bob.confirmed_phone = ""
    nobody = call()
    bob.confirmed_phone, settings.ALERT_NUMBER = "+19495550112", ""
    from_nowhere = call()

    outbox.run_due(now)

    assert fresh(nobody).reason == "There is no valid phone number."
    assert fresh(from_nowhere).reason == "There is no number to send from."


# What is told of it


@pytest.mark.parametrize(
    ("word", "status", "reason"),
    [
        ("queued", "sent", ""),
        ("initiated", "sent", ""),
        ("ringing", "sent", ""),
        ("in-progress", "delivered", ""),
        ("completed", "delivered", ""),
        ("busy", "undelivered", "The line was busy."),
        ("no-answer", "undelivered", "The call was not answered."),
        ("failed", "failed", "The call could not be connected."),
        ("canceled", "cancelled", "The call ended before it was answered."),
    ],
)
def test_twilios_words_for_a_call_are_ours(word, status, reason, call, now, twilio_asks):
    message = call()
    outbox.run_due(now)

    answer = twilio_asks(f"{CALLS}/status", CallSid=fresh(message).provider_sid, CallStatus=word)

    assert answer.status_code == 200
    row = fresh(message)
    assert (row.provider_status, row.status, row.reason) == (word, status, reason)


def test_news_of_a_call_only_moves_it_forward(call, now, twilio_asks):
    message = call()
    outbox.run_due(now)
    sid = fresh(message).provider_sid

    for word in ("completed", "ringing", "in-progress", "busy", "no such word"):
        twilio_asks(f"{CALLS}/status", CallSid=sid, CallStatus=word)

    assert (fresh(message).provider_status, fresh(message).status) == ("completed", "delivered")


def test_a_call_whose_answer_was_lost_is_known_as_soon_as_twilio_tells_of_it(call, now, twilio_asks, settled):
    fault_injection.line_up("lose_answer", 1)
    message = call()
    outbox.run_due(now)
    made = EmulatedCall.objects.get()

    twilio_asks(f"{CALLS}/status?message={message.pk}", CallSid=made.sid, CallStatus="ringing")

    assert (fresh(message).status, fresh(message).provider_sid) == ("sent", made.sid)
    assert settled == [(message.pk, "sent")]
    assert outbox.next_due_at() is None


def test_a_text_is_not_taken_for_the_call_of_the_same_id(bob, now, twilio_asks):
    (text,) = outbox.queue_messages([message_factory.alert_text(bob, "A lead", now)], now)

    twilio_asks(f"{CALLS}/status?message={text.pk}")
    answer = twilio_asks(f"{CALLS}?message={text.pk}")

    assert fresh(text).status == "queued"
    assert said(answer) == (["Goodbye."], [])


# What is said on it


def test_it_says_its_words_twice_to_silence_and_goodbye(call, twilio_asks):
    message = call()

    answer = twilio_asks(f"{CALLS}?message={message.pk}")

    assert said(answer) == ([WORDS, WORDS, "Goodbye."], ["1", "2"])
    assert fresh(message).status == "delivered"


def test_words_are_words_whatever_they_hold(call, twilio_asks):
    message = call('<Dial>+19495550199</Dial> & "Café" \x0b\ud7ff 😀')

    answer = twilio_asks(f"{CALLS}?message={message.pk}")

    assert said(answer)[0][0] == '<Dial>+19495550199</Dial> & "Café"  \ud7ff 😀'
    assert b"<Dial>" not in answer.content


def test_no_more_is_said_than_twilio_can_say(call, twilio_asks):
    answer = twilio_asks(f"{CALLS}?message={call('x' * 5000).pk}")

    assert len(said(answer)[0][0]) == 4000


def test_a_key_may_do_something_and_words_follow(call, twilio_asks):
    message = call()

    answer = twilio_asks(f"{CALLS}/keys?message={message.pk}&turn=1", Digits="1")

    assert said(answer) == (["It is yours.", "Goodbye."], [])
    assert pressed == [(message.pk, "1")]


def test_after_another_key_the_words_are_said_once_more(call, twilio_asks):
    message = call()

    first = twilio_asks(f"{CALLS}/keys?message={message.pk}&turn=1", Digits="5")
    second = twilio_asks(f"{CALLS}/keys?message={message.pk}&turn=2", Digits="#")

    assert said(first) == ([WORDS, "Goodbye."], ["2"])
    assert said(second) == (["Goodbye."], [])


@pytest.mark.parametrize("query", ["", "?message=", "?message=0", "?message=x", f"?message={'9' * 30}", "?turn=1"])
@pytest.mark.parametrize("path", [CALLS, f"{CALLS}/keys"])
def test_a_call_that_is_none_of_ours_is_ended(path, query, twilio_asks):
    answer = twilio_asks(f"{path}{query}", Digits="1")

    assert said(answer) == (["Goodbye."], [])
    assert pressed == []


@pytest.mark.parametrize("turn", ["", "&turn=0", "&turn=-1", "&turn=x", "&turn=1000000"])
def test_a_turn_that_there_is_not_is_the_last(turn, call, twilio_asks):
    answer = twilio_asks(f"{CALLS}/keys?message={call().pk}{turn}", Digits="5")

    assert said(answer) == (["Goodbye."], [])


@pytest.mark.parametrize("path", [CALLS, f"{CALLS}/keys", f"{CALLS}/status"])
def test_a_forged_request_is_403_and_changes_nothing(path, call, twilio_asks):
    message = call()

    answer = twilio_asks(f"{path}?message={message.pk}&turn=1", signature="bm90IHR3aWxpbydz", Digits="1")

    assert answer.status_code == 403
    assert (fresh(message).status, pressed) == ("queued", [])


# The whole way


def advance(**span):
    sandbox_clock.advance(timedelta(**span))


@pytest.mark.parametrize("fault", ["", "500", "lose_answer", "hang", "reorder", "double", "late", "lose_callbacks"])
def test_one_call_is_answered_whatever_happens(fault, call):
    if fault:
        fault_injection.line_up(fault, 1)
    message = call()

    advance(minutes=11)
    made = EmulatedCall.objects.get()
    assert made.says.split("\n")[0] == WORDS
    advance(minutes=11)

    made.refresh_from_db()
    assert (made.status, made.says.split("\n")) == ("completed", [WORDS, WORDS, "Goodbye."])
    row = fresh(message)
    assert (row.status, row.provider_sid) == ("delivered", made.sid)
    assert row.provider_status == ("in-progress" if fault == "lose_callbacks" else "completed")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("busy", ("undelivered", "The line was busy.")),
        ("no-answer", ("undelivered", "The call was not answered.")),
        ("failed", ("failed", "The call could not be connected.")),
    ],
)
def test_a_call_that_reaches_nobody_says_so(fault, outcome, call):
    fault_injection.line_up(fault, 1)
    message = call()

    advance(minutes=1)

    assert (fresh(message).status, fresh(message).reason) == outcome
    assert EmulatedCall.objects.get().says == ""


def test_a_key_pressed_on_the_phone_comes_all_the_way(call):
    message = call()
    advance(seconds=1)
    made = EmulatedCall.objects.get()
    assert made.status == "in-progress"

    emulated.press(made, "1")
    advance(seconds=1)

    made.refresh_from_db()
    assert made.says.split("\n") == [WORDS, "It is yours.", "Goodbye."]
    assert made.status == "completed"
    assert pressed == [(message.pk, "1")]
    assert fresh(message).provider_status == "completed"


def test_nothing_is_said_that_would_not_fit_a_document():
    assert voice.goodbye("\x00\ufffe") == "<Response><Say>  </Say><Say>Goodbye.</Say></Response>"
