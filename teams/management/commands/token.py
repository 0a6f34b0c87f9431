"""`./pride token EMAIL`: an access token, alone on stdout."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from oauth.tokens import create_token
from teams.models import Application, User


class Command(BaseCommand):
    help = "Print an access token for a user."
    requires_system_checks = []  # they load the whole web side; `up` has run them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--days", type=days, metavar="N", help="how long it lives, up to ten years (default: nine days)"
        )
        parser.add_argument("--app", metavar="CLIENT_ID", help="the program that is to use it")

    def handle(self, *args: Any, email: str, days: timedelta | None, app: str | None, **options: Any) -> None:
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise CommandError(f"No active user has the email {email}.")
        application = Application.objects.filter(client_id=app).first() if app else None
        if app and application is None:
            raise CommandError(f"There is no application {app}.")
        self.stdout.write(create_token(user, timezone.now(), application, days))  # the life of a token is wall time


def days(text: str) -> timedelta:
    """A life that programs which cannot refresh their token may need."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 3660):
        raise ArgumentTypeError(f"{text} is not a number of days from 1 to 3660")
    return timedelta(days=int(text))
