"""`./pride token EMAIL`: an access token, alone on stdout."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.api.tokens import mint_token
from teams.models import User


class Command(BaseCommand):
    help = "Print an access token for a user."
    requires_system_checks = []  # they load the whole web side; `up` has run them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise CommandError(f"No active user has the email {email}.")
        self.stdout.write(mint_token(user, timezone.now()))  # the life of a token is wall time
