"""Calls of the emulated carrier, asked through the real Twilio client, and the phones that answer them."""

from datetime import timedelta

import pytest
from requests.exceptions import ConnectionError as Disconnected
from requests.exceptions import Timeout
from twilio.base.exceptions import TwilioRestException

from sandbox import clock
from sandbox.models import Callback, EmulatedCall, Fault
from sandbox.twilio import callbacks, calls, fault_injection

# With this app alone, emptying the tables after a test takes no time.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["sandbox"])

OURS = "+19495550100"  # the alert number, which the account owns from the start
PHONE = "+19495550123"
EVENTS = ["initiated", "ringing", "answered", "completed"]
SECOND = timedelta(seconds=1)

ASKS = '<Response><Gather numDigits="1" action="keys?turn=1"><Say>Press 1.</Say></Gather><Say>Goodbye.</Say></Response>'


@pytest.fixture
def make(client, receiver):
    """`make()` has a call made that asks the receiver what to say."""

    def call(**changes):
        given = {
            "to": PHONE,
            "from_": OURS,
            "url": f"{receiver.url}/calls",
            "status_callback": f"{receiver.url}/status",
        }
        return client.calls.create(**given | {"status_callback_event": EVENTS} | changes)

    return call


@pytest.fixture
def says(receiver):
    """`says(document, ...)` is what the receiver answers next where it is asked what to say."""

    def put(*documents):
        receiver.documents.extend(documents)

    return put


def made():
    return EmulatedCall.objects.get()


def statuses(receiver):
    return [one.form["CallStatus"] for one in receiver.received if one.path == "/status"]


def test_a_call_is_queued_at_first(make):
    call = make()

    assert (call.status, call.to, call.from_formatted, call.direction) == ("queued", PHONE, OURS, "outbound-api")
    assert (call.start_time, call.end_time, call.answered_by) == (None, None, None)
    assert abs(call.date_created - clock.now()) < 5 * SECOND


def test_a_call_is_found_by_its_sid_and_in_the_list_by_its_numbers(client, make):
    first, second, other = make(), make(), make(to="+19495550124")

    assert client.calls(first.sid).fetch().to == PHONE
    assert [call.sid for call in client.calls.list(to=PHONE, from_=OURS)] == [second.sid, first.sid]
    assert [call.sid for call in client.calls.list(limit=1)] == [other.sid]
    assert client.calls.list(status="completed") == []
    with pytest.raises(TwilioRestException) as caught:
        client.calls("CA" + 32 * "0").fetch()
    assert caught.value.code == 20404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ""}, 21201),
        ({"from_": ""}, 21213),
        ({"to": "call me"}, 21211),
        ({"from_": "call me"}, 21212),
        ({"from_": "+19495550199"}, 21210),
        ({"url": "nowhere"}, 21205),
        ({"status_callback": "nowhere"}, 21609),
        ({"to": "+15005550001"}, 21217),
        ({"to": "+15005550004"}, 21216),
    ],
)
def test_what_twilio_would_refuse_is_refused(changes, code, make):
    with pytest.raises(TwilioRestException) as caught:
        make(**changes)

    assert caught.value.code == code
    assert not EmulatedCall.objects.exists()


def test_a_phone_answers_hears_and_holds_the_line(make, receiver, says):
    says(ASKS)
    make()

    callbacks.run_due(clock.now() + 5 * SECOND)

    assert (made().status, made().says) == ("in-progress", "Press 1.")
    assert statuses(receiver) == ["initiated", "ringing", "in-progress"]
    asked = next(one for one in receiver.received if one.path == "/calls")
    assert asked.is_signed
    assert (asked.form["CallSid"], asked.form["CallStatus"]) == (made().sid, "in-progress")


def test_after_minutes_of_silence_the_rest_is_said_and_the_call_is_over(make, receiver, says):
    says(ASKS)
    make()

    callbacks.run_due(clock.now() + 5 * SECOND)
    callbacks.run_due(clock.now() + timedelta(minutes=6))

    assert (made().status, made().says) == ("completed", "Press 1.\nGoodbye.")
    told = receiver.received[-1]
    assert told.is_signed
    assert (told.form["CallStatus"], told.form["SequenceNumber"]) == ("completed", "3")
    assert int(told.form["CallDuration"]) > 300
    assert not Callback.objects.exists()


def test_a_key_is_told_where_the_document_says_and_the_answer_is_said(make, receiver, says):
    says(ASKS, "<Response><Say>It is   yours.</Say><Hangup/><Say>Never said.</Say></Response>")
    make()
    callbacks.run_due(clock.now() + 5 * SECOND)

    calls.press(made(), "1")
    told = receiver.received[-1]
    callbacks.run_due(clock.now() + 5 * SECOND)

    assert (told.path, told.form["Digits"], told.is_signed) == ("/keys?turn=1", "1", True)
    assert (made().status, made().says) == ("completed", "Press 1.\nIt is yours.")
    assert statuses(receiver)[-1] == "completed"


def test_a_key_is_pressed_once_and_only_while_it_is_waited_for(make, says):
    says(ASKS, ASKS)
    make()
    with pytest.raises(calls.NothingToPress):
        calls.press(made(), "1")
    callbacks.run_due(clock.now() + 5 * SECOND)
    twice = made()

    calls.press(made(), "5")
    EmulatedCall.objects.update(document="")  # as while another key is on its way
    with pytest.raises(calls.NothingToPress):
        calls.press(twice, "5")


@pytest.mark.parametrize("document", ["", "no XML", "<Response>"])
def test_a_service_that_says_nothing_readable_ends_the_call_as_twilio_does(document, make, says):
    says(document)
    make()

    callbacks.run_due(clock.now() + 5 * SECOND)

    assert made().says == "We are sorry, an application error has occurred. Goodbye."
    assert made().status == "completed"


def test_a_service_that_is_away_is_asked_again(make, receiver, says):
    address, receiver_url = receiver.url, "http://127.0.0.1:9"
    says(ASKS)
    make(url=f"{receiver_url}/calls")

    callbacks.run_due(clock.now() + SECOND)
    EmulatedCall.objects.update(url=f"{address}/calls")
    callbacks.run_due(clock.now() + 5 * SECOND)

    assert made().says == "Press 1."
    assert [one.path for one in receiver.received].count("/calls") == 1


def test_only_the_end_is_told_unless_more_is_asked_for(make, receiver, says):
    says("<Response/>")
    make(status_callback_event=[])

    callbacks.run_due(clock.now() + 5 * SECOND)

    assert statuses(receiver) == ["completed"]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("double", ["initiated", "initiated", "ringing", "ringing", "in-progress", "in-progress"]),
        ("reorder", ["ringing", "initiated", "in-progress"]),
        ("lose_callbacks", []),
        ("late", []),
        ("busy", ["initiated", "ringing", "busy"]),
        ("no-answer", ["initiated", "ringing", "no-answer"]),
        ("failed", ["initiated", "ringing", "failed"]),
    ],
)
def test_faults_change_what_is_told(kind, told, make, receiver, says):
    says(ASKS)
    fault_injection.line_up(kind, 1)
    make()

    callbacks.run_due(clock.now() + 5 * SECOND)

    assert statuses(receiver) == told
    assert made().says == ("" if kind in ("late", "busy", "no-answer", "failed") else "Press 1.")


def test_a_hanging_or_lost_answer(make_client, receiver):
    given = {"to": PHONE, "from_": OURS, "url": f"{receiver.url}/calls"}
    fault_injection.line_up("hang", 1)
    fault_injection.line_up("lose_answer", 1)

    with pytest.raises((Timeout, Disconnected)):
        make_client(timeout=0.2).calls.create(**given)
    assert not EmulatedCall.objects.exists()
    with pytest.raises(Disconnected):
        make_client().calls.create(**given)
    assert EmulatedCall.objects.count() == 1


def test_a_fault_waits_for_what_it_fits(client, make):
    fault_injection.line_up("30007", 1)
    fault_injection.line_up("busy", 1)
    fault_injection.line_up("21216", 1)

    client.messages.create(to=PHONE, from_=OURS, body="A lead for you")
    make()

    assert list(Fault.objects.values_list("kind", flat=True)) == ["21216"]
    assert Callback.objects.filter(error_code=30007).exists()
    assert Callback.objects.filter(status="busy").exists()


# Dialling


DIALS = (
    f'<Response><Dial callerId="{OURS}" action="ended?leg=7"><Number>+13105550142</Number></Dial>'
    "<Say>Never said.</Say></Response>"
)


@pytest.fixture
def dialled(make, says):
    """A call that has been answered, and rings with somebody else."""
    says(DIALS, "<Response><Say>They are gone.</Say></Response>")
    make()
    callbacks.run_due(clock.now() + 5 * SECOND)
    return EmulatedCall.objects.get(parent__isnull=False)


def told_of_end(receiver):
    (told,) = [one for one in receiver.received if one.path == "/ended?leg=7"]
    assert told.is_signed
    return told.form


def test_whom_a_call_dials_rings(client, dialled):
    listed = client.calls(dialled.sid).fetch()

    assert (listed.status, listed.to, listed.from_formatted) == ("ringing", "+13105550142", OURS)
    assert (listed.direction, listed.parent_call_sid) == ("outbound-dial", dialled.parent.sid)
    assert (dialled.parent.status, dialled.says) == ("in-progress", "")


def test_they_answer_and_talk_and_the_caller_is_told_what_comes_then(dialled, receiver):
    calls.pick_up(dialled, "completed", 65, clock.now())

    form = told_of_end(receiver)
    assert (form["CallSid"], form["DialCallSid"]) == (dialled.parent.sid, dialled.sid)
    assert (form["DialCallStatus"], form["DialCallDuration"], form["DialBridged"]) == ("completed", "65", "true")
    assert EmulatedCall.objects.get(parent=None).says == "They are gone."
    with pytest.raises(calls.NotRinging):
        calls.pick_up(dialled, "completed", 65, clock.now())


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed"])
def test_or_they_do_not(dialled, receiver, status):
    calls.pick_up(dialled, status, 65, clock.now())

    form = told_of_end(receiver)
    assert (form["DialCallStatus"], form["DialBridged"]) == (status, "false")
    assert "DialCallDuration" not in form


def test_who_is_left_to_ring_does_not_answer(dialled, receiver):
    callbacks.run_due(clock.now() + 40 * SECOND)

    assert told_of_end(receiver)["DialCallStatus"] == "no-answer"


def test_a_caller_id_that_is_not_the_accounts_dials_nobody(make, says, receiver):
    says(DIALS.replace(OURS, "+19495550199"), "<Response/>")
    make()

    callbacks.run_due(clock.now() + 5 * SECOND)
    callbacks.run_due(clock.now() + 5 * SECOND)

    assert told_of_end(receiver)["DialCallStatus"] == "failed"


def test_a_call_that_dials_waits_for_no_key(dialled):
    with pytest.raises(calls.NothingToPress):
        calls.press(dialled.parent, "1")
