"""The operator's commands, as `./pride` runs them."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from oauth2_provider.models import AccessToken

from api.schema import EXPLORER_CLIENT_ID
from messaging.models import PhoneNumber
from teams.models import Application, User
from tests.emulator import carrier  # noqa: F401

PASSWORD = "a long pass phrase"


def run(capsys, *arguments):
    call_command(*arguments)
    return capsys.readouterr().out


def refused(*arguments):
    with pytest.raises(CommandError) as refusal:
        call_command(*arguments)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_token_stands_alone_on_stdout_and_works(alice, api, capsys):
    token = run(capsys, "token", "Alice@Example.com").removesuffix("\n")

    assert len(token) == 40
    client = api(None)
    client.headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/me").json()["id"] == alice.pk


def test_a_token_is_for_those_who_work_here(alice):
    assert "nobody@example.com" in refused("token", "nobody@example.com")
    User.objects.update(is_active=False)
    assert "alice@example.com" in refused("token", "alice@example.com")


def test_a_token_lives_as_long_as_is_asked_for_by_the_program_it_is_for(alice, capsys):
    program = json.loads(run(capsys, "app", "Old Forms", "https://app.example.com/callback"))["client_id"]
    run(capsys, "token", "alice@example.com", "--days", "365", "--app", program)

    token = AccessToken.objects.get()
    assert token.application.client_id == program
    assert timedelta(days=364) < token.expires - timezone.now() <= timedelta(days=365)


@pytest.mark.parametrize("wrong", [("--days", "0"), ("--days", "3661"), ("--days", "soon"), ("--app", "nobody")])
def test_a_token_for_no_time_or_no_program_is_refused(alice, wrong):
    assert wrong[1] in refused("token", "alice@example.com", *wrong)
    assert not AccessToken.objects.exists()


def test_an_application_is_registered(db, capsys):
    made = json.loads(run(capsys, "app", "Bit Builder", "https://app.example.com/callback"))

    assert made.keys() == {"client_id", "client_secret"}
    application = Application.objects.get(client_id=made["client_id"])
    assert application.redirect_uris == "https://app.example.com/callback"
    assert made["client_secret"] not in application.client_secret
    assert not application.is_implicit_allowed


def test_an_application_may_be_allowed_the_implicit_grant(db, capsys):
    made = json.loads(run(capsys, "app", "Old Page", "https://app.example.com/callback", "--implicit"))
    assert Application.objects.get(client_id=made["client_id"]).is_implicit_allowed


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "nowhere", "", "https://app.example.com/#fragment"])
def test_an_application_needs_somewhere_to_return_to(db, uri):
    assert refused("app", "Bit Builder", uri)
    assert not Application.objects.exclude(client_id=EXPLORER_CLIENT_ID).exists()


def test_a_user_is_added_and_given_a_number_by_the_sandbox(carrier, capsys, api):  # noqa: F811
    line = run(
        capsys, "user", "erin@example.com", "--password", PASSWORD, "--first-name", "Erin", "--last-name", "Example",
        "--phone", "(949) 555-0115", "--timezone", "America/Denver", "--staff",
    )  # fmt: skip

    erin = User.objects.get()
    assert (erin.email, erin.username) == ("erin@example.com", "erin@example.com")
    assert (erin.get_full_name(), erin.phone_e164, erin.timezone) == ("Erin Example", "+19495550115", "America/Denver")
    assert erin.is_staff
    assert erin.check_password(PASSWORD)
    assert PhoneNumber.objects.get().user == erin
    assert line == f"Added erin@example.com, texting from {erin.system_phone}.\n"


def test_a_user_who_exists_is_changed_and_keeps_what_is_not_named(carrier, capsys):  # noqa: F811
    run(capsys, "user", "erin@example.com", "--password", PASSWORD, "--first-name", "Erin", "--staff")
    number = User.objects.get().system_phone

    line = run(capsys, "user", "ERIN@example.com", "--last-name", "Sample")

    erin = User.objects.get()
    assert erin.get_full_name() == "Erin Sample"
    assert erin.is_staff
    assert erin.check_password(PASSWORD)
    assert line == f"Changed erin@example.com, texting from {number}.\n"


def test_a_user_may_be_given_a_number_of_their_own(carrier, capsys):  # noqa: F811
    run(capsys, "user", "erin@example.com", "--password", PASSWORD, "--text-number", "(949) 555-0177")
    assert User.objects.get().system_phone == "+19495550177"

    assert "has no new number" in refused(
        "user", "frank@example.com", "--password", PASSWORD, "--text-number", "(949) 555-0177"
    )
    assert "12" in refused("user", "erin@example.com", "--text-number", "12")
    assert User.objects.get(email="erin@example.com").system_phone == "+19495550177"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("no address", "--password", PASSWORD), "email"),
        (("erin@example.com",), "password"),
        (("erin@example.com", "--password", "short"), "password"),
        (("erin@example.com", "--password", PASSWORD, "--timezone", "Mars/Olympus"), "timezone"),
        (("erin@example.com", "--password", PASSWORD, "--phone", "5" * 300), "phone"),
        (("erin@example.com", "--password", PASSWORD, "--phone", "12"), "phone"),
    ],
)
def test_a_user_who_cannot_be_is_refused_in_one_line(db, arguments, named):
    assert named in refused("user", *arguments).lower()
    assert not User.objects.exists()


def test_a_user_with_a_picture_as_clients_write_it_can_be_changed(alice, api, carrier, capsys):  # noqa: F811
    api(alice).patch("/me", {"profile_picture": "www.example.com/alice.jpeg"})

    assert run(capsys, "user", "alice@example.com", "--last-name", "Sample").startswith("Changed")


@pytest.mark.parametrize("password", ["password123", "0123456789123", "erin@example.com", "short"])
def test_a_password_that_is_easily_guessed_is_refused(db, password):
    assert "password" in refused("user", "erin@example.com", "--password", password)
    assert not User.objects.exists()
