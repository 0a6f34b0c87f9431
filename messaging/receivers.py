"""What messaging does when a contact goes."""

from typing import Any

from django.db.models.signals import pre_delete
from django.dispatch import receiver

from config import clock
from crm.models import Contact
from crm.signals import contact_removed
from messaging.models import Message
from messaging.states import cancel


@receiver(contact_removed)
def hold_what_left(sender: type[Contact], contact: Contact, **news: Any) -> None:
    """Before all that hangs on messages, and before those that wait: so does whoever writes what came of them."""
    left = Message.objects.filter(contact=contact).exclude(status__in=Message.WAITING)
    list(left.order_by("pk").select_for_update(no_key=True).values_list("pk"))


@receiver(pre_delete, sender=Contact)
def cancel_what_waits(sender: type[Contact], instance: Contact, **rest: Any) -> None:
    """In the removing transaction; the messages themselves stay, keyed by number (design 10)."""
    waiting = Message.objects.filter(contact=instance)
    cancel(waiting, reason="The contact was removed.", now=clock.now())
