"""Calls by Twilio Voice: making and looking them up, their texts (TwiML), and their callbacks.

An answering machine may answer. Detecting one costs money and seconds of silence, so the text of a call contains
nothing confidential, and only a person presses a key.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, SubElement, tostring

from django.conf import settings

from core.reasons import Reason
from messaging.gateways import CannotTell, Receipt
from messaging.gateways.twilio import (
    CLOCKS_DIFFER,
    MAX_SID,
    MAX_WORD,
    claimed,
    client,
    field,
    made_since,
    our_id,
    translated,
)
from messaging.models import Message
from messaging.reasons import CallReason

Status = Message.Status

RING_SECONDS: Final = 30  # then most mailboxes would answer
TURNS: Final = 2  # how often the text is repeated if no key, or a key without a handler, is pressed
KEY_SECONDS: Final = 6  # of silence in which a key may still come
LONGEST: Final = 4000  # characters of one <Say>; Twilio refuses 4,097
GOODBYE: Final = "Goodbye."
TOLD: Final = ["initiated", "ringing", "answered", "completed"]  # otherwise Twilio reports only the end

# XML 1.0 cannot contain these characters.
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Stage(NamedTuple):
    """What one of Twilio's words for a call's status is to us."""

    progress: int  # statuses only move to a higher one
    status: str
    reason: CallReason | None = None


STAGES: Final = {
    "queued": Stage(1, Status.SENT),
    "initiated": Stage(2, Status.SENT),
    "ringing": Stage(3, Status.SENT),
    "in-progress": Stage(4, Status.DELIVERED),
    "completed": Stage(5, Status.DELIVERED),
    "busy": Stage(5, Status.UNDELIVERED, CallReason.BUSY),
    "no-answer": Stage(5, Status.UNDELIVERED, CallReason.NO_ANSWER),
    "failed": Stage(5, Status.FAILED, CallReason.FAILED),
    "canceled": Stage(5, Status.CANCELLED, CallReason.CANCELLED),
}


class TwilioVoice:
    """Calls by Twilio's REST API, or by the sandbox's emulation of it."""

    # In flight per thread. After a kill one call is unknown, so that its look-up can find it. Twilio makes one a
    # second.
    batch = 1

    def send(self, message: Message) -> str:
        """Let Twilio call; its SID of the call."""
        with translated():
            made = client().calls.create(
                to=message.recipient,
                from_=message.sender,
                url=_address("", message),
                status_callback=_address("/status", message),
                status_callback_event=TOLD,
                timeout=RING_SECONDS,
            )
            return str(made.sid)

    def find(self, message: Message) -> str | None:
        """Return the SID of a call between this message's numbers, after it was written, that belongs to no message.

        A listed call has no text. If fewer calls are listed than may have been made, it is unknown whose they are until
        Twilio's callbacks, which contain our message id.
        """
        with translated():
            listed, is_all = made_since(client().calls, message)
            recent = [str(call.sid) for call in listed]
        # read first: a call that leaves this set in the meantime has its SID by then
        doubtful = _doubtful_beside(message) + 1
        known = claimed(Message.Channel.CALL, recent)
        unclaimed = [sid for sid in recent if sid not in known]
        if len(unclaimed) >= doubtful:
            return unclaimed[-1]
        if unclaimed or not is_all:
            raise CannotTell
        return None

    def close(self) -> None:
        """Nothing: the thread's client keeps its connection for the next drain."""


def question(message: Message, *, turn: int) -> str:
    """TwiML: the message's words and a wait for one key, as often as there are turns left; then goodbye."""
    response = Element("Response")
    for each in range(turn, TURNS + 1):
        action = _address("/keys", message, turn=each)
        gather = SubElement(response, "Gather", numDigits="1", timeout=str(KEY_SECONDS), action=action)
        _say(gather, message.body)
    _say(response, GOODBYE)
    return tostring(response).decode()


def dial(call: Message) -> str:
    """Return TwiML that connects the listener with the call's recipient. No other text is spoken, nothing is recorded.

    The caller id must be a number of the account: the agent's own system number, which also sends their texts. The end
    is reported twice, for the connection and for the client's leg: the side that hangs up first misses the other
    report.
    """
    response, address = Element("Response"), _address("/dialled", call)
    dialled = SubElement(response, "Dial", callerId=call.sender, timeout=str(RING_SECONDS), action=address)
    SubElement(dialled, "Number", statusCallback=address, statusCallbackEvent="completed").text = call.recipient
    return tostring(response).decode()


def read_end(form: Mapping[str, str]) -> tuple[str, int]:
    """How a call that was dialled ended, in Twilio's word, and how many seconds it lasted."""
    prefix = "DialCall" if "DialCallStatus" in form else "Call"
    lasted = field(form, f"{prefix}Duration", MAX_WORD)
    return field(form, f"{prefix}Status", MAX_WORD), int(lasted) if lasted.isdecimal() and len(lasted) < 7 else 0


def goodbye(words: str = "") -> str:
    """TwiML: these words, and the end."""
    response = Element("Response")
    for said in filter(None, (words, GOODBYE)):
        _say(response, said)
    return tostring(response).decode()


def turn_after(query: Mapping[str, str]) -> int:
    """The turn that follows the one in which a key was pressed."""
    turn = query.get("turn", "")
    return int(turn) + 1 if turn in {str(each) for each in range(1, TURNS + 1)} else TURNS + 1


def read_receipt(form: Mapping[str, str], message_id: str) -> Receipt | None:
    """Return the receipt in a request about a call; None for an unknown status."""
    sid, word = field(form, "CallSid", MAX_SID), field(form, "CallStatus", MAX_WORD)
    stage = STAGES.get(word)
    if stage is None or not sid:
        return None
    earlier = {word for word, other in STAGES.items() if other.progress < stage.progress}
    return Receipt(
        channel=Message.Channel.CALL,
        provider_sid=sid,
        message_id=our_id(message_id),
        provider_status=word,
        supersedes=frozenset({"", *earlier}),
        status=stage.status,
        reason=Reason(stage.reason) if stage.reason else None,
    )


def _say(parent: Element, words: str) -> None:
    SubElement(parent, "Say").text = UNWRITABLE.sub(" ", words)[:LONGEST]


def _address(path: str, message: Message, **more: object) -> str:
    """An address of ours that names the message, so that what is known of it by a lost SID alone finds it too."""
    query = urlencode({"message": message.pk, **more})
    return f"{settings.PUBLIC_URL}/webhooks/twilio/calls{path}?{query}"


def _doubtful_beside(message: Message) -> int:
    """Return how many other calls between the same numbers may have been made recently."""
    beside = Message.objects.filter(
        channel=message.channel,
        status__in=Message.IN_FLIGHT,
        provider_sid="",
        sender=message.sender,
        recipient=message.recipient,
        created_at__gte=message.created_at - CLOCKS_DIFFER,
    )
    return beside.exclude(pk=message.pk).count()
