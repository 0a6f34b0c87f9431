"""`./pride app NAME REDIRECT_URI`: register a program that may ask users for access."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from oauth.tokens import create_application
from teams.models import User


class Command(BaseCommand):
    help = "Register an application and print its client id and secret as JSON. The secret is shown this once."
    requires_system_checks = []  # they load the whole web side; `up` has run them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("redirect_uri")
        parser.add_argument("--implicit", action="store_true", help="allow the implicit grant, for old browser clients")
        parser.add_argument(
            "--owner", metavar="EMAIL", help="the owner, who may list the application's users by the API"
        )

    def handle(
        self, *args: Any, name: str, redirect_uri: str, owner: str | None, implicit: bool, **options: Any
    ) -> None:
        user = User.objects.filter(email__iexact=owner).first() if owner else None
        if owner and user is None:
            raise CommandError(f"There is no user {owner}.")
        try:
            client_id, client_secret = create_application(name, redirect_uri, user, is_implicit_allowed=implicit)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(json.dumps({"client_id": client_id, "client_secret": client_secret}))
