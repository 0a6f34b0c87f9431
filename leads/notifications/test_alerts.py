"""Test alerts, sent on the channels that alerts about leads would use."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from core.errors import DomainError
from core.reasons import Reason
from messaging import consent, message_factory, outbox
from messaging.models import Message
from teams.eligibility import EMAIL, PHONE, TEXT, SkipReason, phone_reason
from teams.models import TeamMember, TeamMemberDistributionOption, User

TITLE: Final = "Pridedesk test alert"
MIN_INTERVAL: Final = timedelta(minutes=1)


class TestAlertTooSoon(DomainError):
    """A test alert was sent to this user within the last minute."""

    status = 429

    def __init__(self, wait: float) -> None:
        self.wait = wait
        super().__init__(f"A test alert was sent to this user within the last minute: try again in {wait:.0f} seconds.")


@dataclass(frozen=True, slots=True)
class ChannelResult:
    """A channel of a test alert. It is used if there is no reason against it."""

    channel: str
    reason: Reason | None = None

    @property
    def is_used(self) -> bool:
        return self.reason is None


@dataclass(frozen=True, slots=True)
class TestAlert:
    """The channels of a test alert, used or not."""

    user_id: int
    channels: Sequence[ChannelResult]

    @property
    def is_sent(self) -> bool:
        return any(each.is_used for each in self.channels)


# Channels


def channels_for_user(user: User) -> list[ChannelResult]:
    """Return the channels enabled in any of the user's teams; without a team, text and email, as for owners."""
    accepted = TeamMember.objects.accepted().filter(user=user).values("team")
    options = list(TeamMemberDistributionOption.objects.filter(user=user, team__in=accepted))
    enabled = {channel for option in options for channel in enabled_channels(option)}
    return channel_results(user, enabled if options else {TEXT, EMAIL})


def channels_for_member(option: TeamMemberDistributionOption) -> list[ChannelResult]:
    """Return the enabled channels of this member of a team."""
    is_accepted = TeamMember.objects.accepted().filter(team=option.team_id, user=option.user_id).exists()
    not_accepted = None if is_accepted else Reason(SkipReason.INVITATION_NOT_ACCEPTED)
    return channel_results(option.user, set(enabled_channels(option)), not_accepted)


def enabled_channels(option: TeamMemberDistributionOption) -> Iterator[str]:
    alerts = ((TEXT, option.has_text_alert), (EMAIL, option.has_email_alert), (PHONE, option.has_call_alert))
    return (channel for channel, is_on in alerts if is_on)


def channel_results(user: User, enabled: Collection[str], objection: Reason | None = None) -> list[ChannelResult]:
    """Return all channels, with the reason if a channel is not used."""
    if not user.is_active:
        objection = Reason(SkipReason.USER_INACTIVE)
    phone = objection or user_phone_reason(user)
    email = objection or (None if user.email else Reason(SkipReason.NO_EMAIL))
    reasons = {TEXT: phone, EMAIL: email, PHONE: phone}
    off = Reason(SkipReason.CHANNEL_OFF)
    return [ChannelResult(channel, reason if channel in enabled else off) for channel, reason in reasons.items()]


def user_phone_reason(user: User) -> Reason | None:
    """Return why alerts to the user's phone are not delivered; None if they are."""
    return phone_reason(user.phone_e164, user.confirmed_phone, consent.state_of(user.phone_e164).opted_out)


# Sending


@transaction.atomic
def send_test_alert(user: User, channels: Sequence[ChannelResult], *, now: datetime) -> TestAlert:
    """Queue a test alert on each usable channel. Of two simultaneous requests the second is refused."""
    alert = TestAlert(user.pk, channels)
    if not alert.is_sent:
        return alert
    locked = User.objects.select_for_update(no_key=True).only("test_alert_sent_at").get(pk=user.pk)
    if locked.test_alert_sent_at is not None and locked.test_alert_sent_at + MIN_INTERVAL > now:
        raise TestAlertTooSoon((locked.test_alert_sent_at + MIN_INTERVAL - now).total_seconds())
    locked.test_alert_sent_at = now
    locked.save(update_fields=["test_alert_sent_at"])
    outbox.queue_messages([test_message(each.channel, user, now) for each in channels if each.is_used], now)
    return alert


def test_message(channel: str, user: User, now: datetime) -> Message:
    """Return the text, which cannot be mistaken for a lead."""
    if channel == TEXT:
        return message_factory.alert_text(
            user, f"{TITLE}: texts about new leads will come like this, from this number.", now
        )
    if channel == PHONE:
        return message_factory.alert_call(
            user, f"{TITLE}. Calls about new leads will come like this. You may hang up.", now
        )
    body = f"{TITLE}: emails about new leads will come like this, from this address. There is nothing to do."
    return message_factory.alert_email(user, TITLE, body, now)
