"""Log-in by email."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from core.text import normalize_email
from teams.models import User


class EmailBackend(ModelBackend):
    """Logs users in by email, in any case."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        user = User.objects.filter(email__iexact=normalize_email(username)).first() if username else None
        if user is None or password is None:
            User().set_password(
                password or ""
            )  # as slow as a wrong password, so that response times do not show which users exist
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None
