"""The log of messages in the admin: the newest first, a page at a time, however many there are."""

import pytest
from django.test import Client

from api.admin.resource_admin import LongListPaginator
from messaging.admin.messages import MessageAdmin
from messaging.models import Message
from tests.messaging.conftest import make_client


@pytest.fixture
def log(bob, charlie, monkeypatch):
    """`log(page)` is what bob reads on a page of two; seven texts to his client and one of charlie's are there."""
    monkeypatch.setattr(MessageAdmin, "list_per_page", 2)
    for owner, bodies in ((charlie, "x"), (bob, "1234567")):
        contact = make_client(owner)
        for body in bodies:
            Message.objects.create(contact=contact, channel="text", purpose="campaign", status="sent", body=body)
    browser = Client()
    browser.force_login(bob)

    def read(page):
        shown = browser.get(f"/admin/messaging/message/?p={page}").context_data["cl"]
        return [message.body for message in shown.result_list], shown.result_count

    return read


def test_a_page_shows_the_newest_that_its_reader_sees(log):
    assert log(1) == (["7", "6"], 7)
    assert log(4) == (["1"], 7)


def test_of_a_very_long_list_the_newest_pages_are_shown(log, monkeypatch):
    monkeypatch.setattr(LongListPaginator, "most", 4)

    assert log(1) == (["7", "6"], 4)
    assert log(2) == (["5", "4"], 4)
