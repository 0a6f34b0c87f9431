"""`./pride user EMAIL --password P [...]`: add a user, or change one."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from core import clock
from core.errors import DomainError
from messaging.gateways import MaybeSent, NotAccepted
from messaging.phone_numbers import give_number
from teams.models import User
from teams.users import upsert_user


class Command(BaseCommand):
    help = "Add a user, or change the one with this email."
    requires_system_checks = []  # they load the whole web side; `up` has run them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--password")
        parser.add_argument("--first-name")
        parser.add_argument("--last-name")
        parser.add_argument("--phone", help="their own phone, to which alerts go")
        parser.add_argument("--timezone", help="an IANA name such as America/Denver")
        parser.add_argument("--text-number", help="the number the system texts from for them; the sandbox gives one")
        parser.add_argument("--staff", action="store_true", default=None, help="an operator")

    def handle(self, *args: Any, email: str, password: str | None, text_number: str | None, **options: Any) -> None:
        now = clock.now()
        columns = {
            "first_name": options["first_name"],
            "last_name": options["last_name"],
            "phone": options["phone"],
            "timezone": options["timezone"],
            "is_staff": options["staff"],
        }
        given = {name: value for name, value in columns.items() if value is not None}
        try:
            user, is_new = upsert_user(email, password=password, now=now, **given)
        except ValidationError as error:
            raise CommandError(reasons(error)) from error
        try:
            ensure_number(user, text_number, now)
        except (DomainError, NotAccepted, MaybeSent) as error:
            raise CommandError(f"{user.email} was saved, but has no new number to text from: {error}") from error
        number = f", texting from {user.system_phone}" if user.system_phone else ""
        self.stdout.write(f"{'Added' if is_new else 'Changed'} {user.email}{number}.")


def ensure_number(user: User, text_number: str | None, now: datetime) -> None:
    """In the sandbox each user gets a number. Otherwise numbers cost money, so an operator sets them."""
    if text_number:
        give_number(user, number=text_number, now=now)
    elif settings.SANDBOX and not user.system_phone:
        give_number(user, now=now)
    user.refresh_from_db(fields=["system_phone"])


def reasons(error: ValidationError) -> str:
    """All that is wrong, in one line."""
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
