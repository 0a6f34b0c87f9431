"""What happens to contacts beyond saving them."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from crm.models import Contact
from crm.signals import contact_changed, contact_removed


def tell_of_change(contact: Contact, changes: Collection[str], *, now: datetime) -> None:
    """Let the apps that follow contacts know which columns were written."""
    contact_changed.send(Contact, contact=contact, changes=frozenset(changes), now=now)


def tell_of_changes(contacts: QuerySet[Contact], changes: Collection[str], *, now: datetime) -> None:
    """The same of many contacts, which are read only if somebody follows them."""
    if contact_changed.has_listeners(Contact):
        for contact in contacts.iterator():
            tell_of_change(contact, changes, now=now)


def hold(contact: Contact) -> None:
    """Keep a contact, which may be on its way out, until this transaction ends; raises DoesNotExist if it is gone."""
    Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)


@transaction.atomic
def remove_contact(contact: Contact, *, now: datetime) -> None:
    """Remove a contact, what hangs below it and what is still to be said to it."""
    # Nobody may hang anything new below it meanwhile.
    Contact.objects.select_for_update().get(pk=contact.pk)
    contact_removed.send(Contact, contact=contact, now=now)
    contact.delete()
