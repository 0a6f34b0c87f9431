"""Replies to an alert: a number claims the lead, "no" with the number declines it, a key in the call claims it.

`leads.receivers` registers the handlers with messaging.
"""

import re
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from core.errors import DomainError
from leads.lifecycle.claims import AlreadyClaimed, LeadIsGone, LeadIsMerged, OfferNotOpen, claim, decline
from leads.models import Lead, LeadOffer
from leads.notifications.alert_text import LeadAlertText, claimable_list
from leads.notifications.reply_codes import RECENT_CODES
from messaging import message_factory, outbox
from messaging.inbound.keywords import word_set
from messaging.models import Message
from teams.models import User

MAX_ALERT_AGE = timedelta(days=1)  # of an alert that a phone of a contact can answer
CLAIM_KEY = "1"  # claims in a call, and speaks the contact details
# As people type it: " 2. ", "#2", or a keycap (\ufe0f\u20e3). "-2", "2?" and texts with other words do not match.
NUMBER = r"[\s#(\"'*]*(?P<{}>[0-9]{{1,4}})[\s.,:!)\"'*\ufe0f\u20e3]*"
DECLINE_WORDS = r"\W*(?:{})[\s.,:!]*"
BEFORE, AFTER = (
    DECLINE_WORDS.format("pass|decline"),
    DECLINE_WORDS.format("no|pass|decline"),
)  # "No. 2" is a number, not a refusal
DECLINED_NUMBER = re.compile(f"{BEFORE}{NUMBER.format('after')}|{NUMBER.format('before')}{AFTER}", re.IGNORECASE)

# Words allowed beside the number of a claim. Not "at", "in", "for" or "not": 7 may be an hour, or be refused.
CLAIM_WORDS = word_set(
    "claim claiming yes yep yeah yup ok okay sure take taking got get grab accept accepting want please pls plz "
    "thanks thank you i ill i'll i'd like to will it lead number reply the mine"
)
MAX_REPLY_LENGTH = 60  # characters of a reply
MARKS = " \t\r\n#(\"'*.,:!)\u2019\u201c\u201d\ufe0f\u20e3\U0001f44d\u2705\U0001f64b\U0001f64f"
TOKEN = re.compile(r"[a-z]+(?:['\u2019][a-z]+)?|[0-9]+|.", re.DOTALL)

Status = LeadOffer.Status


def claim_by_digit(message: Message, now: datetime) -> bool:
    """Claim or decline the lead whose number an agent's text names, and reply. False if the text does neither."""
    number, try_it = read_claim(message.body), try_claim
    if number is None:
        number, try_it = read_decline(message.body), try_decline
    if number is None or not message.sender:
        return False
    offers = candidate_offers(message.sender, number)
    if not offers or (message.contact_id and not is_alert_reply(message, number, offers, now)):
        return False
    offer = next((offer for offer in offers if offer.reply_number == number), None)
    send_reply(
        message, offer.user if offer else offers[0].user, reply_text(offer, number, offers, try_it, now), now=now
    )
    return True


def read_claim(text: str) -> int | None:
    """Return the number in "7", "#7", "claim 7" or "7 please"; None in "7?", "-7", "7 8", "7pm" or "call me at 7"."""
    text = text.strip()
    if len(text) > MAX_REPLY_LENGTH:
        return None
    tokens = TOKEN.findall(text.lower().replace("\u2019", "'"))
    numbers = [token for token in tokens if token[0] in "0123456789"]
    others = (token for token in tokens if token not in numbers)
    if len(numbers) != 1 or len(numbers[0]) > 4 or not all(token in CLAIM_WORDS or token in MARKS for token in others):
        return None
    turn = tokens.index(numbers[0])
    is_joined = any(token.isalpha() for token in (*tokens[max(turn - 1, 0) : turn], *tokens[turn + 1 : turn + 2]))
    return None if is_joined else int(numbers[0])  # "7get" is a typing error, "1i" may be anything


def read_decline(text: str) -> int | None:
    """Return the number in "7 no", "pass 7" or "decline 7"."""
    text = text.strip()
    match = DECLINED_NUMBER.fullmatch(text) if len(text) <= MAX_REPLY_LENGTH else None
    return next((int(number) for number in match.groups() if number), None) if match else None


def candidate_offers(phone: str, number: int) -> list[LeadOffer]:
    """Return the offers that a number from this phone may refer to: the open offer with it, then recent offers.

    A number counts only on the phone that it was sent to, while that is the member's confirmed phone.
    """
    numbered = LeadOffer.objects.filter(reply_phone=phone, reply_number__isnull=False)
    confirmed = numbered.filter(user__confirmed_phone=phone, user__is_active=True).order_by("-alerted_at", "-pk")
    offers = confirmed.select_related("user", "team", "lead__contact", "lead__source")
    return [*offers.filter(status=Status.SENT, reply_number=number), *offers[:RECENT_CODES]]


def is_alert_reply(message: Message, number: int, offers: Collection[LeadOffer], now: datetime) -> bool:
    """Whether a number from a phone that also belongs to a contact answers an alert.

    A contact may share the phone of a user and text "2" to their agent. So the phone must have been sent this number
    recently, and must reply to the alert number.
    """
    recent_numbers = {
        offer.reply_number for offer in offers if offer.alerted_at and offer.alerted_at > now - MAX_ALERT_AGE
    }
    return number in recent_numbers and message.user_id is None  # the alert number belongs to no agent


Attempt = Callable[[LeadOffer, int, datetime], str]


def reply_text(
    offer: LeadOffer | None, number: int, offers: Collection[LeadOffer], attempt: Attempt, now: datetime
) -> str:
    """Try to claim or decline, and return the text of the reply."""
    if offer is None:
        return f"No lead has the number {number}. {claimable_list(open_offers(offers))}"
    try:
        return attempt(offer, number, now)
    except AlreadyClaimed:
        return alert_text_of(offer).already_claimed_text
    except (OfferNotOpen, LeadIsGone, LeadIsMerged):
        others = [other for other in offers if other.lead_id != offer.lead_id]
        return f"Lead {number} is no longer open to you. {claimable_list(open_offers(others))}"


def try_claim(offer: LeadOffer, number: int, now: datetime) -> str:
    if offer.status != Status.CLAIMED:
        claim(offer, through=Lead.ClaimedThrough.TEXT_REPLY, now=now)
    return LeadAlertText(offer.lead).assigned_text


def try_decline(offer: LeadOffer, number: int, now: datetime) -> str:
    if offer.status == Status.CLAIMED:
        return f"Lead {number} is already yours. To give it back, use the admin or ask your team lead."
    decline(offer, now=now)
    story = alert_text_of(offer)
    return f"You declined lead {number}: {story.contact_name or story.preview_line}."


def open_offers(offers: Collection[LeadOffer]) -> dict[int, LeadAlertText]:
    """Return the texts of the leads that can still be claimed, by reply number."""
    return {offer.reply_number or 0: alert_text_of(offer) for offer in offers if offer.status == Status.SENT}


def alert_text_of(offer: LeadOffer) -> LeadAlertText:
    """Return the texts of the lead, as far as this offer shows it."""
    return LeadAlertText(offer.lead, offer.team.claim_preview)


def send_reply(message: Message, user: User, body: str, *, now: datetime) -> None:
    """Send a text from the number that the agent texted."""
    text = message_factory.alert_text(user, body, now)
    text.sender = message.recipient
    outbox.queue_messages([text], now)


def claim_by_key(call: Message, key: str, now: datetime) -> str:
    """Claim the lead of a call, and return the spoken result; "" for another key, or a call about something else.

    As with texts, a key counts only while the called phone is still the member's confirmed phone.
    """
    offers = LeadOffer.objects.filter(alert_call=call, user__confirmed_phone=call.recipient, user__is_active=True)
    offer = offers.select_related("user", "team", "lead__contact", "lead__source").first()
    if key != CLAIM_KEY or offer is None:
        return ""
    story = alert_text_of(offer)
    try:
        claim(offer, through=Lead.ClaimedThrough.KEY_PRESS, now=now)
    except AlreadyClaimed:
        return story.already_claimed_text
    except DomainError:
        return "This lead is no longer open to you."
    return story.claimed_call
