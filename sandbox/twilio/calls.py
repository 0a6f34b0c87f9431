"""Calls of the emulated carrier: a called person answers immediately, listens, and may press a key.

A person dialed by a call (TwiML's <Dial>) rings until `POST /sandbox/calls/:sid` decides whether they answer.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError, fromstring

from django.db import transaction

from core.errors import Conflict
from sandbox.clock import Reading
from sandbox.models import Callback, EmulatedCall
from sandbox.twilio import fault_injection, messages, webhooks
from sandbox.twilio.error_codes import TEST_CALLEES, Refused
from sandbox.twilio.messages import PAUSE, AnswerLost, NoAnswer
from sandbox.twilio.phone_numbers import e164

Status = EmulatedCall.Status

APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."
# The event names of statuses, as clients subscribe to them.
EVENTS = {Status.INITIATED: "initiated", Status.RINGING: "ringing", Status.IN_PROGRESS: "answered"}
WAITS = ("Gather", "Dial")  # the verbs at which a call waits
ON_ITS_WAY = (Status.QUEUED, Status.INITIATED, Status.RINGING)
# Allowed previous statuses: a call never moves back, in any order of due changes.
BEFORE = {
    Status.INITIATED: ON_ITS_WAY[:1],
    Status.RINGING: ON_ITS_WAY[:2],
    Status.IN_PROGRESS: ON_ITS_WAY,
    Status.COMPLETED: (*ON_ITS_WAY, Status.IN_PROGRESS),
    Status.BUSY: ON_ITS_WAY,
    Status.NO_ANSWER: ON_ITS_WAY,
    Status.FAILED: ON_ITS_WAY,
}


LONGEST_RING = timedelta(seconds=30)  # Twilio's own default for <Dial>


class NothingToPress(Conflict):
    """This call does not wait for a key."""


class NotRinging(Conflict):
    """This phone does not ring, or not any more."""


def accept_call(
    *, to: str, sender: str, url: str, status_url: str, events: Collection[str], clock: Reading
) -> EmulatedCall:
    """Take a call on as Twilio would, or refuse it; then plan how it goes and what the service will hear of it."""
    fault = fault_injection.take(fault_injection.CALL_KINDS)
    if fault in fault_injection.REFUSALS:
        raise Refused(fault_injection.REFUSALS[fault], to)
    if fault == "hang":
        raise NoAnswer
    recipient, sender = _check(to=to, sender=sender, url=url, status_url=status_url)
    with transaction.atomic():
        call = EmulatedCall.objects.create(
            sender=sender, recipient=recipient, url=url, at=clock.now, changed_at=clock.now
        )
        Callback.objects.bulk_create(_callbacks(call, fault, status_url, events, clock))
    if fault == "lose_answer":
        raise AnswerLost
    return call


def _check(*, to: str, sender: str, url: str, status_url: str) -> tuple[str, str]:
    """Both numbers in E.164, or the refusal Twilio would give first."""
    recipient, own = e164(to), e164(sender)
    refusals = (
        (not to, 21201, ""),
        (not sender, 21213, ""),
        (recipient is None, 21211, to),
        (own is None, 21212, sender),
        (own is not None and not messages.owns(own), 21210, sender),
        (not webhooks.is_address(url), 21205, url),
        (bool(status_url) and not webhooks.is_address(status_url), 21609, status_url),
        (recipient in TEST_CALLEES, TEST_CALLEES.get(recipient or "", 0), to),
    )
    for applies, code, what in refusals:
        if applies:
            raise Refused(code, what)
    return recipient or "", own or ""


def _callbacks(
    call: EmulatedCall, fault: str | None, url: str, events: Collection[str], clock: Reading
) -> list[Callback]:
    pause = timedelta() if clock.standing else PAUSE
    wanted = events or ["completed"]  # as with Twilio, which by default reports only the end
    return [
        Callback(
            call=call,
            status=change.status,
            url=url if change.is_told and EVENTS.get(Status(change.status), "completed") in wanted else "",
            due_at=change.due_at,
        )
        for change in fault_injection.plan_call(fault, clock.now, pause)
    ]


def change(call: EmulatedCall, status: str, now: datetime) -> None:
    """Bring the ledger up to a status, unless it is further already."""
    step = Status(status)
    has_ended = step not in EVENTS
    times = {"answered_at": now} if step == Status.IN_PROGRESS else {"ended_at": now} if has_ended else {}
    line = EmulatedCall.objects.filter(pk=call.pk, status__in=BEFORE[step])
    is_new = line.update(status=step, changed_at=now, **times)
    call.refresh_from_db()
    if is_new and has_ended and call.document:
        play(call, call.document, start=call.verb + 1, waits=False)  # no key was pressed: the text after that
    call.changed_at = now


def answer(call: EmulatedCall) -> None:
    """Request the TwiML once, and speak it; for an ended leg, report it."""
    call.refresh_from_db(fields=["status", "says", "document"])
    if call.parent is not None:
        tell_of_end(call.parent, call)
        return
    if call.status == Status.IN_PROGRESS and not (call.says or call.document):
        play(call, _asked(call.url, call))


def press(call: EmulatedCall, digit: str) -> None:
    """Press a key while the call waits for one, and speak the service's answer."""
    gather = waited_for(call, "Gather")
    if gather is None:
        raise NothingToPress
    action = gather.get("action", "")
    try:
        document = _asked(urljoin(call.url, action), call, Digits=digit, msg="Gather End", FinishedOnKey="")
    except webhooks.NotConnected:
        document = ""
    play(call, document)


def waited_for(call: EmulatedCall, tag: str) -> Element | None:
    """Return the verb of this name that the call waits at, and end the wait; it is returned once."""
    document, verb = call.document, call.verb
    element = _verbs(document)[verb] if document else None
    waiting = EmulatedCall.objects.filter(pk=call.pk, status=Status.IN_PROGRESS, document=document, verb=verb)
    is_ours = element is not None and element.tag == tag and waiting.update(document="")
    return element if is_ours else None


def dial(call: EmulatedCall, verb: Element) -> None:
    """Let the phone that a <Dial> names ring, if Twilio would."""
    number = verb.findtext("Number", "")
    leg = EmulatedCall.objects.create(
        parent=call,
        sender=verb.get("callerId", call.sender),
        recipient=e164(number) or number[:16],
        url=urljoin(call.url, verb.get("action", "")),
        status=Status.RINGING,
        at=call.changed_at,
        changed_at=call.changed_at,
    )
    can_ring = e164(number) and messages.owns(leg.sender)  # otherwise error 13223 or 13214 in the account's log
    status, after = (Status.NO_ANSWER, LONGEST_RING) if can_ring else (Status.FAILED, timedelta())
    Callback.objects.create(call=leg, status=status, due_at=leg.at + after)


def pick_up(leg: EmulatedCall, status: str, seconds: int, now: datetime) -> None:
    """The dialed person answers and talks for this long, or not; the service is notified."""
    ringing = EmulatedCall.objects.filter(pk=leg.pk, parent__isnull=False, status=Status.RINGING)
    spoken = {"answered_at": now, "ended_at": now + timedelta(seconds=seconds)} if status == Status.COMPLETED else {}
    if not ringing.update(status=status, changed_at=now, **({"ended_at": now} | spoken)):
        raise NotRinging
    leg.callbacks.all().delete()
    leg.refresh_from_db()
    answer(leg)


def tell_of_end(call: EmulatedCall, leg: EmulatedCall) -> None:
    """Report once how a leg ended, and speak the answer to the person who dialed it."""
    if leg.status in EVENTS or leg.status == Status.QUEUED or waited_for(call, "Dial") is None:
        return
    duration = {"DialCallDuration": str(leg.seconds)} if leg.answered_at else {}
    told = {"DialCallSid": leg.sid, "DialCallStatus": leg.status, "DialBridged": str(bool(duration)).lower()}
    try:
        document = _asked(leg.url, call, **told, **duration)
    except webhooks.NotConnected:
        document = ""
    play(call, document)


def play(call: EmulatedCall, document: str, *, start: int = 0, waits: bool = True) -> None:
    """Speak a document up to where it waits for a key; after its last verb the call ends."""
    call.document, lines = "", [call.says] if call.says else []
    for place, verb in enumerate(_verbs(document)[start:], start):
        lines += [" ".join((said.text or "").split()) for said in verb.iter("Say")]
        if verb.tag == "Hangup":
            break
        if verb.tag in WAITS and waits:
            call.document, call.verb = document, place
            break
    call.says = "\n".join(lines)
    call.save(update_fields=["says", "document", "verb"])
    if not call.document:
        call.callbacks.filter(status=Status.COMPLETED).update(due_at=call.changed_at)
    elif (waiting := _verbs(call.document)[call.verb]).tag == "Dial":
        dial(call, waiting)


def _verbs(document: str) -> list[Element]:
    try:
        return list(fromstring(document))
    except ParseError:
        return list(fromstring(f"<Response><Say>{APPLICATION_ERROR}</Say></Response>"))


def _asked(url: str, call: EmulatedCall, **more: str) -> str:
    """What the service answers; nothing readable where it fails, as it then is with Twilio."""
    try:
        told = webhooks.ask(url, webhooks.call_form(call, **more))
    except webhooks.NoProperAnswer:
        return ""
    return told.body.decode() if told.status < 300 else ""
