"""Where contacts come from: routing knows a source by its name alone, so a user has each name once."""

from core.db.lookups import lowered
from core.errors import DomainError
from crm.models import ContactSource
from teams.models import User


class NameTaken(DomainError):
    """You have a contact source of this name already."""


def get_or_create_source(name: str, user: User) -> tuple[ContactSource, bool]:
    """The user's source of this name, ignoring case, and whether it is new."""
    return ContactSource.objects.get_or_create(user=user, name__lower=lowered(name), defaults={"name": name})


def check_name_available(source: ContactSource, name: str) -> None:
    """Refuse to call a source as another of its user's is called."""
    others = ContactSource.objects.filter(user=source.user_id, name__lower=lowered(name)).exclude(pk=source.pk)
    if other := others.first():
        raise NameTaken(errors={"name": str(NameTaken.__doc__)}, data={"id": other.pk})
