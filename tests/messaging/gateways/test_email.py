"""What a mail server may say, and what comes of it."""

import smtplib

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from hypothesis import given
from hypothesis import strategies as st

from messaging import message_factory, outbox
from messaging.gateways.email import compose
from messaging.models import Message
from teams.models import User

said = []  # what the server does next: an error while connecting, one while sending, or neither
arrived = []


class Server(BaseEmailBackend):
    """A mail server that does what a test says."""

    def open(self):
        if said and said[0][0] == "open":
            raise said.pop(0)[1]

    def send_messages(self, emails):
        if said:
            raise said.pop(0)[1]
        arrived.extend(email.subject for email in emails)
        return len(emails)


@pytest.fixture(autouse=True)
def server(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    said.clear()
    arrived.clear()


@pytest.fixture
def email(bob, client, now):
    """`email(subject)` queues an email to bob's client."""

    def queue(subject="Hello"):
        (message,) = outbox.queue_messages([message_factory.email_to(client, subject, "Words", now, user=bob)], now)
        return message

    return queue


@pytest.mark.parametrize(
    ("failure", "status", "reason"),
    [
        (
            ("open", ConnectionRefusedError()),
            "queued",
            "The mail server could not be reached (ConnectionRefusedError).",
        ),
        (("open", TimeoutError()), "queued", "The mail server could not be reached (TimeoutError)."),
        (("open", smtplib.SMTPAuthenticationError(535, b"no")), "queued", "The mail server could not be reached"),
        (
            ("send", smtplib.SMTPRecipientsRefused({"clara@example.com": (550, b"No such\nuser")})),
            "failed",
            "The mail server refused it: No such user (550)",
        ),
        (("send", smtplib.SMTPDataError(554, b"Spam")), "failed", "The mail server refused it: Spam (554)"),
        (("send", smtplib.SMTPDataError(451, b"Later")), "queued", "The mail server refused it: Later (451)"),
        (
            ("send", smtplib.SMTPServerDisconnected()),
            "unknown",
            "The mail server did not answer (SMTPServerDisconnected). It may have been sent, so it is not sent again.",
        ),
        (("send", TimeoutError()), "unknown", "The mail server did not answer (TimeoutError)."),
    ],
)
def test_what_goes_wrong_is_told_apart(failure, status, reason, email, now, outcome):
    said.append(failure)
    message = email()

    outbox.run_due(now)
    if status == "unknown":
        outbox.run_due(outbox.next_due_at())

    assert outcome(message)[0] == status
    assert outcome(message)[1].startswith(reason)
    assert arrived == []


def test_a_server_that_is_away_is_asked_again(email, now):
    said.append(("open", ConnectionRefusedError()))
    email()

    outbox.run_due(now)
    outbox.run_due(outbox.next_due_at())

    assert arrived == ["Hello"]


def test_a_server_that_hangs_up_while_refusing_is_called_anew_for_the_next(email, now, outcome):
    """After a 421 the line is closed. A second email down that line would count as sent, perhaps."""
    said.append(("send", smtplib.SMTPSenderRefused(421, b"Too many messages", "crm@example.com")))
    said.append(("send", smtplib.SMTPServerDisconnected("please run connect() first")))
    first, second = email("one"), email("two")

    outbox.run_due(now)

    assert outcome(first)[0] == "queued"
    assert outcome(second)[0] == "queued"
    said.clear()
    outbox.run_due(outbox.next_due_at())
    assert "two" in arrived


def test_an_email_that_cannot_be_written_is_refused_and_the_next_leaves(email, now, outcome, monkeypatch):
    broken, fine = email("one"), email("two")
    Message.objects.filter(pk=broken.pk).update(sender="Bob\n<bob@example.com>")

    outbox.run_due(now)

    assert outcome(broken)[0] == "failed"
    assert outcome(fine)[0] == "sent"
    assert arrived == ["two"]


@pytest.mark.parametrize("name", ["Bob\r\nBcc: x@example.com", "Bob\x00", "Bob\u2028X", "Bob\x85", '"Bob', "Bob, <x"])
def test_a_name_never_makes_all_emails_of_an_agent_fail(bob, email, now, outcome, name):
    if "\x00" not in name:  # PostgreSQL holds none
        User.objects.filter(pk=bob.pk).update(first_name=name)
    message = email()

    outbox.run_due(now)

    assert outcome(message) == ("sent", "")


@pytest.mark.django_db
@given(st.text(), st.text())
def test_any_name_and_subject_make_an_email(name, subject):
    user = User(first_name=name, last_name="Example", email="bob@example.com")
    message = Message(pk=1, purpose="personal", user=user, subject=subject, recipient="clara@example.com", body="Hello")

    headers = compose(message).message()

    assert set(headers.keys()) <= {
        *("Subject", "From", "To", "Reply-To", "Date", "Message-ID"),
        *("Content-Type", "MIME-Version", "Content-Transfer-Encoding"),
    }
    assert "bob@example.com" in headers["Reply-To"]
