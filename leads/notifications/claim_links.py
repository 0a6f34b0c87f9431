"""The link in an alert that opens the claim page. It is the key: each person who has it can act for the member.

It is short, because texts are: channel, offer, and 96 bits of a signature. It is valid as long as the offer, and at
most a week of business time.
"""

import hmac
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.utils.crypto import constant_time_compare
from django.utils.http import base36_to_int, int_to_base36

from leads.models import Lead, LeadOffer
from teams.eligibility import EMAIL, TEXT

LINK_LIFETIME: Final = timedelta(days=7)
SALT: Final = "leads.notifications.claim_links"
SIGNED_BYTES: Final = 12  # 16 characters
CHANNEL_LETTERS: Final = {TEXT: "t", EMAIL: "e"}
CLAIM_CHANNELS: Final = {"t": Lead.ClaimedThrough.TEXT_LINK, "e": Lead.ClaimedThrough.EMAIL_LINK}


def claim_link(offer_id: int, channel: str) -> str:
    """Return the URL of the claim page of this offer for this channel."""
    named = CHANNEL_LETTERS[channel] + int_to_base36(offer_id)
    return f"{settings.PUBLIC_URL}/c/{named}.{signature(named)}"


def read_token(token: str) -> tuple[int, Lead.ClaimedThrough] | None:
    """Return the id of the offer and the kind of link; None if the signature is invalid."""
    named, _, signed = token.partition(".")
    if not constant_time_compare(signed, signature(named)):
        return None
    return base36_to_int(named[1:]), CLAIM_CHANNELS[named[0]]


def is_expired(offer: LeadOffer, now: datetime) -> bool:
    """Whether the links of this offer have expired."""
    return offer.alerted_at is None or now >= offer.alerted_at + LINK_LIFETIME


def signature(named: str) -> str:
    signed = hmac.digest(_key(settings.SECRET_KEY), named.encode(), "sha256")
    return urlsafe_b64encode(signed[:SIGNED_BYTES]).decode()


@cache
def _key(secret: str) -> bytes:
    """Return the signing key of claim links."""
    return sha256(SALT.encode() + secret.encode()).digest()
