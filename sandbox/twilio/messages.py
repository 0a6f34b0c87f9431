"""What the emulated carrier does with texts and numbers: accept, refuse, remember. It knows no HTTP and no product."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from sandbox.clock import Reading
from sandbox.models import Block, Callback, EmulatedNumber, EmulatedText
from sandbox.twilio import fault_injection, webhooks
from sandbox.twilio.error_codes import TEST_RECIPIENTS, Refused
from sandbox.twilio.phone_numbers import AREA_CODES, e164, on_sale
from sandbox.twilio.segments import count_segments

LONGEST_BODY = 1600
# The whole message, in any case: what a long code's default handling knows.
STOP_WORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
START_WORDS = {"START", "YES", "UNSTOP"}
# Between answer, `sent` and `delivered`, so that the sender can note the text's SID before it hears of it. None while
# the clock is being moved: there the mover waits for the sender, and what a moment sets off belongs to that moment.
PAUSE = timedelta(milliseconds=200)


class AnswerLost(Exception):
    """The text was accepted, but the client never gets the answer."""


class NoAnswer(Exception):
    """The client shall wait in vain."""


def own_alert_number(now: datetime) -> None:
    """Add the alert number to the bought numbers, as it is from the start."""
    if settings.ALERT_NUMBER:
        EmulatedNumber.objects.get_or_create(
            number=settings.ALERT_NUMBER, defaults={"friendly_name": "Alerts", "bought_at": now}
        )


def owns(number: str) -> bool:
    """Whether the account has this number. The alert number is its own from the start."""
    return number == settings.ALERT_NUMBER or EmulatedNumber.objects.filter(number=number).exists()


def accept_text(
    *, to: str, sender: str, body: str, media: Sequence[str], status_url: str, clock: Reading
) -> EmulatedText:
    """Take a text over from the service as Twilio would, or refuse it; then plan what the service will hear of it."""
    fault = fault_injection.take()
    if fault in fault_injection.REFUSALS:
        raise Refused(fault_injection.REFUSALS[fault], to)
    if fault == "hang":
        raise NoAnswer
    recipient, sender = _check(to=to, sender=sender, body=body, media=media)
    if status_url and not webhooks.is_address(status_url):
        raise Refused(21609, status_url)
    with transaction.atomic():
        text = EmulatedText.objects.create(
            direction=EmulatedText.Direction.OUTBOUND,
            sender=sender,
            recipient=recipient,
            body=body,
            media=list(media),
            segments=count_segments(body),
            status=EmulatedText.Status.QUEUED,
            at=clock.now,
            changed_at=clock.now,
        )
        Callback.objects.bulk_create(_callbacks(text, fault, status_url, clock))
    if fault == "lose_answer":
        raise AnswerLost
    return text


def _check(*, to: str, sender: str, body: str, media: Sequence[str]) -> tuple[str, str]:
    """Both numbers in E.164, or the refusal Twilio would give first."""
    if not to:
        raise Refused(21604)
    if not sender:
        raise Refused(21603)
    if not body and not media:
        raise Refused(21602)
    if len(body) > LONGEST_BODY:
        raise Refused(21617)
    recipient = e164(to)
    if recipient is None:
        raise Refused(21211, to)
    own = e164(sender)
    if own is None:
        raise Refused(21212, sender)
    if not owns(own):
        raise Refused(21606, sender)
    if recipient in TEST_RECIPIENTS:
        raise Refused(TEST_RECIPIENTS[recipient], to)
    if Block.objects.filter(sender=own, recipient=recipient).exists():
        raise Refused(21610)
    return recipient, own


def _callbacks(text: EmulatedText, fault: str | None, url: str, clock: Reading) -> list[Callback]:
    pause = timedelta() if clock.standing else PAUSE
    return [
        Callback(
            text=text,
            status=change.status,
            error_code=change.error_code,
            url=url if change.is_told else "",
            due_at=change.due_at,
        )
        for change in fault_injection.plan_changes(fault, clock.now, pause)
    ]


@transaction.atomic
def receive_from_handset(*, sender: str, to: str, body: str, media: Sequence[str], now: datetime) -> EmulatedText:
    """Note a text from a handset, and block or unblock the pair when it is a keyword. STOP reaches the service too.

    Twilio's own confirmation of STOP is left out: the ledger holds what the service sent and what handsets did.
    """
    word = body.strip().upper()
    if word in STOP_WORDS:
        Block.objects.get_or_create(sender=to, recipient=sender)
    elif word in START_WORDS:
        Block.objects.filter(sender=to, recipient=sender).delete()
    return EmulatedText.objects.create(
        direction=EmulatedText.Direction.INBOUND,
        sender=sender,
        recipient=to,
        body=body,
        media=list(media),
        segments=count_segments(body),
        status=EmulatedText.Status.RECEIVED,
        at=now,
        sent_at=now,
        changed_at=now,
    )


def free_numbers(area_code: int | None) -> Iterator[str]:
    """Numbers the account could buy, in a fixed order."""
    taken = {settings.ALERT_NUMBER, *EmulatedNumber.objects.values_list("number", flat=True)}
    return (number for number in on_sale(AREA_CODES if area_code is None else [area_code]) if number not in taken)


def buy_number(*, number: str, area_code: str, friendly_name: str, sms_url: str, now: datetime) -> EmulatedNumber:
    """Sell a number: a given one, which may be any unsold number, or the first free one of an area code."""
    if not number:
        return _buy_in_area(area_code, friendly_name=friendly_name, sms_url=sms_url, now=now)
    wanted = e164(number)
    if wanted is None:
        raise Refused(21421)
    bought = _buy(wanted, friendly_name=friendly_name, sms_url=sms_url, now=now)
    if bought is None:
        raise Refused(21422, number)
    return bought


def is_area_code(text: str) -> bool:
    """Whether the text has the form of an area code; it may be of no place."""
    return len(text) == 3 and text.isdecimal()


def _buy_in_area(area_code: str, *, friendly_name: str, sms_url: str, now: datetime) -> EmulatedNumber:
    if not is_area_code(area_code) or int(area_code) not in AREA_CODES:
        raise Refused(21452 if area_code else 21421, area_code)
    for number in free_numbers(int(area_code)):
        if bought := _buy(number, friendly_name=friendly_name, sms_url=sms_url, now=now):
            return bought
    raise Refused(21452, area_code)


def _buy(number: str, *, friendly_name: str, sms_url: str, now: datetime) -> EmulatedNumber | None:
    """Buy this number; None if it is sold."""
    if number == settings.ALERT_NUMBER:
        return None
    try:
        with transaction.atomic():
            return EmulatedNumber.objects.create(
                number=number, friendly_name=friendly_name or number, sms_url=sms_url, bought_at=now
            )
    except IntegrityError:
        return None
