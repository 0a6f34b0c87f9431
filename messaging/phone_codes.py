"""Confirms a user's phone: a code is texted to it, and the user enters the code.

Until then a phone is only what the user typed, and may belong to another person.
"""

import math
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from core.errors import Conflict, DomainError
from core.reasons import reason_text
from messaging import message_factory, outbox
from messaging.send_policy import evaluate, rules
from teams.eligibility import SkipReason
from teams.models import PhoneCode, User

DIGITS: Final = 6
LIFETIME: Final = timedelta(minutes=15)
KEPT: Final = timedelta(days=2)  # longer than MAX_CODES counts
MAX_TRIES: Final = 5  # of one code
# Codes for one user, and codes to one number, whose owner may have asked for none of them. With MAX_TRIES they bound
# guessing: 50 tries a day, one chance in 20,000.
MAX_CODES: Final = {timedelta(hours=1): 3, timedelta(days=1): 10}
TEXT: Final = (
    "{code} is your Pridedesk code. It confirms this phone for {minutes} minutes. If you did not request it, ignore it."
)


class NoPhone(DomainError):
    """You have no phone to confirm: set yours first."""

    def __init__(self) -> None:
        super().__init__(data={"code": SkipReason.NO_PHONE})


class PhoneIsConfirmed(Conflict):
    """Your phone is already confirmed."""

    def __init__(self) -> None:
        super().__init__(data={"code": "phone_already_confirmed"})


class CodeNotSent(DomainError):
    """No code can be texted to your phone."""


class TooManyCodes(DomainError):
    """Too many codes were requested for this user or this number."""

    status = 429

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait.total_seconds()
        minutes = math.ceil(self.wait / 60)
        super().__init__(
            f"Too many codes were requested: try again in {minutes} minutes.", data={"code": "too_many_codes"}
        )


class NoOpenCode(Conflict):
    """There is no code to confirm: it has expired or was tried too often. Request another one."""

    def __init__(self) -> None:
        super().__init__(data={"code": "no_open_code"})


class WrongCode(DomainError):
    """The code is wrong."""

    def __init__(self, tries_left: int) -> None:
        message = f"code is not the one that was texted to your phone. Tries left: {tries_left}."
        super().__init__(message, errors={"code": message}, data={"code": "wrong_code", "tries_left": tries_left})


@transaction.atomic
def send_code(user: User, now: datetime) -> PhoneCode:
    """Text a new code to the user's phone; earlier codes end.

    Raises NoPhone, PhoneIsConfirmed, TooManyCodes, or CodeNotSent where the gate refuses the text.
    """
    user = lock_unconfirmed(user)
    lock_number(user.phone_e164)
    refuse_too_many(user, now)
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    body = TEXT.format(code=digits, minutes=LIFETIME // timedelta(minutes=1))
    text = message_factory.code_text(user, body, now, valid_until=now + LIFETIME)
    (verdict,) = evaluate.judge([text], now)
    if verdict.kind == rules.REFUSE and verdict.reason:
        raise CodeNotSent(reason_text(*verdict.reason), data=verdict.reason.as_json())
    code = PhoneCode.objects.create(
        user=user,
        number=user.phone_e164,
        code_hash=hash_of(user, digits),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    outbox.queue_messages([text], now)
    return code


def confirm_phone(user: User, digits: str, now: datetime) -> User:
    """Confirm the user's phone by the code that was texted to it; return the user as changed.

    Raises NoPhone, PhoneIsConfirmed, NoOpenCode, or WrongCode, whose try is counted all the same.
    """
    outcome = try_code(user, digits, now)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


@transaction.atomic
def try_code(user: User, digits: str, now: datetime) -> User | DomainError:
    """Count a try, and confirm the phone if it is right. An error is returned: raised, it would undo the count."""
    user = lock_unconfirmed(user)
    code = open_code(user, now)
    if code is None:
        return NoOpenCode()
    code.tries += 1
    is_right = constant_time_compare(code.code_hash, hash_of(user, digits))
    if is_right:
        code.expires_at = now
        user.confirm_phone(now)
        user.modified_at = now
        user.save(update_fields=["phone", "modified_at"])
    code.save(update_fields=["tries", "expires_at"])
    return user if is_right else WrongCode(MAX_TRIES - code.tries)


def open_code(user: User, now: datetime) -> PhoneCode | None:
    """The code that would confirm the user's phone, while it may still be tried."""
    latest = user.phone_codes.order_by("-pk").first()
    if latest is None or latest.number != user.phone_e164:
        return None
    return latest if latest.expires_at > now and latest.tries < MAX_TRIES else None


def lock_unconfirmed(user: User) -> User:
    """Lock the user, read again. Raises NoPhone or PhoneIsConfirmed where there is nothing to confirm."""
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not locked.phone_e164:
        raise NoPhone
    if locked.confirmed_phone:
        raise PhoneIsConfirmed
    return locked


def lock_number(number: str) -> None:
    """Of several users who request a code to one number, let one after the other be counted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [number])


def refuse_too_many(user: User, now: datetime) -> None:
    if wait := max(waits(user, now), default=None):
        raise TooManyCodes(wait)


def waits(user: User, now: datetime) -> Iterator[timedelta]:
    """How long each limit that is reached stays reached."""
    for codes in (user.phone_codes.all(), PhoneCode.objects.filter(number=user.phone_e164)):
        for period, limit in MAX_CODES.items():
            times = (
                codes.filter(created_at__gt=now - period).order_by("-created_at").values_list("created_at", flat=True)
            )
            for oldest in times[limit - 1 : limit]:
                yield oldest + period - now


def hash_of(user: User, digits: str) -> str:
    """Return a hash keyed by SECRET_KEY, since all codes can be tried in a moment, and by the user and the number."""
    return salted_hmac("phone code", f"{user.pk}:{user.phone_e164}:{digits}", algorithm="sha256").hexdigest()


def remove_old_codes() -> int:
    """Remove codes that are no longer counted. Return how many."""
    return PhoneCode.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
