"""Calls by Twilio Voice: how they are made and found again, what is said on them (TwiML), and what is told of them.

An answering machine may pick up. We do not pay Twilio to tell it from a person, which takes seconds of silence: what is
said tells nothing that is not for everybody who may hear it, and only a person presses a key.
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
TURNS: Final = 2  # how often the words are said to who presses nothing, or another key
KEY_SECONDS: Final = 6  # of silence in which a key may still come
LONGEST: Final = 4000  # characters of one <Say>; Twilio refuses 4,097
GOODBYE: Final = "Goodbye."
TOLD: Final = ["initiated", "ringing", "answered", "completed"]  # else Twilio tells of the end alone

# XML 1.0 has no way to write these, and a document with one of them in it is no XML.
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

    # In flight per thread. After a kill one call is in doubt, so that its look-up can tell. Twilio makes one a second.
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
        """The SID of a call between this message's numbers, since it was written, that no message is known by.

        A listed call shows no words. Where fewer are listed than may have been made, nobody can tell whose they are,
        until Twilio reports on them: its reports name our message.
        """
        with translated():
            listed, is_all = made_since(client().calls, message)
            recent = [str(call.sid) for call in listed]
        doubtful = _doubtful_beside(message) + 1  # read first: whoever leaves their number has a SID by now
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
    """TwiML: connect whoever listens with the call's recipient, who hears them and nothing else; nothing is recorded.

    The caller id must be a number of the account's: the agent's own in our books, from which their texts come, too. The
    end is told twice, of the connection and of the client's leg, for who hangs up first hears no more of the one.
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
    """What a request about a call says of it; None when it says nothing we know."""
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
    """How many other calls between the same numbers may have been made of late, too."""
    beside = Message.objects.filter(
        channel=message.channel,
        status__in=Message.IN_FLIGHT,
        provider_sid="",
        sender=message.sender,
        recipient=message.recipient,
        created_at__gte=message.created_at - CLOCKS_DIFFER,
    )
    return beside.exclude(pk=message.pk).count()
