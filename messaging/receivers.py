"""What messaging does when a contact goes."""

from typing import Any

from django.db.models.signals import pre_delete
from django.dispatch import receiver

from config import clock
from crm.models import Contact
from messaging.models import Message
from messaging.states import cancel


@receiver(pre_delete, sender=Contact)
def cancel_what_waits(sender: type[Contact], instance: Contact, **rest: Any) -> None:
    """In the removing transaction; the messages themselves stay, keyed by number (design 10)."""
    waiting = Message.objects.filter(contact=instance)
    cancel(waiting, reason="The contact was removed.", now=clock.now())
