"""Takes every text and call and sends none: for `pride bench`, which measures what is ours."""

from secrets import randbelow, token_hex

from messaging.gateways import CannotTell
from messaging.models import Message


class NullGateway:
    """A provider that accepts each message immediately."""

    batch = 500

    def send(self, message: Message) -> str:
        return f"null-{message.pk}"

    def find(self, message: Message) -> str | None:
        raise CannotTell

    def take_number(self, number: str) -> tuple[str, str]:
        return number or f"+1949555{randbelow(10_000):04}", f"null-{token_hex(8)}"

    def close(self) -> None:
        pass
