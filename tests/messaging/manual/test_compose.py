"""Writing to a client by hand, and reading what was said."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from core import clock as business
from crm.models import Contact
from messaging import consent, outbox, phone_numbers
from messaging.models import Message, Template, TemplateFolder
from sandbox import clock as sandbox_clock
from sandbox.models import Email, EmulatedText
from teams.models import User
from tests.emulator import mailbox  # noqa: F401
from tests.leads.conftest import NOON, clock  # noqa: F401
from tests.messaging.conftest import CLIENT, make_client

TEXT = {"channel": "text", "body": "Hello Clara"}
EMAIL = {"channel": "email", "subject": "The house", "body": "Hello Clara"}
NIGHT = NOON + timedelta(hours=10)  # 22:00 in Los Angeles


@pytest.fixture(autouse=True)
def somebody_attests(settings):
    settings.TEXTS_TO_UNKNOWN_CONSENT = "allow"


@pytest.fixture
def path(client):
    return f"/contacts/{client.pk}/messages"


@pytest.fixture
def make_template(bob):
    folder = TemplateFolder.objects.create(user=bob, name="Welcomes")

    def make(kind="Text", **more):
        return Template.objects.create(user=bob, template_folder=folder, template_type=kind, **more).pk

    return make


@pytest.mark.contract("Contact messages", "`POST` queues one text or email of the caller's to the contact", "ours")
def test_a_text_is_queued_from_the_callers_number(api, bob, client, path, bobs_number):
    made = api(bob).made(path, TEXT)

    assert made == {
        "id": made["id"],
        "contact_id": client.pk,
        "user_id": bob.pk,
        "channel": "text",
        "purpose": "personal",
        "is_inbound": False,
        "status": "queued",
        "code": "",
        "details": {},
        "reason": "",
        "from": bobs_number,
        "to": CLIENT,
        "subject": "",
        "body": "Hello Clara",
        "media": [],
        "automatic": "",
        "created_at": "2027-03-01T20:00:00.000Z",
        "not_before": "2027-03-01T20:00:00.000Z",
        "sent_at": None,
    }
    assert api(bob).get(f"{path}/{made['id']}").json() == made
    assert api(bob).get(path).json() == {"total": 1, "limit": 10, "skip": 0, "data": [made]}


def test_an_email_is_written_in_the_callers_name(api, bob, path):
    made = api(bob).made(path, EMAIL)

    assert (made["channel"], made["purpose"], made["to"]) == ("email", "personal", "clara@example.com")
    assert (made["subject"], made["body"], made["status"]) == ("The house", "Hello Clara", "queued")


@pytest.mark.django_db(transaction=True)
def test_they_leave_through_twilio_and_the_mail_server(api, bob, carrier, live_server, mailbox, settings):  # noqa: F811
    settings.CLOCK = "sandbox.clock.now"
    settings.PUBLIC_URL = live_server.url
    number = phone_numbers.give_number(bob, now=business.now()).number
    path = f"/contacts/{make_client(bob).pk}/messages"
    sandbox_clock.advance((business.now() + timedelta(days=1)).replace(hour=20))

    text, email = api(bob).made(path, TEXT), api(bob).made(path, EMAIL)
    sandbox_clock.advance(business.now() + timedelta(minutes=1))

    sent = EmulatedText.objects.get()
    assert (sent.sender, sent.recipient, sent.body) == (number, CLIENT, "Hello Clara")
    assert "Bob Example" in Email.objects.get().sender
    rows = api(bob).get(path).json()["data"]
    assert [(row["id"], row["status"]) for row in rows] == [(email["id"], "sent"), (text["id"], "delivered")]
    assert all(row["sent_at"] for row in rows)


@pytest.mark.contract(
    "Contact messages", "What is known to stand against it is 400 in plain words, and nothing is queued", "ours"
)
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"channel": "text"}, "body may not be empty."),
        (TEXT | {"body": " \n "}, "body may not be empty."),
        ({"body": "Hello"}, "channel is required."),
        (TEXT | {"channel": "call"}, "channel must be one of text, email."),
        (
            TEXT | {"body": "x" * 1601},
            "body cannot be sent. The text is longer than 1,600 characters: carriers refuse it.",
        ),
        (EMAIL | {"subject": ""}, "subject may not be empty."),
        (EMAIL | {"body": ""}, "body may not be empty."),
        (
            TEXT | {"body": "Hello {{company}}"},
            "body cannot be filled in: {{company}} is empty, and the text has no fallback for it.",
        ),
        (TEXT | {"template_id": 987}, "template_id names no record: there is no 987 that you may use."),
    ],
)
def test_words_that_cannot_be_sent_are_refused(api, bob, path, body, said):
    refused = api(bob).post(path, body)

    assert (refused.status_code, refused.json()["message"]) == (400, said)
    assert said.split()[0] in refused.json()["errors"]
    assert not Message.objects.exists()


def test_a_merge_field_that_there_is_not_is_refused_by_name(api, bob, path):
    refused = api(bob).post(path, TEXT | {"body": "Hello {{firstname}}"})

    assert refused.status_code == 400
    assert refused.json()["errors"]["body"].startswith(
        "body has no such merge field as {{firstname}} at position 7 (write {{first_name}})."
    )


def no_number_of_bobs(bob, client, settings):
    bob.system_phone = ""
    bob.save()


def no_phone(bob, client, settings):
    client.mobile_phone = "none"
    client.save()


def do_not_contact(bob, client, settings):
    Contact.objects.update(is_do_not_contact=True)


def stop(bob, client, settings):
    consent.opt_out(CLIENT, source="text", now=NOON)


def no_consent(bob, client, settings):
    settings.TEXTS_TO_UNKNOWN_CONSENT = "refuse"


def imported(bob, client, settings):
    Contact.objects.update(is_imported=True)


@pytest.mark.parametrize(
    ("circumstance", "code", "said"),
    [
        (no_number_of_bobs, "no_sender", "There is no number to send from."),
        (no_phone, "no_number", "There is no valid phone number."),
        (do_not_contact, "do_not_contact", "The contact is marked do-not-contact."),
        (stop, "opted_out", "The number has opted out of texts."),
        (no_consent, "no_consent", "No consent to texts is known for this number."),
        (imported, "no_consent_imported", "The contact was imported, and no consent to texts is known."),
    ],
)
def test_a_text_that_may_not_leave_is_refused_at_once(api, bob, client, path, settings, circumstance, code, said):
    circumstance(bob, client, settings)

    refused = api(bob).post(path, TEXT).json()

    assert (refused["code"], refused["message"], refused["data"]) == (400, said, {"code": code, "details": {}})
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "no address"}, "There is no valid email address."),
        ({"is_do_not_contact": True}, "The contact is marked do-not-contact."),
    ],
)
def test_an_email_that_may_not_leave_is_refused_at_once(api, bob, path, change, said):
    Contact.objects.update(**change)

    assert api(bob).post(path, EMAIL).json()["message"] == said
    assert not Message.objects.exists()


def test_an_inquiry_is_consent(api, bob, path, settings):
    settings.TEXTS_TO_UNKNOWN_CONSENT = "refuse"
    consent.grant([CLIENT], "lead 12 from Zillow", "", None, NOON)

    assert api(bob).made(path, TEXT)["status"] == "queued"


@pytest.mark.contract(
    "Contact messages", "A text at night is held until morning: `status`, `reason` and `not_before` say so", "ours"
)
def test_a_text_at_night_is_held_until_morning(api, bob, path, clock):  # noqa: F811
    clock.now = NIGHT

    made = api(bob).made(path, TEXT)

    assert (made["status"], made["reason"]) == ("held", "It is outside 8:00-21:00 in the recipient's time zone.")
    assert made["not_before"] == "2027-03-02T16:00:00.000Z"
    assert outbox.next_due_at().hour == 16
    assert api(bob).made(path, EMAIL)["status"] == "queued"


def test_what_is_held_leaves_in_the_morning(api, bob, path, clock, provider):  # noqa: F811
    clock.now = NIGHT
    api(bob).made(path, TEXT)

    outbox.run_due(clock.advance(hours=9))
    assert provider.taken == []
    outbox.run_due(clock.advance(hours=1))

    assert provider.taken == [(CLIENT, "Hello Clara")]
    assert api(bob).get(path).json()["data"][0]["status"] == "sent"


@pytest.mark.contract("Contact messages", "STOP between writing and sending cancels the text", "ours")
def test_stop_between_writing_and_sending_cancels(api, bob, path, clock, provider):  # noqa: F811
    clock.now = NIGHT
    api(bob).made(path, TEXT)
    consent.opt_out(CLIENT, source="text", now=clock.advance(hours=1))

    outbox.run_due(clock.advance(hours=12))

    (row,) = api(bob).get(path).json()["data"]
    assert (row["status"], row["reason"], provider.taken) == ("cancelled", "The number has opted out of texts.", [])


@pytest.mark.contract(
    "Contact messages", "What waits for the morning leaves only while the sender still sees the contact", "ours"
)
def test_what_waits_does_not_leave_once_the_contact_is_no_longer_the_senders(
    api,
    bob,
    dana,
    path,
    client,
    clock,  # noqa: F811
    provider,
):
    clock.now = NIGHT
    client.assigned_user = dana
    client.save()
    User.objects.filter(pk=dana.pk).update(system_phone="+13105550177")
    api(dana).made(path, TEXT)
    Contact.objects.filter(pk=client.pk).update(assigned_user=None)

    outbox.run_due(clock.advance(hours=12))

    (row,) = api(bob).get(path).json()["data"]
    assert (row["status"], row["reason"]) == ("cancelled", "The sender no longer sees the contact.")
    assert provider.taken == []


@pytest.mark.contract(
    "Contact messages",
    "The same words again within a minute are 200 with the message that stands: nobody is texted twice",
    "ours",
)
@pytest.mark.parametrize("body", [TEXT, EMAIL])
def test_twice_within_a_minute_is_one_message(api, bob, path, clock, provider, body):  # noqa: F811
    first = api(bob).made(path, body)
    outbox.run_due(clock.advance(seconds=30))

    again = api(bob).post(path, body)

    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert again.json()["status"] == "sent"
    clock.advance(seconds=30)
    assert api(bob).made(path, body)["id"] != first["id"]


@pytest.mark.parametrize("change", [{"body": "Hello again"}, {"channel": "email", "subject": "Hello"}])
def test_other_words_are_another_message(api, bob, path, change):
    api(bob).made(path, TEXT)

    assert api(bob).post(path, TEXT | change).status_code == 201


def test_the_same_words_of_somebody_else_are_another_message(api, bob, dana, team, path):
    api(bob).made(path, EMAIL)

    assert api(dana).made(path, EMAIL)["user_id"] == dana.pk


def test_what_never_left_may_be_tried_again_at_once(api, bob, path):
    first = api(bob).made(path, TEXT)
    Message.objects.update(status="failed", code="provider_refused")

    assert api(bob).made(path, TEXT)["id"] != first["id"]


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_are_one_message(api, bob, path):
    barrier, clients = Barrier(4), [api(bob) for _ in range(4)]

    def click(caller):
        barrier.wait()
        try:
            return caller.post(path, TEXT).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, clients)) == [200, 200, 200, 201]
    assert Message.objects.count() == 1


@pytest.mark.contract(
    "Contact messages", "Merge fields are filled; with `template_id` what is left empty is the template's", "ours"
)
def test_merge_fields_are_filled(api, bob, path, make_template):
    template_id = make_template(body="Hello {{first_name}}, {{agent_first_name}} here")

    assert api(bob).made(path, TEXT | {"body": "Dear {{first_name}}"})["body"] == "Dear Clara"
    assert api(bob).made(path, {"channel": "text", "template_id": template_id})["body"] == "Hello Clara, Bob here"
    assert api(bob).made(path, TEXT | {"template_id": template_id})["body"] == "Hello Clara"


def test_a_template_of_an_email_may_be_html_and_what_is_typed_is_not(api, bob, path, make_template):
    template_id = make_template("Email", subject="For {{first_name}}", body="<p>Hello <b>{{first_name}}</b></p>")

    made = api(bob).made(path, {"channel": "email", "template_id": template_id})
    typed = api(bob).made(path, EMAIL | {"body": "Write to <bob@example.com>"})

    assert (made["subject"], made["body"]) == ("For Clara", "Hello Clara")
    assert Message.objects.get(pk=made["id"]).html == "<p>Hello <b>Clara</b></p>"
    assert (typed["body"], Message.objects.get(pk=typed["id"]).html) == ("Write to <bob@example.com>", "")


@pytest.mark.contract(
    "Contact messages", "A stored template that cannot be sent is 400, and `template_id` says why", "ours"
)
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("Hi {first_name}", "unknown_placeholder"),
        ("<b>" * 200, "unreadable_html"),
        ("<b>&#" + "9" * 5_000 + ";{{company}}</b>", "empty_merge_field"),
        ("x" * 300_000, "too_long"),
        ("{{email|x}}" * 18_000, "too_long"),
    ],
)
def test_a_stored_template_that_cannot_be_sent_is_named(api, bob, path, make_template, body, code):
    template_id = make_template("Email", subject="Hello", description="Email #12", body=body)

    refused = api(bob).post(path, {"channel": "email", "template_id": template_id})

    assert (refused.status_code, refused.json()["data"]) == (400, {"code": code})
    assert f"template {template_id} (Email #12)" in refused.json()["errors"]["template_id"]
    assert not Message.objects.exists()


def test_a_template_of_another_type_or_of_somebody_else_is_refused(api, bob, dana, team, path, make_template):
    email, text = make_template("Email", subject="Hello", body="<p>Hello</p>"), make_template(body="Hello")

    refused = api(bob).post(path, {"channel": "text", "template_id": email})
    assert refused.json()["errors"] == {"template_id": "template_id names a template of the type Email."}
    refused = api(dana).post(path, {"channel": "email", "subject": "Hello", "template_id": text})
    assert "template_id" in refused.json()["errors"]


@pytest.mark.contract(
    "Contact messages", "`GET` is the conversation, in and out, of people and campaigns, the latest first", "ours"
)
def test_the_conversation_is_what_both_sides_said_the_latest_first(api, bob, client, path, text):
    drip = text("From a campaign")
    reply = Message.objects.create(
        channel="text",
        purpose="inbound",
        status="received",
        contact=client,
        user=bob,
        sender=CLIENT,
        recipient=bob.system_phone,
        body="Who is this?",
        created_at=NOON,
    )
    Message.objects.create(channel="email", purpose="alert", contact=client, user=bob, body="Call Clara")
    mine = api(bob).made(path, TEXT)

    rows = api(bob).get(path).json()["data"]

    assert [row["id"] for row in rows] == [mine["id"], reply.pk, drip.pk]
    assert [(row["purpose"], row["is_inbound"]) for row in rows] == [
        ("personal", False),
        ("inbound", True),
        ("campaign", False),
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("channel=email", ["email"]),
        ("purpose=Campaign", ["campaign"]),
        ("status=queued&$sort[created_at]=1", ["campaign", "text", "email"]),
        ("created_at[$lt]=2027-02-01", ["campaign"]),
        ("body[$like]=hello clara", ["email", "text", "campaign"]),
        ("channel[$ne]=text", ["email"]),
    ],
)
def test_it_is_asked_for_by(api, bob, path, text, query, found):
    ids = {text().pk: "campaign", api(bob).made(path, TEXT)["id"]: "text", api(bob).made(path, EMAIL)["id"]: "email"}

    assert [ids[row["id"]] for row in api(bob).get(f"{path}?{query}").json()["data"]] == found


def test_an_unknown_filter_is_refused(api, bob, path):
    assert api(bob).get(f"{path}?provider_sid=x").status_code == 400


def test_a_stranger_finds_nobody_to_write_to(api, bob, charlie, path):
    made = api(bob).made(path, TEXT)

    assert api(charlie).post(path, EMAIL).status_code == 404
    assert api(charlie).get(path).status_code == 404
    assert api(charlie).get(f"{path}/{made['id']}").status_code == 404


def test_a_teammate_writes_in_their_own_name(api, dana, bob, team, path):
    assert api(dana).made(path, EMAIL)["user_id"] == dana.pk
    assert api(dana).post(path, TEXT).json()["message"] == "There is no number to send from."


def test_what_was_said_to_one_contact_is_not_found_under_another(api, bob, client, path):
    made = api(bob).made(path, TEXT)
    other = make_client(bob, "+13105550143")

    assert api(bob).get(f"/contacts/{other.pk}/messages/{made['id']}").status_code == 404
    assert api(bob).get(f"/contacts/{other.pk}/messages").json()["total"] == 0


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_what_was_said_was_said(api, bob, path, method):
    made = api(bob).made(path, TEXT)

    assert getattr(api(bob), method)(f"{path}/{made['id']}").status_code == 405


def test_an_index_finds_the_latest_of_a_contact(client):
    latest = Message.objects.conversation().filter(contact=client).order_by("-id")[:10]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "message_of_contact" in latest.explain()
