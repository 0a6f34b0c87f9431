"""The sandbox's tests speak to the emulated carrier with the real client, as the service does."""

from urllib.parse import urlsplit, urlunsplit

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.emulator import carrier, mailbox, receiver  # noqa: F401


class Redirect(TwilioHttpClient):
    """Sends every request to another scheme and host, keeping path and query."""

    def __init__(self, base, **options):
        super().__init__(**options)
        self.base = urlsplit(base)

    def request(self, method, url, *arguments, **options):
        asked = urlsplit(url)
        there = urlunsplit((self.base.scheme, self.base.netloc, asked.path, asked.query, ""))
        return super().request(method, there, *arguments, **options)


@pytest.fixture
def make_client(carrier, settings):  # noqa: F811
    """A Twilio client, with the account's credentials unless told otherwise."""

    def make(token=settings.TWILIO_AUTH_TOKEN, timeout=5):
        return Client(settings.TWILIO_ACCOUNT_SID, token, http_client=Redirect(carrier, timeout=timeout))

    return make


@pytest.fixture
def client(make_client):
    """The Twilio client of the account."""
    return make_client()
