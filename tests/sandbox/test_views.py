"""What an integrator does with the sandbox over HTTP."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail

from core import clock
from sandbox.clock import Reading
from sandbox.models import Block, Email, EmulatedText, Fault
from sandbox.twilio import callbacks, calls, messages
from sandbox.twilio.error_codes import Refused

pytestmark = pytest.mark.django_db

OURS = "+19495550100"
HANDSET = "+19495550123"


@pytest.fixture
def staff(alice, api):
    """A client with an operator's token."""
    alice.is_staff = True
    alice.save()
    return api(alice)


@pytest.fixture(autouse=True)
def no_engines(settings):
    """The carrier's own engine alone: what the product does is not tested here."""
    settings.ENGINES = ["sandbox.twilio.callbacks"]


def hand_over(body="A lead for you", to=HANDSET):
    """A text of the service's."""
    reading = Reading(clock.now(), standing=False)
    return messages.accept_text(to=to, sender=OURS, body=body, media=[], status_url="", clock=reading)


def moment(text):
    return datetime.fromisoformat(text)


# Who may


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("get", "/sandbox/clock"),
        ("post", "/sandbox/clock"),
        ("get", "/sandbox/texts"),
        ("post", "/sandbox/texts"),
        ("get", "/sandbox/emails"),
        ("get", "/sandbox/calls"),
        ("post", "/sandbox/calls/CA00000000000000000000000000000001"),
        ("post", "/sandbox/faults"),
        ("post", "/sandbox/reset"),
    ],
)
def test_the_sandbox_is_for_staff(verb, path, bob, api, settings):
    hand_over()

    assert getattr(api(bob), verb)(path).status_code == 403
    assert getattr(api(None), verb)(path).status_code == 401
    assert EmulatedText.objects.count() == 1


# The clock


def test_the_clock_is_shown(staff):
    answer = staff.get("/sandbox/clock")

    assert answer.status_code == 200
    assert abs(moment(answer.json()["now"]) - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_clock_is_moved_by_a_duration(staff):
    text = hand_over()

    answer = staff.post("/sandbox/clock", {"advance": "P30D"})

    assert answer.status_code == 201
    assert abs(moment(answer.json()["now"]) - datetime.now(UTC) - timedelta(days=30)) < timedelta(seconds=5)
    text.refresh_from_db()
    assert text.status == "delivered"


def test_the_clock_is_set(staff):
    then = (datetime.now(UTC) + timedelta(days=45)).strftime("%Y-%m-%dT%H:%M:%SZ")

    answer = staff.post("/sandbox/clock", {"set": then})

    assert answer.json()["now"] == then.replace("Z", ".000Z")
    assert staff.get("/sandbox/clock").json()["now"] >= answer.json()["now"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "advance"),
        ({"advance": "P1D", "set": "2199-01-01T00:00:00Z"}, "advance"),
        ({"advance": "P1M"}, "advance"),
        ({"advance": "a while"}, "advance"),
        ({"advance": 5}, "advance"),
        ({"set": "tomorrow"}, "set"),
    ],
)
def test_what_the_clock_does_not_understand_is_named(staff, body, field):
    answer = staff.post("/sandbox/clock", body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_the_clock_is_not_moved_back(staff):
    answer = staff.post("/sandbox/clock", {"set": "2020-01-01T00:00:00Z"})

    assert answer.status_code == 400
    message = answer.json()["message"]
    assert re.fullmatch(r"The clock runs forward only, and it is \d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z already\.", message)


# Texts


def test_texts_are_listed_newest_first(staff):
    first, second = hand_over("first"), hand_over("second")

    answer = staff.get("/sandbox/texts").json()

    assert (answer["total"], answer["limit"], answer["skip"]) == (2, 10, 0)
    assert [row["sid"] for row in answer["data"]] == [second.sid, first.sid]
    row = answer["data"][0]
    assert {name: row[name] for name in row if name not in ("sid", "at")} == {
        "from": OURS,
        "to": HANDSET,
        "body": "second",
        "media": [],
        "status": "queued",
    }
    assert row["at"].endswith("Z")
    assert len(row["at"]) == len("2027-01-05T18:00:00.000Z")


@pytest.mark.parametrize("written", ["+19495550124", " 19495550124", "(949) 555-0124"])
def test_texts_are_found_by_recipient(staff, written):
    hand_over(to=HANDSET)
    wanted = hand_over(to="+19495550124")

    rows = staff.get("/sandbox/texts", {"to": written}).json()["data"]

    assert [row["sid"] for row in rows] == [wanted.sid]


def test_texts_are_found_by_sender(staff):
    hand_over()

    assert staff.get("/sandbox/texts", {"from": OURS}).json()["total"] == 1
    assert staff.get("/sandbox/texts", {"from": HANDSET}).json()["total"] == 0


def test_an_unknown_filter_is_refused(staff):
    answer = staff.get("/sandbox/texts", {"sender": OURS})

    assert answer.status_code == 400
    assert "sender" in answer.json()["errors"]


def test_pages_of_texts(staff):
    for turn in range(5):
        hand_over(str(turn))

    answer = staff.get("/sandbox/texts", {"$limit": 2, "$skip": 2}).json()

    assert answer["total"] == 5
    assert [row["body"] for row in answer["data"]] == ["2", "1"]


def test_a_list_costs_the_same_for_two_and_twenty(staff, django_assert_num_queries):
    for turn in range(20):
        hand_over(str(turn))

    for limit in (2, 20):
        with django_assert_num_queries(3):  # the token, the rows, the total
            staff.get("/sandbox/texts", {"$limit": limit})


# A handset texts in


def test_a_handset_texts_in_through_the_signed_webhook(staff, receiver):
    answer = staff.post(
        "/sandbox/texts", {"from": "(949) 555-0123", "to": OURS, "body": "Hi", "media": ["https://example.com/a.jpg"]}
    )

    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert (row["from"], row["to"], row["body"], row["status"]) == (HANDSET, OURS, "Hi", "received")
    (told,) = receiver.received
    assert told.path == "/webhooks/twilio/texts"
    assert told.is_signed
    expected = {
        "MessageSid": row["sid"],
        "SmsSid": row["sid"],
        "From": HANDSET,
        "To": OURS,
        "Body": "Hi",
        "NumMedia": "1",
        "MediaUrl0": "https://example.com/a.jpg",
        "NumSegments": "1",
        "SmsStatus": "received",
        "FromCountry": "US",
        "FromCity": "",
    }
    assert expected.items() <= told.form.items()
    assert staff.get("/sandbox/texts", {"from": HANDSET}).json()["data"] == [row]


@pytest.mark.parametrize("body", ["Ünïcödé 🏠 & = % +", "two\nlines", "  spaces  ", ""])
def test_any_body_arrives_as_it_was_written(staff, receiver, body):
    staff.post("/sandbox/texts", {"from": HANDSET, "to": OURS, "body": body})

    (told,) = receiver.received
    assert told.form["Body"] == body
    assert told.is_signed


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from": "nobody"}, "from"),
        ({"from": None}, "from"),
        ({"to": "nobody"}, "to"),
        ({"to": "+19495550199"}, "to"),
        ({"from": "1" * 400}, "from"),
        ({"body": "x" * 1601}, "body"),
        ({"media": ["house.jpg"]}, "media"),
        ({"media": 5}, "media"),
    ],
)
def test_a_wrong_text_is_refused_by_name(staff, receiver, change, field):
    answer = staff.post("/sandbox/texts", {"from": HANDSET, "to": OURS, "body": "Hi"} | change)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert receiver.received == []
    assert not EmulatedText.objects.exists()


def test_a_webhook_that_fails_is_reported(staff, receiver):
    receiver.answers = [500]

    answer = staff.post("/sandbox/texts", {"from": HANDSET, "to": OURS, "body": "Hi"})

    assert answer.status_code == 502
    assert "500" in answer.json()["message"]


def test_a_service_that_is_away_is_reported(staff, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    assert staff.post("/sandbox/texts", {"from": HANDSET, "to": OURS, "body": "Hi"}).status_code == 502


@pytest.mark.parametrize("word", ["STOP", " stop\n", "Unsubscribe", "QUIT"])
def test_the_carrier_blocks_a_pair_that_stopped(staff, receiver, word):
    staff.post("/sandbox/texts", {"from": HANDSET, "to": OURS, "body": word})

    with pytest.raises(Refused) as caught:
        hand_over()
    assert caught.value.code == 21610
    assert hand_over(to="+19495550124").status == "queued"
    assert receiver.received[0].form["Body"] == word


def test_start_lifts_the_block(staff, receiver):
    for word in ("STOP", "START"):
        staff.post("/sandbox/texts", {"from": HANDSET, "to": OURS, "body": word})

    assert hand_over().status == "queued"


def test_a_sentence_with_stop_in_it_blocks_nobody(staff, receiver):
    staff.post("/sandbox/texts", {"from": HANDSET, "to": OURS, "body": "STOP by tomorrow at 5"})

    assert not Block.objects.exists()


# Calls


@pytest.fixture
def call(receiver):
    """A call of the service's that was answered, and waits for a key."""
    receiver.documents += ["<Response><Gather action='keys'><Say>Press 1.</Say></Gather></Response>"]
    reading = Reading(clock.now(), standing=True)
    made = calls.accept_call(
        to=HANDSET, sender=OURS, url=f"{receiver.url}/calls", status_url="", events=[], clock=reading
    )
    callbacks.run_due(reading.now)
    return made


def test_calls_are_listed_with_what_they_say(staff, call):
    (row,) = staff.get("/sandbox/calls", {"to": "(949) 555-0123"}).json()["data"]

    assert (row["sid"], row["from"], row["to"]) == (call.sid, OURS, HANDSET)
    assert (row["says"], row["status"]) == ("Press 1.", "in-progress")
    assert moment(row["at"]) == call.at.replace(microsecond=call.at.microsecond // 1000 * 1000)
    assert staff.get("/sandbox/calls", {"to": OURS}).json()["total"] == 0


def test_a_key_is_pressed_and_the_answer_heard(staff, call, receiver):
    receiver.documents += ["<Response><Say>It is yours.</Say></Response>"]

    answer = staff.post(f"/sandbox/calls/{call.sid}", {"digits": "1"})

    assert (answer.status_code, answer.json()["says"]) == (201, "Press 1.\nIt is yours.")
    assert (receiver.received[-1].path, receiver.received[-1].form["Digits"]) == ("/keys", "1")
    again = staff.post(f"/sandbox/calls/{call.sid}", {"digits": "1"})
    assert (again.status_code, again.json()["message"]) == (409, "This call does not wait for a key.")


def test_a_key_on_a_call_that_there_is_not_is_404(staff):
    answer = staff.post("/sandbox/calls/CA1", {"digits": "1"})

    assert (answer.status_code, answer.json()["message"]) == (404, "There is no such call.")


@pytest.mark.parametrize("digits", ["", "12", "x", None, [], 12, True])
def test_what_is_no_key_is_named(staff, call, digits):
    answer = staff.post(f"/sandbox/calls/{call.sid}", {"digits": digits})

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["digits"])


# Emails


def test_emails_are_kept(staff, mailbox):
    message = EmailMultiAlternatives(
        "A new lead",
        "Hello",
        "crm@example.com",
        ["Bob <Bob@example.com>"],
        cc=["dana@example.com"],
        headers={"Message-ID": "<7@example.com>"},
    )
    message.attach_alternative("<p>Hello</p>", "text/html")

    assert message.send() == 1

    (row,) = staff.get("/sandbox/emails").json()["data"]
    at = row.pop("at")
    date = row["headers"].pop("Date")
    assert abs(moment(at) - datetime.now(UTC)) < timedelta(seconds=5)
    assert date
    assert row == {
        "to": "Bob <Bob@example.com>",
        "from": "crm@example.com",
        "subject": "A new lead",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "headers": {
            "Subject": "A new lead",
            "From": "crm@example.com",
            "To": "Bob <Bob@example.com>",
            "Cc": "dana@example.com",
            "Message-ID": "<7@example.com>",
        },
    }


def test_emails_are_found_by_recipient_newest_first(staff, mailbox):
    for subject, to in (("first", "bob@example.com"), ("second", "dana@example.com"), ("third", "bob@example.com")):
        send_mail(subject, "text", None, [to])

    rows = staff.get("/sandbox/emails", {"to": "Bob@Example.com"}).json()["data"]

    assert [row["subject"] for row in rows] == ["third", "first"]


def test_an_email_bears_the_time_of_the_business(staff, mailbox):
    staff.post("/sandbox/clock", {"advance": "P40D"})
    send_mail("later", "text", None, ["bob@example.com"])

    email = Email.objects.get()

    assert email.at > datetime.now(UTC) + timedelta(days=39)
    assert email.at.strftime("%d %b %Y") in email.headers["Date"]


# Faults and reset


def test_faults_are_lined_up(staff):
    answer = staff.post("/sandbox/faults", {"next": "2", "kind": 429})

    assert answer.status_code == 201
    assert answer.json() == {"next": 2, "kind": "429"}
    for _ in range(2):
        with pytest.raises(Refused):
            hand_over()
    assert hand_over().status == "queued"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"next": 1}, "kind"),
        ({"kind": "flood"}, "kind"),
        ({"kind": "500", "next": 0}, "next"),
        ({"kind": "500", "next": "x"}, "next"),
    ],
)
def test_an_unknown_fault_is_named(staff, body, field):
    answer = staff.post("/sandbox/faults", body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Fault.objects.exists()


@pytest.mark.django_db(transaction=True)  # a transaction with new rows cannot truncate their table
def test_reset_leaves_clock_and_product_alone(staff, alice, mailbox):
    staff.post("/sandbox/clock", {"advance": "P10D"})
    hand_over()
    send_mail("subject", "text", None, ["bob@example.com"])
    staff.post("/sandbox/faults", {"kind": "500"})
    assert staff.get("/sandbox/emails").json()["total"] == 1

    assert staff.post("/sandbox/reset").status_code == 201

    assert staff.get("/sandbox/texts").json()["total"] == 0
    assert staff.get("/sandbox/emails").json()["total"] == 0
    assert hand_over().status == "queued"
    assert clock.now() > datetime.now(UTC) + timedelta(days=9)
    alice.refresh_from_db()
