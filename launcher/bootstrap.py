"""Brings the database up to date and, in the sandbox, sees to the demo account. `up` runs it as one process."""

import hashlib
import io
import secrets
import socket
import sys
import time
from contextlib import suppress

import django
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from launcher.data_dir import Home, write_json

EMAIL = "demo@example.com"
PATIENCE = 60  # seconds


def main(base_url: str) -> None:
    """Migrate, then write the demo account for users who try the service at `base_url`."""
    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0)
        if settings.SANDBOX:
            home = Home(settings.PRIDE_HOME)
            urls = {"base_url": base_url, "public_url": settings.PUBLIC_URL}
            write_json(home.demo_file, urls | demo_account(home.demo))
    except OperationalError as error:
        sys.exit(f"pride: PostgreSQL: {error}")
    except CommandError as error:
        sys.exit(f"pride: {error}")


def demo_account(known: dict[str, str]) -> dict[str, str]:
    """The demo account and a token that works: the known ones as long as they do."""
    password = known.get("password") or secrets.token_urlsafe(9)
    user = get_user_model()._default_manager.filter(email__iexact=EMAIL).first()
    if user is None or not user.check_password(password):
        wait_for_emulator()  # it sells the new user a number
        demo = ["--first-name", "Demo", "--last-name", "Agent", "--staff"]
        call_command("user", EMAIL, f"--password={password}", *demo, stdout=io.StringIO())
    token = known.get("access_token", "")
    return {
        "email": EMAIL,
        "password": password,
        "access_token": token if is_valid(token) else new_token(),
        "twilio_account_sid": settings.TWILIO_ACCOUNT_SID,
        "twilio_auth_token": settings.TWILIO_AUTH_TOKEN,
    }


def wait_for_emulator() -> None:
    """It was started a moment ago."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", settings.EMULATOR_PORT)):
            return
        time.sleep(0.1)


def is_valid(token: str) -> bool:
    """Whether a token given out earlier still opens the door."""
    checksum = hashlib.sha256(token.encode()).hexdigest()
    tokens = apps.get_model("oauth2_provider", "AccessToken").objects
    return bool(tokens.filter(token_checksum=checksum, user__email__iexact=EMAIL, expires__gt=timezone.now()).exists())


def new_token() -> str:
    """Create another token, by the usual command."""
    printed = io.StringIO()
    call_command("token", EMAIL, stdout=printed)
    return printed.getvalue().strip()


if __name__ == "__main__":
    main(sys.argv[1])
