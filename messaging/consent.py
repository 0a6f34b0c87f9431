"""What the owner of a number allowed: an append-only ledger, folded into a state when it is read.

Opt-outs and consent are separate: START lifts a STOP and grants no consent, and an inquiry grants consent without
lifting a STOP.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from core.reasons import Reason
from core.scheduler import trigger
from crm.models import Contact
from messaging.message_store import cancel
from messaging.models import Consent, Message
from messaging.reasons import SendReason

Kind = Consent.Kind

OPTED_OUT = Reason(SendReason.OPTED_OUT)


@dataclass(frozen=True, slots=True)
class State:
    """The fold of a number's ledger."""

    opted_out: bool = False
    granted: bool = False
    suspended: bool = False  # until a person has read what may be an opt-out


NOTHING_KNOWN = State()

FOLD = """
SELECT number,
       coalesce((array_agg(kind ORDER BY id DESC) FILTER (WHERE kind IN ('opted_out', 'opted_in')))[1]
                = 'opted_out', false),
       bool_or(kind = 'granted'),
       coalesce((array_agg(kind ORDER BY id DESC) FILTER (WHERE kind <> 'granted'))[1] = 'suspended', false)
FROM messaging_consent WHERE number = ANY(%s) GROUP BY number
"""

# Every lead writes it: as a bulk_create it took three times as long.
GRANT = """
INSERT INTO messaging_consent (number, kind, source, words, contact_id, created_at)
SELECT number, 'granted', %s, %s, %s, %s FROM unnest(%s::text[]) AS number
"""


def states_of(numbers: Collection[str]) -> dict[str, State]:
    """The present state of each of these numbers (E.164), in one query."""
    states = dict.fromkeys(numbers, NOTHING_KNOWN)
    if not states:
        return states
    with connection.cursor() as cursor:
        cursor.execute(FOLD, [list(states)])
        states |= {number: State(*state) for number, *state in cursor.fetchall()}
    return states


def state_of(number: str) -> State:
    """The present state of one number."""
    return states_of([number])[number]


def opted_out_among(numbers: Collection[str]) -> set[str]:
    """Those of these numbers that want no texts."""
    return {number for number, state in states_of(numbers).items() if state.opted_out}


def grant(numbers: Sequence[str], source: str, words: str, contact: Contact | None, now: datetime) -> None:
    """Note that the person behind these numbers agreed to be texted; `source` and `words` are the evidence."""
    given = [number for number in dict.fromkeys(numbers) if number]
    if given:
        with connection.cursor() as cursor:
            cursor.execute(GRANT, [source[:255], words, contact.pk if contact else None, now, given])


def opt_out(number: str, *, source: str, now: datetime, words: str = "", message: Message | None = None) -> Consent:
    """Record an opt-out of this number from texts and calls of all users, and cancel its pending messages."""
    with transaction.atomic():
        row = _note(Kind.OPTED_OUT, number, source, now, words, message)
        to_it = Message.objects.filter(channel__in=Message.BY_NUMBER, recipient=number)
        cancel(to_it, reason=OPTED_OUT, now=now)
    return row


def opt_in(number: str, *, source: str, now: datetime, words: str = "", message: Message | None = None) -> None:
    """Record an opt-in. It lifts an opt-out and nothing else."""
    _note(Kind.OPTED_IN, number, source, now, words, message)


def suspend(number: str, *, source: str, now: datetime, words: str = "", message: Message | None = None) -> None:
    """Hold automatic texts to this number until a person has read what may be an opt-out."""
    _note(Kind.SUSPENDED, number, source, now, words, message)


def resume(number: str, *, source: str, now: datetime) -> Consent:
    """Note that a person has read it and found no opt-out, and let what was held be judged again now."""
    with transaction.atomic():
        row = _note(Kind.RESUMED, number, source, now, "", None)
        held = Message.objects.filter(channel=Message.Channel.TEXT, recipient=number, status=Message.Status.HELD)
        held.update(not_before=now, modified_at=now)
    trigger("messaging.outbox")
    return row


def _note(kind: Kind, number: str, source: str, now: datetime, words: str, message: Message | None) -> Consent:
    # The message refers to the contact. A reference here would wait for the contact's lock while messages are locked.
    return Consent.objects.create(
        number=number,
        kind=kind,
        source=source[:255],
        words=words,
        message=message,
        created_at=now,
    )
