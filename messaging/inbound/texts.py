"""Texts that come in: each is stored once, and goes to the first who takes it."""

import logging
import re
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from core.db.literals import nonempty
from core.phone_numbers import e164
from crm.models import Contact
from crm.sources import get_or_create_source
from messaging import consent, message_factory, outbox
from messaging.gateways import Inbound
from messaging.inbound.automatic_replies import automatic_kind, quoted
from messaging.inbound.handlers import inbound_text_handlers
from messaging.inbound.keywords import Keyword, Wish, keyword, wish_to_stop
from messaging.models import Message, MessageQuerySet, PhoneNumber
from messaging.signals import text_received
from teams.models import User

logger = logging.getLogger(__name__)

NUMBER = re.compile(r"\+?[0-9]{3,15}")  # short codes, too
MAX_NAMESAKES = 50  # contacts with one number that are considered
SOURCE = "Text"  # of contacts who texted in
HELP = (
    "This number sends lead alerts. To claim a lead, reply with the number in its text, such as 7. "
    "To decline it, reply with that number and no, such as 7 no."
)
# A phone that answers by itself must not be answered for ever: at most so many explanations within so long.
MAX_HELPS = {timedelta(hours=1): 5, timedelta(days=1): 20}
MAX_SENT = 20  # of our latest texts to a phone: a reaction may quote one of them


@transaction.atomic
def receive(text: Inbound, now: datetime) -> Message | None:
    """Store a text and let the first who can take it; None when we have it already, or it is not for us."""
    _one_at_a_time(text.sender)
    if Message.objects.filter(
        nonempty("provider_sid"), channel=Message.Channel.TEXT, provider_sid=text.provider_sid
    ).exists():
        return None
    meaning = _keyword(text)
    ours = PhoneNumber.objects.filter(number__in=(text.sender, text.recipient)).select_related("user")
    users = {number.number: number.user for number in ours} | {settings.ALERT_NUMBER: None}
    if text.recipient not in users and meaning is None:
        logger.warning("Text %s was sent to an unknown number", text.provider_sid)
        return None
    if text.sender in users:
        logger.warning("Text %s came from one of our own numbers", text.provider_sid)
        return None
    message = _store(text, users.get(text.recipient), now)
    if meaning is not None:
        _obey(meaning, message, now)
        return message
    wish = _note_wish(message, now)
    if message.automatic and wish is None:
        _keep_automatic(message, now)
    elif wish is Wish.CLEAR or not _is_taken(message, now):
        _deliver(message, wish, now)
    return message


def _one_at_a_time(sender: str) -> None:
    """Two texts of a new sender at the same time must make one contact, and a replay must make no second message."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [sender])


def _keyword(text: Inbound) -> Keyword | None:
    """What the text asks for, if it is a keyword; the provider's reading of it comes first."""
    if not NUMBER.fullmatch(text.sender):
        return None  # a name or another channel's address: it cannot receive texts
    if text.opt_out_type in Keyword.__members__:
        return Keyword[text.opt_out_type]
    meaning = keyword(text.body, is_opted_out=True)
    is_yes = meaning is not None and keyword(text.body) is None
    return None if is_yes and not consent.state_of(text.sender).opted_out else meaning


def _store(text: Inbound, user: User | None, now: datetime) -> Message:
    return Message.objects.create(
        channel=Message.Channel.TEXT,
        purpose=Message.Purpose.INBOUND,
        status=Message.Status.RECEIVED,
        user=user,
        contact=_held(_contact_of(text, user)),
        sender=text.sender,
        recipient=text.recipient,
        body=text.body,
        automatic=automatic_kind(text.body, _sent_to(text) if quoted(text.body) else ()),
        media=list(text.media),
        provider_sid=text.provider_sid,
        created_at=now,
        modified_at=now,
        not_before=now,
        settled_at=now,
    )


def _contact_of(text: Inbound, user: User | None) -> Contact | None:
    """Return the contact who texts: of several with the number, the one whom we texted last from the number replied to.

    Otherwise the user's own contact comes before one they see and any other; then mobile before home before office.
    """
    number = text.sender
    known = list(Contact.objects.reached_at(number).order_by("-pk")[:MAX_NAMESAKES]) if e164(number) else []
    if len(known) < 2:
        return known[0] if known else None
    if texted := last_texted(number, text.recipient):
        return texted
    visible: set[int] = set()
    if user is not None:
        seen = Contact.objects.visible_to(user).filter(pk__in=[contact.pk for contact in known])
        visible = set(seen.values_list("pk", flat=True))
    return min(known, key=lambda contact: (*_distance(contact, user, visible), contact.rank_of(number)))


def _sent_to(text: Inbound) -> list[str]:
    """Return our latest texts to this handset from the number it texts, the latest first."""
    ours = Message.objects.filter(recipient=text.sender, sender=text.recipient, contact__isnull=False)
    return list(ours.order_by("-pk").values_list("body", flat=True)[:MAX_SENT])


def last_texted(number: str, ours: str) -> Contact | None:
    """Return the contact whom we texted last at this number from that number of ours, if it is still their number."""
    texts = Message.objects.filter(recipient=number, sender=ours, contact__isnull=False, channel=Message.Channel.TEXT)
    left = texts.exclude(status__in=(*Message.WAITING, Message.Status.CANCELLED, Message.Status.FAILED))
    latest = left.order_by("-pk").values_list("contact", flat=True).first()
    return Contact.objects.filter(pk=latest).reached_at(number).first() if latest else None


def _distance(contact: Contact, user: User | None, visible: Collection[int]) -> tuple[bool, ...]:
    """Sort the contacts a user works with first, then those they own, then those they see."""
    if user is None:
        return ()
    return contact.worker_id != user.pk, contact.owner_user_id != user.pk, contact.pk not in visible


def _held(contact: Contact | None) -> Contact | None:
    """Lock the contact, so that it cannot be removed before the text is stored. None if it was removed just before."""
    return contact and Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk).first()


def _obey(meaning: Keyword, message: Message, now: datetime) -> None:
    """Switch texts to the number off or on, for the whole installation. Twilio itself answers, also to HELP."""
    if meaning is Keyword.STOP:
        consent.opt_out(message.sender, source="text", words=message.body, message=message, now=now)
    elif meaning is Keyword.START:
        consent.opt_in(message.sender, source="text", words=message.body, message=message, now=now)


def _note_wish(message: Message, now: datetime) -> Wish | None:
    """Obey a wish to stop in the sender's own words; where it only may be one, suspend automatic texts to a client."""
    is_quotation = message.automatic == Message.Automatic.REACTION  # the words are ours
    wish = None if is_quotation else wish_to_stop(message.body)
    if e164(message.sender) != message.sender:
        return wish  # another channel's address, which has no place in the ledger
    if wish is Wish.CLEAR:
        consent.opt_out(message.sender, source="text", words=message.body, message=message, now=now)
    elif wish is Wish.DOUBTFUL and not consent.state_of(message.sender).suspended:
        consent.suspend(message.sender, source="text", words=message.body, message=message, now=now)
    return wish


def _keep_automatic(message: Message, now: datetime) -> None:
    """Keep what no person wrote: no reply, no lead, no answer to it. A stranger may be a person in spite of it."""
    is_stranger = message.contact is None and _user_at(message.sender) is None
    if is_stranger and message.automatic == Message.Automatic.AUTO_REPLY:
        _deliver(message, None, now)


def _is_taken(message: Message, now: datetime) -> bool:
    """Whether a registered handler takes the text. The first that does is the last that is asked."""
    return any(handle(message, now) for handle in inbound_text_handlers)


def _deliver(message: Message, wish: Wish | None, now: datetime) -> None:
    """Assign the text to its contact. A new sender becomes a contact.

    A user may share a phone with a contact: the contact, or an opt-out, comes first.
    """
    if message.contact is not None:
        text_received.send(Message, message=message, contact=message.contact, is_new=False, now=now)
    elif wish is Wish.CLEAR:
        logger.info("Message %s is stored; its sender is not a contact and has opted out", message.pk)
    elif user := _user_at(message.sender):
        _explain(user, now)
    elif message.user is not None and e164(message.sender):
        message.contact = _welcome(message.sender, message.user, now)
        message.save(update_fields=["contact"])
        text_received.send(Message, message=message, contact=message.contact, is_new=True, now=now)
    else:
        logger.warning("Message %s is stored; its number belongs to no user", message.pk)


def _welcome(number: str, owner: User, now: datetime) -> Contact:
    """Make a contact of a stranger, whose name so far is their number."""
    source, _ = get_or_create_source(SOURCE, owner)
    return Contact.objects.create(
        owner_user=owner,
        first_name=number,
        mobile_phone=number,
        source=source,
        created_at=now,
        modified_at=now,
    )


def _user_at(number: str) -> User | None:
    mine = User.objects.filter(nonempty("confirmed_phone"), confirmed_phone=number, is_active=True)
    return mine.first() if number else None


def _explain(user: User, now: datetime) -> None:
    """Answer a text of one of our users that was not understood, within MAX_HELPS."""
    for period, limit in MAX_HELPS.items():
        if messages_since(user, now - period).filter(body=HELP)[:limit].count() == limit:
            return
    outbox.queue_messages([message_factory.alert_text(user, HELP, now)], now)


def messages_since(user: User, moment: datetime) -> MessageQuerySet:
    """Return a user's messages since then, by an index: few, however many they have."""
    return Message.objects.filter(user=user, created_at__gt=moment)
