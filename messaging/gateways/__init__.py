"""The gateways to providers. Senders know only `Gateway`, not the provider behind it.

A gateway translates a provider's answer into the provider's id or one of four errors; the outbox acts on them.
"""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from core.reasons import Reason, reason_text
from messaging.models import Message


class NotAccepted(Exception):
    """The provider did not take the message, and nothing was sent; `code` is the provider's."""

    def __init__(self, reason: Reason, code: int | None = None) -> None:
        super().__init__(reason_text(*reason))
        self.reason = reason
        self.code = code


class Refused(NotAccepted):
    """It never will."""


class OptedOut(Refused):
    """Permanent: the recipient opted out with the carrier."""


class NotNow(NotAccepted):
    """It may another time; `is_down` when it would take no other message either."""

    def __init__(self, reason: Reason, code: int | None = None, *, is_down: bool = False) -> None:
        super().__init__(reason, code)
        self.is_down = is_down


class MaybeSent(Exception):
    """It is unknown whether the provider accepted it. It must be looked up before anything else."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason_text(*reason))
        self.reason = reason


class CannotTell(Exception):
    """Whether it was taken cannot be found out, now or later."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that came in, as the provider announced it."""

    provider_sid: str
    sender: str
    recipient: str
    body: str = ""
    media: tuple[str, ...] = ()  # URLs
    opt_out_type: str = ""  # STOP, START or HELP, where the provider has acted on the keyword already


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt for a message that the provider accepted."""

    provider_sid: str
    message_id: int | None  # ours, where the provider sends it back
    provider_status: str  # in the provider's words
    supersedes: frozenset[str]  # the words it may take the place of: news arrives doubled and out of order
    status: str  # in ours
    error_code: int | None = None
    reason: Reason | None = None
    is_opt_out: bool = False
    channel: str = Message.Channel.TEXT


class Gateway(Protocol):
    """What the outbox knows of a provider. One instance serves one drain of the queue, then is closed."""

    batch: int  # messages taken at a time: few where a kill would leave them to be looked up

    def send(self, message: Message) -> str:
        """Hand the message over; return the provider's id for it, or raise one of the answers above."""

    def find(self, message: Message) -> str | None:
        """Return the provider's id if the message may have been sent, None if it was not. CannotTell if unknown."""

    def close(self) -> None:
        """Let go of connections."""


class TextGateway(Gateway, Protocol):
    """A gateway for texts can also provide the numbers they leave from."""

    def take_number(self, number: str) -> tuple[str, str]:
        """A number of our own and the provider's id of it: the one named, bought if need be, or with "" any."""


def text_gateway() -> TextGateway:
    """The door for texts that settings name."""
    gateway: TextGateway = import_string(settings.TEXT_GATEWAY)()
    return gateway


def call_gateway() -> Gateway:
    """The door for calls that settings name."""
    gateway: Gateway = import_string(settings.CALL_GATEWAY)()
    return gateway
