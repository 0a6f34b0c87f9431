"""The people who work here, as an operator adds and changes them."""

from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from core.text import normalize_email
from teams.models import User


@transaction.atomic
def upsert_user(email: str, *, password: str | None = None, now: datetime, **given: Any) -> tuple[User, bool]:
    """Make the user with this email, or change the one there is. Returns them, and whether they are new.

    Raises Django's ValidationError for what does not fit.
    """
    email = normalize_email(email)
    user = User.objects.select_for_update().filter(email__iexact=email).first()
    is_new = user is None
    if user is None:
        if password is None:
            raise ValidationError({"password": "A new user needs one."})
        user = User(email=email, username=email, created_at=now)
    for name, value in given.items():
        setattr(user, name, value)
    if "phone" in given:
        user.confirm_phone(now)  # the operator vouches for it
    user.modified_at = now
    if password is not None:
        validate_password(password, user)
        user.set_password(password)
    user.full_clean()
    user.save()
    return user, is_new
