"""The gate every text passes before it leaves. Pure: the facts about one text and `now` in, a verdict out.

The rules are asked in order and the first that objects decides; its reason is kept on the message. A further
rule, such as a cap or a budget, is one more function in `CLIENT_RULES`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.phone_numbers import time_zones
from core.reasons import Reason
from messaging.reasons import SendReason
from teams.timezones import to_local, to_utc

SEND: Final = "send"
REFUSE: Final = "refuse"
DEFER: Final = "defer"

GIVEN: Final = "given"
UNKNOWN: Final = "unknown"
IMPORTED: Final = "imported"  # unknown as well: an imported list may come from anywhere

# 47 CFR 64.1200(c)(1): none "before the hour of 8 a.m. or after 9 p.m. (local time at the called party's location)".
OPENS: Final = time(8)
CLOSES: Final = time(21)

SUSPENDED_CHECK: Final = timedelta(hours=1)  # lifting a suspension does not wait for it


@dataclass(frozen=True, slots=True)
class Facts:
    """What the send policy needs of one text. Without `number` it has no recipient."""

    number: str  # E.164
    is_alert: bool = False  # to one of our own users, who asked for it
    is_do_not_contact: bool = False
    has_opted_out: bool = False
    is_suspended: bool = False  # an automatic text to a number that may have asked us to stop
    consent: str = UNKNOWN
    allows_unknown_consent: bool = False  # settings.TEXTS_TO_UNKNOWN_CONSENT
    default_zone: str = "America/Los_Angeles"  # the recipient's, if the number does not determine it
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a text, and why.

    `until` is when to ask again: what is deferred waits until then, and what may leave may do so before then.
    """

    kind: str
    reason: Reason | None = None
    until: datetime | None = None


Rule = Callable[[Facts, datetime], Verdict | None]


def decide(facts: Facts, now: datetime) -> Verdict:
    """Ask each rule that applies to this text; without an objection it may leave, one to a client not for long."""
    for rule in ALERT_RULES if facts.is_alert else CLIENT_RULES:
        if objection := rule(facts, now):
            return objection
    return Verdict(SEND, until=None if facts.is_alert else leave_ends_at(facts, now))


def has_a_number(facts: Facts, now: datetime) -> Verdict | None:
    """Refuse a text without a recipient."""
    return None if facts.number else Verdict(REFUSE, Reason(SendReason.NO_NUMBER))


def may_be_contacted(facts: Facts, now: datetime) -> Verdict | None:
    """Object where the contact is marked do-not-contact."""
    if not facts.is_do_not_contact:
        return None
    return Verdict(REFUSE, Reason(SendReason.DO_NOT_CONTACT))


def has_not_opted_out(facts: Facts, now: datetime) -> Verdict | None:
    """Object where the number has opted out of texts."""
    return Verdict(REFUSE, Reason(SendReason.OPTED_OUT)) if facts.has_opted_out else None


def is_not_suspended(facts: Facts, now: datetime) -> Verdict | None:
    """Hold an automatic text until a person has read whether the recipient asked us to stop."""
    if not facts.is_suspended:
        return None
    until = min(now + SUSPENDED_CHECK, facts.valid_until or now + SUSPENDED_CHECK)
    return Verdict(DEFER, Reason(SendReason.SUSPENDED), until)


def has_consented(facts: Facts, now: datetime) -> Verdict | None:
    """Refuse a text without known consent, unless the operator allows such texts."""
    if facts.consent == GIVEN or (facts.consent == UNKNOWN and facts.allows_unknown_consent):
        return None
    is_imported = facts.consent == IMPORTED
    return Verdict(REFUSE, Reason(SendReason.NO_CONSENT_IMPORTED if is_imported else SendReason.NO_CONSENT))


def is_still_valid(facts: Facts, now: datetime) -> Verdict | None:
    """Object to a text that has lost its sense while it waited."""
    if facts.valid_until is None or now < facts.valid_until:
        return None
    return Verdict(REFUSE, Reason(SendReason.EXPIRED))


def is_daytime(facts: Facts, now: datetime) -> Verdict | None:
    """Put off until morning what would arrive in the recipient's quiet hours."""
    opening = next_opening(now, facts.number, facts.default_zone)
    if opening == now:
        return None
    until = min(opening, facts.valid_until or opening)
    return Verdict(DEFER, Reason(SendReason.QUIET_HOURS), until)


def leave_ends_at(facts: Facts, now: datetime) -> datetime:
    """When a text that may leave now may not any more: at the end of the recipient's day, or of its use."""
    closing = next_closing(now, facts.number, facts.default_zone)
    return min(closing, facts.valid_until or closing)


ALERT_RULES: Final[tuple[Rule, ...]] = (has_a_number, has_not_opted_out, is_still_valid)
CLIENT_RULES: Final[tuple[Rule, ...]] = (
    has_a_number,
    may_be_contacted,
    has_not_opted_out,
    has_consented,
    is_still_valid,
    is_not_suspended,
    is_daytime,
)
RING_RULES: Final[tuple[Rule, ...]] = (has_not_opted_out, is_still_valid)  # to one of our own users
CALL_RULES: Final[tuple[Rule, ...]] = (may_be_contacted, has_not_opted_out, is_daytime)  # from person to person


def next_opening(now: datetime, number: str, default_zone: str) -> datetime:
    """Return the first time from `now` on at which it is daytime in each zone of the number.

    Zones without a common daytime hour do not count: then `default_zone` decides.
    """
    return _common_opening(now, _zones(number)) or _opening(now, ZoneInfo(default_zone))


def next_closing(now: datetime, number: str, default_zone: str) -> datetime:
    """When it is night in the first of the zones that decide about the number; `now` is daytime in all of them."""
    zones = _zones(number)
    deciding = zones if _common_opening(now, zones) else [ZoneInfo(default_zone)]
    return min(_closing(now, zone) for zone in deciding)


def _zones(number: str) -> list[ZoneInfo]:
    return [ZoneInfo(name) for name in time_zones(number)]


def _common_opening(moment: datetime, zones: Sequence[ZoneInfo]) -> datetime | None:
    if not zones:
        return None
    for _ in range(len(zones) + 2):  # each zone's morning is waited for once at most
        later = max(_opening(moment, zone) for zone in zones)
        if later == moment:
            return moment
        moment = later
    return None


def _opening(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment from `moment` on at which it is daytime in `zone`."""
    local = to_local(moment, zone)
    if OPENS <= local.time() < CLOSES:
        return moment
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return to_utc(datetime.combine(day, OPENS), zone)


def _closing(moment: datetime, zone: ZoneInfo) -> datetime:
    """When the day of `moment` ends in `zone`."""
    return to_utc(datetime.combine(to_local(moment, zone).date(), CLOSES), zone)
