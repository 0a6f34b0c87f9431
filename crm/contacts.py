"""What happens to contacts beyond saving them."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from crm.models import Contact
from crm.signals import contact_changed, contact_removed


def tell_of_change(contacts: Iterable[Contact], changes: Collection[str], *, now: datetime) -> None:
    """Let the apps that follow contacts know which columns were written; a query is read only by who asks it."""
    contact_changed.send(Contact, contacts=contacts, changes=frozenset(changes), now=now)


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
