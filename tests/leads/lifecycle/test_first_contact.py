"""A claimer who contacts the person through the system keeps the lead."""

from datetime import timedelta

import pytest

from leads import jobs
from leads.models import Lead
from messaging import consent, outbox, phone_numbers
from messaging.models import Message
from sandbox import clock as sandbox_clock
from sandbox.models import EmulatedCall, EmulatedText
from sandbox.twilio import calls, fault_injection
from tests.emulator import carrier, mailbox  # noqa: F401
from tests.leads.conftest import NOON, offer_of

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = {"channel": "text", "body": "Hello Mary, when may I call you?"}
EMAIL = {"channel": "email", "subject": "Your inquiry", "body": "Hello Mary"}


@pytest.fixture
def go_on(clock):
    """`go_on(minutes=5)` lets time pass, and leads and the outbox do what is due, moment by moment."""

    def advance(**by):
        goal = clock.now + timedelta(**by)
        while True:
            while jobs.run_due(clock.now) + outbox.run_due(clock.now):
                pass
            due = [moment for moment in (jobs.next_due_at(), outbox.next_due_at()) if moment]
            if not due or min(due) > goal:
                break
            clock.now = max(clock.now, min(due))
        clock.now = goal

    return advance


@pytest.fixture
def claimed(api, alice, bob, team, lead, go_on, carrier, mailbox, settings):  # noqa: F811
    """Bob, who has a phone number to text from, has claimed the lead and has 30 minutes to contact the person."""
    settings.TWILIO_TIMEOUT_SECONDS = 0.5
    phone_numbers.give_number(bob, now=NOON)
    team.mins_until_contact = 30
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    go_on()
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})
    return lead


def claimer(lead):
    return Lead.objects.get(pk=lead.pk).claimed_by_user


def test_a_text_through_the_system_keeps_the_lead(api, bob, mary, claimed, go_on):
    go_on(minutes=20)
    api(bob).made(f"/contacts/{mary.pk}/messages", TEXT)
    go_on(hours=2)

    assert claimer(claimed) == bob
    assert EmulatedText.objects.get(recipient=mary.mobile_e164).body == TEXT["body"]
    entry = claimed.trace_entries.get(kind="Contacted")
    assert (entry.at, entry.code, entry.details["channel"]) == (
        NOON + timedelta(minutes=20),
        "contact_messaged",
        "text",
    )


def test_an_email_through_the_system_keeps_the_lead(api, bob, mary, claimed, go_on):
    api(bob).made(f"/contacts/{mary.pk}/messages", EMAIL)
    go_on(hours=2)

    assert claimer(claimed) == bob
    assert claimed.trace_entries.get(kind="Contacted").details["channel"] == "email"


def test_a_text_that_twilio_refused_does_not_keep_the_lead(api, bob, mary, claimed, go_on):
    fault_injection.line_up("21610", 1)
    made = api(bob).made(f"/contacts/{mary.pk}/messages", TEXT)
    go_on(minutes=30)

    assert Message.objects.get(pk=made["id"]).status == "failed"
    assert claimer(claimed) is None


def test_a_text_that_was_refused_immediately_does_not_keep_the_lead(api, bob, mary, claimed, go_on):
    consent.opt_out(mary.mobile_e164, source="text", now=NOON)
    assert api(bob).post(f"/contacts/{mary.pk}/messages", TEXT).status_code == 400
    go_on(minutes=30)

    assert claimer(claimed) is None


def test_a_text_that_was_canceled_before_sending_does_not_keep_the_lead(api, bob, mary, claimed, go_on):
    api(bob).made(f"/contacts/{mary.pk}/messages", TEXT)
    consent.opt_out(mary.mobile_e164, source="text", now=NOON)
    go_on(minutes=30)

    assert claimer(claimed) is None


def test_a_text_held_for_quiet_hours_does_not_keep_the_lead_yet(api, bob, mary, claimed, go_on, clock):
    Lead.objects.update(contact_due_at=NOON + timedelta(hours=10))
    go_on(hours=9, minutes=30)
    made = api(bob).made(f"/contacts/{mary.pk}/messages", TEXT)
    assert made["status"] == "held"
    go_on(minutes=30)

    assert claimer(claimed) is None


@pytest.fixture
def call(api, bob, mary, live_server, settings, clock):
    """`call("busy")` has bob's phone ring, presses 1 and lets mary's be answered, or not."""
    settings.PUBLIC_URL = live_server.url

    def connect(*answer):
        api(bob).made(f"/contacts/{mary.pk}/calls")
        outbox.run_due(clock.now)
        sandbox_clock.advance(sandbox_clock.now() + timedelta(seconds=2))
        bobs = EmulatedCall.objects.get(recipient=bob.phone_e164)
        assert bobs.says == "Press 1 to be connected with Mary Jackson."
        if answer:
            calls.press(bobs, "1")
            calls.pick_up(EmulatedCall.objects.get(recipient=mary.mobile_e164), *answer, sandbox_clock.now())

    return connect


def test_an_answered_call_keeps_the_lead(bob, claimed, call, go_on):
    call("completed", 65)
    go_on(hours=2)

    assert claimer(claimed) == bob
    assert claimed.trace_entries.get(kind="Contacted").details["channel"] == "call"


@pytest.mark.parametrize("answer", [("no-answer", 0), ("busy", 0), ("failed", 0), ()])
def test_an_unanswered_call_does_not_keep_the_lead(claimed, call, go_on, answer):
    call(*answer)
    go_on(minutes=30)

    assert claimer(claimed) is None


def test_a_text_of_another_user_does_not_keep_the_lead(api, alice, mary, claimed, go_on):
    api(alice).made(f"/contacts/{mary.pk}/messages", EMAIL)
    go_on(minutes=30)

    assert claimer(claimed) is None


def test_a_text_from_the_contact_does_not_keep_the_lead(bob, mary, claimed, go_on, text_in):
    bob.refresh_from_db()
    text_in(mary.mobile_e164, "Is anybody there?", to=bob.system_phone)
    go_on(minutes=30)

    assert claimer(claimed) is None
