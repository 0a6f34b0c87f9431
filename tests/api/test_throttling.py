"""Too often is 429 with the time to wait, counted by person and address; without Valkey nothing is limited."""

import secrets
from base64 import b64encode
from ipaddress import ip_network
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model, get_refresh_token_model

from api import throttling
from api.proxies import UntrustedProtoMiddleware
from oauth.tokens import create_application, create_token

pytestmark = pytest.mark.usefixtures("shelf")
PASS_PHRASE = "a long pass phrase"


@pytest.fixture
def address() -> str:
    """Counters outlive a test: each comes from elsewhere."""
    return f"203.0.113.{secrets.token_hex(8)}"


@pytest.fixture
def valkey_is_away(settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "unix:///tmp/nobody-listens-here"}}
    throttling.counters.cache_clear()
    yield
    throttling.counters.cache_clear()


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
        throttling.reset_counter(f"requests of {user.pk}")
        throttling.reset_counter(f"log-ins of {user.email.upper()}")


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
    assert throttling.client_network(address) == network


@pytest.mark.parametrize(
    ("connected", "forwarded", "address"),
    [
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),  # a stranger's header
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "192.0.2.1, 203.0.113.9", "203.0.113.9"),  # what a client sent to the proxy
        ("10.0.0.1", "192.0.2.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),  # two proxies
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("10.0.0.1", "unknown", "unknown"),
        ("10.0.0.1", "192.0.2.1," * 100_000 + "203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9", ""),
    ],
)
def test_only_named_proxies_are_believed(rf, settings, connected, forwarded, address):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/24")]
    request = rf.get("/", REMOTE_ADDR=connected, HTTP_X_FORWARDED_FOR=forwarded)
    assert throttling.client_address(request) == address


def test_a_header_does_not_end_the_wait_of_its_sender(locked, alice, address):
    answer = log_in(address, alice.email, PASS_PHRASE, headers={"X-Forwarded-For": "198.51.100.9"})
    assert answer.status_code == 429


def test_the_right_person_is_let_in_elsewhere_and_when_the_time_is_over(locked, alice, bob, address):
    assert log_in(f"{address}0", alice.email, PASS_PHRASE).status_code == 302
    assert log_in(address, bob.email, PASS_PHRASE).status_code == 302
    attempts = f"log-ins of {alice.email.upper()} from {address}"
    assert 0 < throttling.counters().ttl(throttling.counter_key(attempts)) <= 600  # and not a second more for trying on
    throttling.reset_counter(attempts)
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


@pytest.fixture
def three_emails(settings):
    settings.LOGIN_EMAILS_PER_ADDRESS = 3


def spray(address, emails):
    return [log_in(address, f"guess{number}@example.com").status_code for number in range(emails)]


def test_an_address_that_tries_one_password_on_many_has_to_wait_and_others_need_not(
    served, alice, address, three_emails
):
    assert spray(address, 5) == [200, 200, 200, 429, 429]
    refused = log_in(address, alice.email, PASS_PHRASE)
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 600
    assert log_in(f"{address}0", alice.email, PASS_PHRASE).status_code == 302


def test_who_comes_back_after_that_has_all_attempts(served, alice, address, three_emails):
    spray(address, 3)
    for _ in range(11):
        assert log_in(address, alice.email, PASS_PHRASE).status_code == 429
    throttling.reset_counter(f"failed log-ins from {address}")
    assert log_in(address, alice.email, PASS_PHRASE).status_code == 302


def test_one_who_mistypes_again_and_again_and_those_who_log_in_are_not_many(served, alice, bob, address, three_emails):
    for _ in range(4):
        assert log_in(address, alice.email).status_code == 200
    for _ in range(4):
        assert {log_in(address, user.email, PASS_PHRASE).status_code for user in (alice, bob)} == {302}


def test_a_whole_office_may_mistype(served, alice, address):
    assert set(spray(address, 49)) == {200}
    assert log_in(address, alice.email, PASS_PHRASE).status_code == 302


def test_the_operator_may_lift_the_limit_of_addresses(served, address, settings):
    settings.LOGIN_EMAILS_PER_ADDRESS = 0
    assert set(spray(address, 5)) == {200}


@pytest.fixture
def twelve_an_hour(settings):
    settings.LOGINS_PER_EMAIL = 12


def test_one_email_is_not_guessed_from_many_addresses(served, alice, bob, address, twelve_an_hour):
    answers = [log_in(f"{address}{number}", alice.email.title()).status_code for number in range(13)]
    assert answers == [200] * 12 + [429]
    refused = log_in(address, alice.email, PASS_PHRASE)
    assert refused.status_code == 429
    assert 600 < int(refused["Retry-After"]) <= 3600
    assert log_in(address, bob.email, PASS_PHRASE).status_code == 302


def test_one_address_alone_keeps_nobody_out_elsewhere(served, alice, address, twelve_an_hour):
    for _ in range(30):
        log_in(address, alice.email)
    assert log_in(f"{address}0", alice.email, PASS_PHRASE).status_code == 302


def test_the_right_password_begins_the_count_of_an_email_again(served, alice, address, twelve_an_hour):
    for number in range(4):
        for _ in range(4):
            assert log_in(f"{address}{number}", alice.email).status_code == 200
        assert log_in(address, alice.email, PASS_PHRASE).status_code == 302


@pytest.mark.parametrize("many", [0, 1000])
def test_the_operator_may_lift_the_limit_of_an_email(served, alice, address, settings, many):
    settings.LOGINS_PER_EMAIL = many
    for number in range(15):
        assert log_in(f"{address}{number}", alice.email).status_code == 200


# Whether a client came with TLS


@pytest.mark.parametrize(
    ("connected", "proto", "is_secure"),
    [
        ("198.51.100.7", "https", False),  # a stranger's header
        ("10.0.0.1", "https", True),
        ("10.0.0.1", "http", False),
        ("127.0.0.1", "https", False),
        ("", "https", False),
    ],
)
def test_only_a_trusted_proxy_says_that_a_client_came_with_tls(rf, settings, connected, proto, is_secure):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/24")]
    seen = []
    middleware = UntrustedProtoMiddleware(lambda request: seen.append(request.is_secure()))
    middleware(rf.get("/", REMOTE_ADDR=connected, HTTP_X_FORWARDED_PROTO=proto))
    assert seen == [is_secure]


def test_forms_are_taken_behind_a_proxy_that_is_not_named(served, alice, address, settings):
    """Its TLS is not believed, and the form comes from the public address nevertheless."""
    browser = Client(enforce_csrf_checks=True, REMOTE_ADDR=address, headers={"X-Forwarded-Proto": "https"})
    token = browser.get("/admin/login/").cookies["csrftoken"].value
    typed = {"username": alice.email, "password": PASS_PHRASE, "csrfmiddlewaretoken": token}
    answer = browser.post("/admin/login/", typed, headers={"Origin": settings.PUBLIC_URL})
    assert answer.status_code == 302


# A program's secret, codes and refresh tokens


@pytest.fixture
def three_guesses(monkeypatch):
    monkeypatch.setattr("oauth.views.MAX_GUESSES", 3)


@pytest.fixture
def program(alice):
    client_id, secret = create_application("Program", "https://program.example.com/back")
    return {"client_id": client_id, "client_secret": secret}


@pytest.fixture
def refresh_token(alice, program):
    application = get_application_model().objects.get(client_id=program["client_id"])
    create_token(alice, timezone.now(), application)
    access = get_access_token_model().objects.get(application=application)
    get_refresh_token_model().objects.create(
        user=alice, application=application, token="b" * 40, access_token=access, token_family=uuid4()
    )
    return "b" * 40


def renew(address, program, refresh_token, path="/oauth2/token", **headers):
    body = program | {"grant_type": "refresh_token", "refresh_token": refresh_token, "token": refresh_token}
    return Client(REMOTE_ADDR=address).post(path, body, headers=headers)


@pytest.mark.contract("OAuth 2", "After 100 different wrong secrets, codes or tokens 429 with `Retry-After`", "ours")
@pytest.mark.parametrize("wrong", ["client_secret", "refresh_token"])
def test_who_guesses_has_to_wait(address, program, refresh_token, three_guesses, wrong):
    right = program | {"refresh_token": refresh_token}
    guesses = [right | {wrong: f"guess {number}"} for number in range(5)]
    answers = [renew(address, guess, guess.pop("refresh_token")) for guess in guesses]
    assert [answer.status_code == 429 for answer in answers] == [False, False, False, True, True]
    refused = renew(address, program, refresh_token)
    assert (refused.status_code, refused.json()["error"]) == (429, "temporarily_unavailable")
    assert 1 <= int(refused["Retry-After"]) <= 600
    assert renew(f"{address}0", program, refresh_token).status_code == 200


def test_basic_and_revocation_are_ways_to_guess_too(address, program, refresh_token, three_guesses):
    for number in range(3):
        basic = b64encode(f"{program['client_id']}:guess {number}".encode()).decode()
        assert renew(address, {}, refresh_token, "/oauth2/revoke", Authorization=f"Basic {basic}").status_code == 401
    assert renew(address, program, refresh_token).status_code == 429


def test_another_program_at_the_same_address_need_not_wait(address, program, refresh_token, three_guesses):
    for number in range(3):
        renew(address, {"client_id": "another", "client_secret": f"guess {number}"}, refresh_token)
    assert renew(address, program, refresh_token).status_code == 200


def test_a_program_may_try_again_what_is_wrong_and_refresh_as_often_as_it_likes(
    address, program, refresh_token, three_guesses
):
    for _ in range(5):
        assert renew(address, program, "taken back").json()["error"] == "invalid_grant"
        assert renew(address, program, refresh_token).status_code == 200


def test_without_valkey_programs_are_answered(address, program, refresh_token, three_guesses, valkey_is_away):
    for number in range(5):
        assert renew(address, program, f"guess {number}").json()["error"] == "invalid_grant"
    assert renew(address, program, refresh_token).status_code == 200


def test_without_valkey_one_can_log_in(served, alice, address, valkey_is_away):
    for _ in range(12):
        assert log_in(address, alice.email).status_code == 200
    assert log_in(address, alice.email, PASS_PHRASE).status_code == 302
