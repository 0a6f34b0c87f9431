"""The numbers we text from: given to users, one each, known to the provider."""

from datetime import datetime

from django.db import transaction

from core.errors import Conflict, DomainError
from core.phone_numbers import e164
from messaging.gateways import text_gateway
from messaging.models import PhoneNumber
from teams.models import User


class NoSuchNumber(DomainError):
    """This is not a phone number."""


class NumberInUse(Conflict):
    """Another user texts from this number."""


def give_number(user: User, *, number: str = "", now: datetime) -> PhoneNumber:
    """Let `user` text from `number`, bought from the provider if needed. Without `number`: from any that is for sale.

    Their previous number is kept without a user, and texts to it are still stored.
    """
    wanted = e164(number)
    if number and not wanted:
        raise NoSuchNumber(f"{number[:50]} is not a phone number.", errors={"number": "is not a phone number."})
    if wanted:
        _refuse_if_taken(wanted, user)
    taken, provider_sid = text_gateway().take_number(wanted)
    with transaction.atomic():
        _refuse_if_taken(taken, user)
        PhoneNumber.objects.filter(user=user).exclude(number=taken).update(user=None)
        phone_number, _ = PhoneNumber.objects.update_or_create(
            number=taken,
            defaults={"user": user, "provider_sid": provider_sid},
            create_defaults={"user": user, "provider_sid": provider_sid, "created_at": now},
        )
        user.system_phone, user.modified_at = taken, now
        user.save(update_fields=["system_phone", "modified_at"])
    return phone_number


def _refuse_if_taken(number: str, user: User) -> None:
    if PhoneNumber.objects.filter(number=number, user__isnull=False).exclude(user=user).exists():
        raise NumberInUse
