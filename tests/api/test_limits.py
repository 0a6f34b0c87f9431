"""Too often is 429 with the time to wait, counted by person and address; without Valkey nothing is limited."""

import secrets
from urllib.parse import urlencode

import pytest
from django.test import Client

from config.api import limits

pytestmark = pytest.mark.usefixtures("shelf")
PASS_PHRASE = "a long pass phrase"


@pytest.fixture
def address() -> str:
    """Counters outlive a test: each comes from elsewhere."""
    return f"203.0.113.{secrets.token_hex(8)}"


@pytest.fixture
def valkey_is_away(settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "unix:///tmp/nobody-listens-here"}}
    limits.counters.cache_clear()
    yield
    limits.counters.cache_clear()


def is_too_many(answer):
    assert 1 <= int(answer["Retry-After"]) <= 60
    body = answer.json()
    assert body["message"] == f"Too many requests: try again in {answer['Retry-After']} seconds."
    return (answer.status_code, body["code"], body["className"]) == (429, 429, "too-many-requests")


# The API


@pytest.fixture
def two_a_minute(settings):
    settings.THROTTLE_PER_USER = settings.THROTTLE_PER_ADDRESS = 2


@pytest.fixture(autouse=True)
def nobody_has_asked_yet(alice, bob):
    for user in (alice, bob):
        limits.forget(f"requests of {user.pk}")


@pytest.mark.contract("Errors", "429 says in `Retry-After` for how long to wait", "ours")
def test_a_user_who_asks_too_often_has_to_wait(alice, bob, api, two_a_minute):
    hers = api(alice)
    assert [hers.get("/shelves").status_code, hers.post("/shelves", {"name": "x"}).status_code] == [200, 201]
    assert is_too_many(hers.get("/shelves"))
    assert is_too_many(api(alice).get("/shelves"))  # with another token, too
    assert api(bob).get("/shelves").status_code == 200


def test_users_are_not_limited_unless_the_operator_says_so(alice, api):
    hers = api(alice)
    assert {hers.get("/shelves").status_code for _ in range(20)} == {200}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_an_address_without_a_token_has_to_wait_and_others_need_not(alice, api, address, two_a_minute, headers):
    def come(**told):
        return Client().get("/shelves", headers=headers, **told)

    assert [come(REMOTE_ADDR=address).status_code for _ in range(2)] == [401, 401]
    assert is_too_many(come(REMOTE_ADDR=address))
    assert come(REMOTE_ADDR=f"{address}0").status_code == 401
    proxied = {"REMOTE_ADDR": f"{address}1", "HTTP_X_FORWARDED_FOR": f"198.51.100.1, {address}"}
    assert is_too_many(come(**proxied))  # it is the proxy that says so
    assert Client(REMOTE_ADDR=address).get("/shelves", headers=api(alice).headers).status_code == 200


def test_without_valkey_nobody_has_to_wait(alice, api, address, two_a_minute, valkey_is_away):
    hers = api(alice)
    assert {hers.get("/shelves").status_code for _ in range(5)} == {200}
    assert {Client(REMOTE_ADDR=address).get("/shelves").status_code for _ in range(5)} == {401}


# Log-in


def log_in(address, email, password="wrong", **options):
    typed = {"username": email, "password": password}
    return Client(REMOTE_ADDR=address).post("/admin/login/", typed, **options)


@pytest.fixture
def served(settings):
    settings.ROOT_URLCONF = "config.urls"


@pytest.fixture
def locked(served, alice, address):
    """Ten wrong passwords for Alice from one address."""
    for _ in range(10):
        refused = log_in(address, alice.email)
        assert refused.status_code == 200
        assert "The email or the password is wrong" in refused.content.decode()


def test_after_ten_wrong_passwords_even_the_right_one_waits(locked, alice, address):
    answer = log_in(address, alice.email.title(), PASS_PHRASE)
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 600
    assert "Too many wrong passwords. Try again in 10 minutes." in answer.content.decode()


def test_another_address_of_the_same_ipv6_network_is_not_elsewhere(served, alice):
    network = ":".join(["2001:db8", *(secrets.token_hex(2) for _ in range(2))])
    answers = [log_in(f"{network}::{host:x}", alice.email).status_code for host in range(1, 12)]
    assert answers == [200] * 10 + [429]
    assert log_in(f"{network}:1:2:3:4", alice.email).status_code == 429
    assert log_in("2001:db8::1", alice.email, PASS_PHRASE).status_code == 302


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_are_counted_by_whom_they_belong_to(address, network):
    assert limits.network_of(address) == network


def test_the_right_person_is_let_in_elsewhere_and_when_the_time_is_over(locked, alice, bob, address):
    assert log_in(f"{address}0", alice.email, PASS_PHRASE).status_code == 302
    assert log_in(address, bob.email, PASS_PHRASE).status_code == 302
    attempts = f"log-ins of {alice.email.upper()} from {address}"
    assert 0 < limits.counters().ttl(limits.key_of(attempts)) <= 600  # and not a second more for trying on
    limits.forget(attempts)
    assert log_in(address, alice.email, PASS_PHRASE).status_code == 302


def test_who_logs_in_has_all_attempts_again(served, alice, address):
    for _ in range(3):
        assert {log_in(address, alice.email).status_code for _ in range(9)} == {200}
        assert log_in(address, alice.email, PASS_PHRASE).status_code == 302


def test_the_log_in_on_the_way_to_a_programs_page_is_the_same(locked, alice, address):
    back = urlencode({"next": "/oauth2/authorize?response_type=code"})
    answer = Client(REMOTE_ADDR=address).post(
        f"/admin/login/?{back}", {"username": alice.email, "password": PASS_PHRASE}
    )
    assert answer.status_code == 429


def test_without_valkey_one_can_log_in(served, alice, address, valkey_is_away):
    for _ in range(12):
        assert log_in(address, alice.email).status_code == 200
    assert log_in(address, alice.email, PASS_PHRASE).status_code == 302
