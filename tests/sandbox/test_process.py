"""The emulated carrier as a process of its own, killed at any moment; and several doing its work at once."""

import os
import socket
import subprocess
import sys
import threading
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.db import connection
from twilio.rest import Client

from sandbox import clock
from sandbox.clock import Reading
from sandbox.models import Callback, EmulatedText, Fault
from sandbox.twilio import callbacks, fault_injection, messages
from sandbox.twilio.error_codes import Refused
from tests.sandbox.conftest import Redirect

# With this app alone, emptying the tables after a test takes no time.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["sandbox"])

OURS = "+19495550100"
HANDSET = "+19495550123"


@pytest.fixture
def start_emulator(receiver, settings):
    """Starts the process on a port of its own and returns it when it answers; what still runs at the end is killed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings.TWILIO_API_BASE_URL = f"http://127.0.0.1:{port}"
    started = []

    def start():
        environment = os.environ | {
            "DATABASE_URL": url_of_the_tests_database(),
            "EMULATOR_PORT": str(port),
            "TWILIO_API_BASE_URL": settings.TWILIO_API_BASE_URL,
            "TWILIO_ACCOUNT_SID": settings.TWILIO_ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": settings.TWILIO_AUTH_TOKEN,
        }
        process = subprocess.Popen([sys.executable, "-m", "sandbox.twilio"], env=environment)
        started.append(process)
        wait_until_it_answers(f"{settings.TWILIO_API_BASE_URL}/healthz", process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def url_of_the_tests_database():
    """DATABASE_URL with the test's database in place of the one it was made beside."""
    address, mark, options = os.environ["DATABASE_URL"].partition("?")
    return f"{address.rpartition('/')[0]}/{connection.settings_dict['NAME']}{mark}{options}"


def wait_until_it_answers(url, process):
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=1):
                return
        except (URLError, ConnectionError):
            time.sleep(0.05)
    pytest.fail("The emulator does not answer.")


def hand_over(status_url="", to=HANDSET):
    return messages.accept_text(
        to=to, sender=OURS, body="Hi", media=[], status_url=status_url, clock=Reading(clock.now(), standing=True)
    )


def in_threads(count, work):
    """What `work` returned or raised on each of so many threads that began together."""
    barrier, answers = threading.Barrier(count), []

    def run():
        barrier.wait()
        try:
            answers.append(work())
        except Exception as error:
            answers.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_the_process_delivers_by_itself(start_emulator, receiver, settings):
    start_emulator()
    client = Client(
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, http_client=Redirect(settings.TWILIO_API_BASE_URL)
    )

    sent = client.messages.create(to=HANDSET, from_=OURS, body="Hi", status_callback=f"{receiver.url}/status")

    receiver.wait_for(2)
    assert receiver.statuses() == ["sent", "delivered"]
    assert all(told.is_signed and told.form["MessageSid"] == sent.sid for told in receiver.received)


def test_a_killed_process_delivers_the_rest_when_it_is_back(start_emulator, receiver):
    start_emulator().kill()
    text = hand_over(status_url=receiver.url)

    start_emulator()

    receiver.wait_for(2)
    assert {told.form["MessageSid"] for told in receiver.received} == {text.sid}


def test_a_process_told_to_end_ends_well(start_emulator):
    process = start_emulator()

    process.terminate()

    assert process.wait(timeout=10) == 0


def test_each_callback_is_claimed_once_however_many_deliver(receiver):
    for _ in range(10):
        hand_over(status_url=receiver.url)
    now = clock.now()

    assert sum(in_threads(4, lambda: callbacks.run_due(now))) == 20

    assert len(receiver.received) == 20
    assert not Callback.objects.exists()
    assert set(EmulatedText.objects.values_list("status", flat=True)) == {"delivered"}


def test_each_fault_meets_one_text_however_many_come():
    fault_injection.line_up("500", 5)

    answers = [answer for _ in range(3) for answer in in_threads(4, hand_over)]

    assert sum(isinstance(answer, Refused) for answer in answers) == 5
    assert EmulatedText.objects.count() == 7
    assert not Fault.objects.exists()


def test_each_number_is_sold_once_however_many_buy():
    bought = in_threads(
        4, lambda: messages.buy_number(number="", area_code="949", friendly_name="", sms_url="", now=clock.now()).number
    )

    assert sorted(bought) == ["+19495550101", "+19495550102", "+19495550103", "+19495550104"]
