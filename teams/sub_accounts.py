"""Brokers and their sub-accounts.

A user becomes a sub-account only after they accepted an invitation to one of the broker's teams, and may leave again.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from core.errors import Conflict, DomainError, NotAllowed
from teams.models import SubAccount, TeamMember, User


class NotABroker(NotAllowed):
    """Only a broker has sub-accounts: a user who created a team, and is not a sub-account."""


class ForbiddenByBroker(NotAllowed):
    """Your broker does not let you create these."""


class OwnSubAccount(DomainError):
    """user_id: you cannot be your own sub-account."""


class AlreadySubAccount(Conflict):
    """This user is a sub-account already."""


class AlreadyBroker(Conflict):
    """This user is a broker and has sub-accounts."""


def may_have_sub_accounts(user: User) -> bool:
    """Whether `user` is a broker, or may become one."""
    return user.sub_account_id is None and (user.created_teams.exists() or user.sub_accounts.exists())


def eligible_sub_accounts(broker: User) -> QuerySet[User]:
    """Return the users whom `broker` may add: active users who accepted one of the broker's teams or created one."""
    accepted = TeamMember.objects.accepted().filter(team__creator=broker)
    return User.objects.filter(pk__in=accepted.values("user_id"), is_active=True)


@transaction.atomic
def add_sub_account(broker: User, user: User, *, now: datetime, **flags: Any) -> SubAccount:
    """Make `user` a sub-account of `broker`. There is one level, and one broker for each."""
    if user == broker:
        raise OwnSubAccount(errors={"user_id": str(OwnSubAccount.__doc__)})
    # Lock both users in the order of their ids: neither can add the other in the meantime, and no deadlock
    both = User.objects.select_for_update(no_key=True).order_by("pk").in_bulk([broker.pk, user.pk])
    check_one_level(both[broker.pk], both[user.pk])
    sub_account = SubAccount.objects.create(broker_user=broker, created_at=now, **flags)
    user.sub_account = sub_account
    user.save(update_fields=["sub_account"])
    return sub_account


def check_one_level(broker: User, user: User) -> None:
    if not may_have_sub_accounts(broker):
        raise NotABroker
    if user.sub_account is not None:
        is_yours = user.sub_account.broker_user_id == broker.pk
        raise AlreadySubAccount(data={"id": user.sub_account.pk} if is_yours else None)
    if user.sub_accounts.exists():
        raise AlreadyBroker


def require_right(right: str, user: User) -> None:
    """Refuse what the user's broker keeps them from creating; `right` is a flag of SubAccount."""
    if not user.has_right(right):
        raise ForbiddenByBroker
