"""Twilio's webhooks, through the WSGI application: URLs as they were called, and fields that Twilio never sends."""

from urllib.parse import urlencode

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory
from twilio.request_validator import RequestValidator

from config.wsgi import application
from messaging import consent
from messaging.models import Message
from tests.messaging.conftest import CLIENT

TEXTS = "/webhooks/twilio/texts"
CALLS = "/webhooks/twilio/calls"


@pytest.fixture
def post(settings, db):
    """`post(path, form)` sends what Twilio signed for that very URL; returns the status and the body."""
    settings.PUBLIC_URL = "https://crm.example.com"
    for signal in (request_started, request_finished):  # as Django's test client does: the test holds the connection
        signal.disconnect(close_old_connections)

    def send(path, form, *, signed_for="", raw=""):
        plain, _, query = path.partition("?")
        url = settings.PUBLIC_URL + (signed_for or raw or path)
        signature = RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(url, form)
        request = RequestFactory().post("/", urlencode(form), "application/x-www-form-urlencoded")
        environ = request.environ | {"PATH_INFO": plain, "QUERY_STRING": query, "HTTP_X_TWILIO_SIGNATURE": signature}
        environ |= {"RAW_URI": raw} if raw else {}
        started = []
        answer = application(environ, lambda status, headers, error=None: started.append(status))
        body = b"".join(answer).decode()
        return int(started[0].split()[0]), body

    yield send
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def form(number="1", **more):
    return {"MessageSid": f"SM{number}", "From": CLIENT, "To": "+19495550150", "Body": "STOP"} | more


@pytest.mark.parametrize("path", [TEXTS, f"{TEXTS}/", f"/{TEXTS}", "/webhooks//twilio///texts", f"//{TEXTS}//?a=b%20c"])
def test_the_signature_is_checked_against_the_url_as_it_was_called(path, post, bobs_number):
    assert post(path, form())[0] == 200

    assert consent.state_of(CLIENT).opted_out


@pytest.mark.parametrize("path", [f"{TEXTS}/", f"/{TEXTS}"])
def test_a_signature_for_the_plain_url_is_not_one_for_another_spelling(path, post, bobs_number):
    assert post(path, form(), signed_for=TEXTS)[0] == 403

    assert not Message.objects.exists()


def test_the_request_target_counts_as_the_server_received_it(post, bobs_number):
    assert post(f"/{TEXTS}", form(), raw=f"/%2F{TEXTS.removeprefix('/')}")[0] == 200


def test_other_webhooks_are_called_by_any_spelling_too(post):
    for path in (f"{TEXTS}/status/?message=1", f"/{CALLS}/?message=1", f"{CALLS}/status//"):
        assert post(path, {"MessageSid": "SM1", "MessageStatus": "sent", "CallSid": "CA1"})[0] == 200


NAMES = ["MessageSid", "From", "To", "Body", "MediaUrl0", "OptOutType", "NumMedia"]
NAMES += ["MessageStatus", "ErrorCode", "CallSid", "CallStatus", "Digits", "DialCallStatus", "DialCallDuration"]
PATHS = [TEXTS, f"{TEXTS}/status", CALLS, f"{CALLS}/keys", f"{CALLS}/dialled", f"{CALLS}/status"]
WHOLE = {
    **form(Body="Hello", NumMedia="1", MediaUrl0="https://example.com/house.jpg"),
    **{"MessageStatus": "sent", "CallSid": "CA1", "CallStatus": "completed", "Digits": "1"},
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_no_field_of_a_webhook_fails_the_server(path, name, post, client, text):
    for value in ("\0", "a\0b", "9" * 5000, "x" * 400, "y" * 100_001, "\u0663", "\ud7ff\ufffe", "-1", "999999999999"):
        status, body = post(f"{path}?message={text().pk}", WHOLE | {name: value})
        assert status in (200, 400), (value[:10], body)


def test_a_field_that_is_too_long_is_named(post, client):
    for name in ("MessageSid", "From", "To"):
        status, body = post(TEXTS, form(**{name: "x" * 400}))
        assert status == 400
        assert body.startswith(f"{name} has 400 characters")

    assert not Message.objects.exists()


def test_nul_is_left_out(post, client):
    assert post(TEXTS, form(From=f"{CLIENT}\0", To="+1949555\x000150", Body="nul \0 byte"))[0] == 200

    message = Message.objects.get()
    assert (message.sender, message.recipient, message.body) == (CLIENT, "+19495550150", "nul  byte")


def test_a_text_without_words_or_pictures_is_kept_as_twilio_delivers_it(post, client):
    assert post(TEXTS, form(Body=""))[0] == 200

    assert Message.objects.get().contact == client
