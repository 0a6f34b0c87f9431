"""What happens to contacts beyond saving them."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from core.errors import NotAllowed
from crm.models import Contact
from crm.signals import contact_changed, contact_removed
from teams.models import User


class NotYoursToAssign(NotAllowed):
    """assigned_user_id: only the contact's owner and its assigned user may change this."""


def check_assignment(contact: Contact, to: User | None, *, by: User) -> None:
    """Raise NotYoursToAssign unless nothing changes or `by` may assign the contact."""
    if to != contact.assigned_user and not contact.may_be_assigned_by(by):
        raise NotYoursToAssign(errors={"assigned_user_id": str(NotYoursToAssign.__doc__)})


def send_contacts_changed(contacts: Iterable[Contact], changes: Collection[str], *, now: datetime) -> None:
    """Let the apps that follow contacts know which columns were written; a query is read only by who asks it."""
    contact_changed.send(Contact, contacts=contacts, changes=frozenset(changes), now=now)


def lock_contact(contact: Contact) -> None:
    """Keep a contact, which may be on its way out, until this transaction ends; raises DoesNotExist if it is gone."""
    Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)


@transaction.atomic
def remove_contact(contact: Contact, *, now: datetime) -> None:
    """Remove a contact, its records and all pending messages to it."""
    # The lock keeps other transactions from adding records to the contact in the meantime.
    Contact.objects.select_for_update().get(pk=contact.pk)
    contact_removed.send(Contact, contact=contact, now=now)
    contact.delete()
