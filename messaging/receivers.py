"""What messaging does on events of the apps below, and what it registers there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models.signals import pre_delete
from django.dispatch import receiver

from core import clock
from core.cleanup import cleanup_steps
from core.reasons import Reason
from crm.models import Contact
from crm.signals import contact_removed
from messaging import message_factory, outbox
from messaging.consent import opted_out_among
from messaging.message_store import cancel
from messaging.models import Message
from messaging.phone_codes import remove_old_codes
from messaging.reasons import SendReason
from messaging.signals import messages_settled
from teams.models import TeamMember, User
from teams.opt_outs import opt_out_lookups
from teams.signals import member_invited

opt_out_lookups.register(opted_out_among)
cleanup_steps.register(remove_old_codes)

MASKED_CODE = "(A code that confirms a phone.)"
INVITATION = """{by} ({by.email}) invites you to the team {team}. If you accept, you can be offered the team's leads.

             Open this page to accept or decline with "Request status".

             {page}"""


@receiver(contact_removed)
def hold_what_left(sender: type[Contact], contact: Contact, **news: Any) -> None:
    """Lock contacts before their messages, as the writers of delivery results do."""
    left = Message.objects.filter(contact=contact).exclude(status__in=Message.WAITING)
    list(left.order_by("pk").select_for_update(no_key=True).values_list("pk"))


@receiver(pre_delete, sender=Contact)
def cancel_what_waits(sender: type[Contact], instance: Contact, **rest: Any) -> None:
    """In the removing transaction; the messages themselves stay, keyed by number."""
    waiting = Message.objects.filter(contact=instance)
    cancel(waiting, reason=Reason(SendReason.REMOVED), now=clock.now())


@receiver(messages_settled)
def mask_codes(sender: type[Message], messages: Sequence[Message], **rest: Any) -> None:
    """A code that was sent, or will not be, is needed no longer: a backup or a report must not show it."""
    if codes := [message.pk for message in messages if message.purpose == Message.Purpose.CODE]:
        Message.objects.filter(pk__in=codes).update(body=MASKED_CODE)


@receiver(member_invited)
def mail_invitation(*, member: TeamMember, by: User, now: datetime, **rest: Any) -> None:
    """By the outbox, in the inviting transaction: a mail server that is away delays it and loses nothing."""
    if member.user.email:
        page = f"{settings.PUBLIC_URL}/admin/teams/teammember/{member.pk}/change/"
        words = INVITATION.format(by=by, team=member.team, page=page)
        email = message_factory.alert_email(member.user, f"{by} invites you to the team {member.team}", words, now)
        outbox.queue_messages([email], now)
