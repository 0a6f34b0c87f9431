"""`./pride app NAME REDIRECT_URI`: register a program that may ask users for access."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from config.api.tokens import make_application


class Command(BaseCommand):
    help = "Register an application and print its client id and secret as JSON. The secret is shown this once."
    requires_system_checks = []  # they load the whole web side; `up` has run them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("redirect_uri")

    def handle(self, *args: Any, name: str, redirect_uri: str, **options: Any) -> None:
        try:
            client_id, client_secret = make_application(name, redirect_uri)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(json.dumps({"client_id": client_id, "client_secret": client_secret}))
