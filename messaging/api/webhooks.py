"""What Twilio calls. Nothing of a request is believed before its signature was checked."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps

from django.conf import settings
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from api.called_url import called_url
from core import clock
from core.reasons import Reason, reason_text
from messaging.delivery_status import note_receipt
from messaging.gateways import twilio, voice
from messaging.inbound import call_keys
from messaging.inbound.texts import receive
from messaging.manual.click_to_call import connect, note_end
from messaging.models import Message

Action = Callable[[HttpRequest], str | None]  # gives what Twilio is to do next, if anything

FORM = "application/x-www-form-urlencoded"
NOTHING_TO_SAY = "<Response></Response>"
TRIES = 3


def signed_by_twilio(act: Action) -> Callable[[HttpRequest], HttpResponse]:
    """Act on what Twilio signed for our public address; to others the answer is 403."""

    @csrf_exempt
    @require_POST
    def view(request: HttpRequest) -> HttpResponse:
        address = called_url(request, settings.PUBLIC_URL)
        signature = request.headers.get("X-Twilio-Signature", "")
        if request.content_type != FORM or not twilio.is_genuine(address, request.POST, signature):
            return HttpResponseForbidden("The signature is not Twilio's.", content_type="text/plain")
        try:
            answer = act(request)
        except twilio.BadWebhook as error:
            return HttpResponseBadRequest(str(error), content_type="text/plain")
        return HttpResponse(answer or NOTHING_TO_SAY, content_type="text/xml")

    return view


def tried_again(act: Action) -> Action:
    """Retry once after a deadlock or a key conflict: Twilio does not repeat its requests."""

    @wraps(act)
    def patient(request: HttpRequest) -> str | None:
        for _ in range(TRIES - 1):
            with suppress(IntegrityError, OperationalError):
                return act(request)
        return act(request)

    return patient


@signed_by_twilio
@tried_again
def text_came_in(request: HttpRequest) -> None:
    """An inbound text to one of our numbers."""
    text = twilio.read_inbound(request.POST)
    if text.provider_sid and text.sender:
        receive(text, clock.now())


@signed_by_twilio
@tried_again
def text_got_on(request: HttpRequest) -> None:
    """A text of ours has reached another status."""
    receipt = twilio.read_receipt(request.POST, request.GET.get("message", ""))
    if receipt is not None:
        note_receipt(receipt, clock.now())


@signed_by_twilio
@tried_again
def call_was_answered(request: HttpRequest) -> str:
    """A person or a machine answered a call of ours."""
    note_call(request)
    message = call_keys.of_id(request.GET.get("message", ""))
    return voice.question(message, turn=1) if message else voice.goodbye()


@signed_by_twilio
@tried_again
def key_was_pressed(request: HttpRequest) -> str:
    """A key was pressed during a call. Without a handler for it the call repeats its text."""
    note_call(request)
    message = call_keys.of_id(request.GET.get("message", ""))
    if message is None:
        return voice.goodbye()
    act = connect if message.contact_id else call_keys.press
    done = act(message, twilio.field(request.POST, "Digits", twilio.MAX_WORD), clock.now())
    if isinstance(done, Message):
        return voice.dial(done)
    said = reason_text(*done) if isinstance(done, Reason) else done
    return voice.goodbye(said) if said else voice.question(message, turn=voice.turn_after(request.GET))


@signed_by_twilio
@tried_again
def client_hung_up(request: HttpRequest) -> str:
    """A call to a client is over, or was none; the agent may still be on the line."""
    word, seconds = voice.read_end(request.POST)
    message_id = twilio.our_id(request.GET.get("message", ""))
    reason = note_end(message_id, word, seconds, clock.now()) if message_id else None
    return voice.goodbye(reason_text(*reason) if reason else "")


@signed_by_twilio
@tried_again
def call_got_on(request: HttpRequest) -> None:
    """A call of ours has reached another status."""
    note_call(request)


def note_call(request: HttpRequest) -> None:
    """Each request of Twilio about a call contains its status."""
    receipt = voice.read_receipt(request.POST, request.GET.get("message", ""))
    if receipt is not None:
        note_receipt(receipt, clock.now())
