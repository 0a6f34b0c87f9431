"""Agents write to their clients on pages of the admin."""

import pytest
from django.test import Client

from messaging import consent
from messaging.models import Message, Template, TemplateFolder
from tests.leads.conftest import NOON, clock  # noqa: F401
from tests.messaging.conftest import CLIENT
from tests.messaging.manual.test_compose import NIGHT


@pytest.fixture(autouse=True)
def somebody_attests(settings):
    settings.TEXTS_TO_UNKNOWN_CONSENT = "allow"


@pytest.fixture
def browser():
    """`browser(bob)` is bob's, logged in."""

    def log_in(user):
        client = Client(enforce_csrf_checks=False)
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def text_page(client):
    return f"/admin/messaging/message/to/{client.pk}/text/"


@pytest.fixture
def email_page(client):
    return f"/admin/messaging/message/to/{client.pk}/email/"


def words(page):
    return page.content.decode()


def test_the_page_of_a_contact_leads_there(browser, bob, client, text_page, email_page):
    page = words(browser(bob).get(f"/admin/crm/contact/{client.pk}/change/"))

    assert text_page in page
    assert email_page in page


def test_looking_sends_nothing(browser, bob, text_page, bobs_number):
    page = words(browser(bob).get(text_page, {"body": "Hello"}))

    assert f"It is sent immediately, to {CLIENT}, from your number {bobs_number}." in page
    assert not Message.objects.exists()


def test_a_text_is_sent(browser, bob, text_page):
    page = browser(bob).post(text_page, {"body": "Hello {{first_name}}"}, follow=True)

    message = Message.objects.get()
    assert (message.body, message.purpose, message.user) == ("Hello Clara", "personal", bob)
    assert "The text is being sent." in words(page)
    assert "Hello Clara" in words(page)


def test_an_email_is_sent_with_a_template(browser, bob, email_page):
    folder = TemplateFolder.objects.create(user=bob, name="Welcomes")
    template = Template.objects.create(
        user=bob, template_folder=folder, template_type="Email", description="Welcome", subject="Hi", body="Welcome!"
    )
    assert "Welcome" in words(browser(bob).get(email_page))

    browser(bob).post(email_page, {"template": template.pk, "subject": "", "body": ""})

    message = Message.objects.get()
    assert (message.channel, message.subject, message.body) == ("email", "Hi", "Welcome!")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "body may not be empty."),
        ("x" * 1601, "longer than 1,600 characters"),
        ("Hello {{firstname}}", "has no such merge field"),
    ],
)
def test_what_the_api_refuses_stands_in_the_form(browser, bob, text_page, body, said):
    page = words(browser(bob).post(text_page, {"body": body}))

    assert said in page
    assert body in page
    assert not Message.objects.exists()


def test_at_night_it_says_when_it_will_leave(browser, bob, text_page, clock):  # noqa: F811
    clock.now = NIGHT
    assert "It is night in the time zone of Clara: the message is sent at 8:00 there" in words(
        browser(bob).get(text_page)
    )

    page = words(browser(bob).post(text_page, {"body": "Hello"}, follow=True))

    assert "The text will be sent in the morning." in page
    assert Message.objects.get().status == "held"


def test_what_stands_against_it_is_said_before_anything_is_typed(browser, bob, client, text_page):
    consent.opt_out(CLIENT, source="text", now=NOON)

    page = words(browser(bob).get(text_page))

    assert "It cannot be sent. The number has opted out of texts." in page
    assert "<textarea" not in page


def test_the_conversation_stands_below(browser, bob, client, text_page):
    Message.objects.create(
        channel="text", purpose="inbound", status="received", contact=client, user=bob, body="<b>Who</b> is this?"
    )

    assert "&lt;b&gt;Who&lt;/b&gt; is this?" in words(browser(bob).get(text_page))


@pytest.fixture
def call_page(client):
    return f"/admin/messaging/message/to/{client.pk}/call/"


def test_a_call_rings_the_agents_phone(browser, bob, call_page, bobs_number):
    page = words(browser(bob).get(call_page))
    assert f"at {CLIENT}, from your number {bobs_number}" in page
    assert not Message.objects.exists()

    page = words(browser(bob).post(call_page, follow=True))

    assert f"Your phone {bob.phone_e164} rings." in page
    assert Message.objects.get().recipient == bob.phone_e164


def test_at_night_nobody_is_called(browser, bob, call_page, clock):  # noqa: F811
    clock.now = NIGHT

    assert "They cannot be called. It is outside 8:00-21:00" in words(browser(bob).get(call_page))
    assert "It is outside" in words(browser(bob).post(call_page, follow=True))
    assert not Message.objects.exists()


def test_who_has_no_phone_is_told_so(browser, bob, call_page):
    bob.phone = ""
    bob.save()

    assert "You have no phone that could ring" in words(browser(bob).get(call_page))


def test_a_stranger_is_told_that_there_is_no_such_contact(browser, charlie, text_page):
    page = browser(charlie).post(text_page, {"body": "Hello"}, follow=True)

    assert "There is no contact" in words(page)
    assert not Message.objects.exists()


def test_nobody_writes_without_a_session_or_from_another_site(bob, text_page):
    assert Client().post(text_page, {"body": "Hello"}).status_code == 302
    elsewhere = Client(enforce_csrf_checks=True)
    elsewhere.force_login(bob)
    assert elsewhere.post(text_page, {"body": "Hello"}).status_code == 403
    assert not Message.objects.exists()


def test_a_number_that_may_have_opted_out_is_decided_there(browser, bob, charlie, client, text_page, now):
    consent.suspend(CLIENT, source="text", words="I told you to stop", now=now)
    decision = {"consent": "resumed", "number": CLIENT}

    assert f"{CLIENT} may have opted out" in words(browser(bob).get(text_page))
    browser(charlie).post(text_page, decision)
    assert consent.state_of(CLIENT).suspended

    page = browser(bob).post(text_page, decision, follow=True)
    assert "may have opted out" not in words(page)
    assert not consent.state_of(CLIENT).suspended

    consent.suspend(CLIENT, source="text", words="I told you to stop", now=now)
    browser(bob).post(text_page, decision | {"consent": "opted_out"})
    assert consent.state_of(CLIENT).opted_out
    assert browser(bob).post(text_page, {"consent": "nonsense"}).status_code == 302
