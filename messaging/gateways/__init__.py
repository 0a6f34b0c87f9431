"""The doors through which messages leave the building. Whoever sends knows `Gateway`, and no provider.

What a provider says is translated at its door into an id of its own or one of four answers; the outbox acts on them.
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
    """It never will, because the recipient told the carrier to stop."""


class NotNow(NotAccepted):
    """It may another time; `is_down` when it would take no other message either."""

    def __init__(self, reason: Reason, code: int | None = None, *, is_down: bool = False) -> None:
        super().__init__(reason, code)
        self.is_down = is_down


class MaybeSent(Exception):
    """Nobody knows whether it was taken: it must be looked up before anything else happens."""

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
    """What a provider tells of a message it took."""

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
        """The provider's id of a message that may have been sent, None when it certainly was not, else CannotTell."""

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
