"""Why a member is not offered a lead: the one list, for plans, sends, simulations, test alerts and warnings. Pure."""

from collections.abc import Iterator
from typing import Final, Protocol

from django.db.models import TextChoices

from core.reasons import Reason, reason_codes

TEXT: Final = "Text"
EMAIL: Final = "Email"
PHONE: Final = "Phone"


@reason_codes
class SkipReason(TextChoices):
    """Why a member is not offered a lead, or not alerted on a channel."""

    ALREADY_OFFERED = "already_offered", "already offered this lead"
    USER_INACTIVE = "user_inactive", "the user is deactivated"
    INVITATION_NOT_ACCEPTED = "invitation_not_accepted", "has not accepted the team's invitation"
    LEFT_TEAM = "left_team", "left the team"
    NOT_IN_DISTRIBUTION = "not_in_distribution", "is not set up to be offered leads of the team"
    ALERTS_OFF = "alerts_off", "all alerts are off"
    NO_CHANNEL = "no_channel", "no alert can be delivered: {faults:reasons}"
    CHANNEL_OFF = "channel_off", "switched off"
    NO_PHONE = "no_phone", "no valid phone number"
    PHONE_NOT_CONFIRMED = "phone_not_confirmed", "the phone number is not confirmed"
    PHONE_OPTED_OUT = "phone_opted_out", "the phone number has opted out of texts"
    NO_EMAIL = "no_email", "no email address"
    PAUSED = "paused", "paused until {until:time}"
    DAY_OFF = "day_off", "day off"
    OUTSIDE_WORKING_HOURS = "outside_working_hours", "outside working hours"
    OPEN_LEAD_CAP = "open_lead_cap", "at the limit of {cap} open leads (has {count})"
    DAILY_CAP = "daily_cap", "at the limit of {cap} leads a day (has {count})"
    ZERO_WEIGHT = "zero_weight", "gets no turn in the round robin: the weight is 0"


class Reachable(Protocol):
    """A member as far as alerts can be delivered to them."""

    @property
    def is_active(self) -> bool: ...  # the user
    @property
    def is_accepted(self) -> bool: ...  # the invitation to the team
    @property
    def has_text_alert(self) -> bool: ...
    @property
    def has_email_alert(self) -> bool: ...
    @property
    def has_call_alert(self) -> bool: ...
    @property
    def phone(self) -> str: ...  # E.164
    @property
    def confirmed_phone(self) -> str: ...  # that phone, if the user has confirmed it
    @property
    def has_opted_out(self) -> bool: ...  # that phone, of texts, and so of calls
    @property
    def email(self) -> str: ...


def member_reasons(member: Reachable) -> Iterator[Reason]:
    """Everything that keeps this member from being offered leads at any time."""
    if not member.is_active:
        yield Reason(SkipReason.USER_INACTIVE)
    if not member.is_accepted:
        yield Reason(SkipReason.INVITATION_NOT_ACCEPTED)
    if not enabled_channels(member):
        yield Reason(SkipReason.ALERTS_OFF)
    elif not usable_channels(member):
        faults = [reason.as_json() for reason in channel_reasons(member)]
        yield Reason(SkipReason.NO_CHANNEL, {"faults": faults})


def channel_reasons(member: Reachable) -> list[Reason]:
    """What keeps alerts on the channels that are switched on from being delivered, each reason once."""
    reasons = (channel_reason(channel, member) for channel in enabled_channels(member))
    return list({reason.code: reason for reason in reasons if reason}.values())


def channel_reason(channel: str, member: Reachable) -> Reason | None:
    """Why an alert on this channel would not be delivered; None when it would."""
    if channel == EMAIL:
        return None if member.email else Reason(SkipReason.NO_EMAIL)
    return phone_reason(member.phone, member.confirmed_phone, member.has_opted_out)


def phone_reason(phone: str, confirmed_phone: str, has_opted_out: bool) -> Reason | None:
    """Why nothing would be delivered to a user's phone (E.164); None when it would."""
    if not phone:
        return Reason(SkipReason.NO_PHONE)
    if not confirmed_phone:
        return Reason(SkipReason.PHONE_NOT_CONFIRMED)
    return Reason(SkipReason.PHONE_OPTED_OUT) if has_opted_out else None


def enabled_channels(member: Reachable) -> tuple[str, ...]:
    """The channels that are switched on."""
    switches = ((TEXT, member.has_text_alert), (EMAIL, member.has_email_alert), (PHONE, member.has_call_alert))
    return tuple(channel for channel, is_on in switches if is_on)


def usable_channels(member: Reachable) -> tuple[str, ...]:
    """The channels that are switched on and on which an alert would be delivered."""
    return tuple(channel for channel in enabled_channels(member) if channel_reason(channel, member) is None)
