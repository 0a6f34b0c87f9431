"""Handlers of inbound texts and of keys pressed in a call, which the apps above messaging register."""

from collections.abc import Callable
from datetime import datetime

from core.registry import Registry
from messaging.models import Message

# Gets the text and `now`. True: it handled the text, which becomes no message of a contact.
InboundTextHandler = Callable[[Message, datetime], bool]
inbound_text_handlers: Registry[InboundTextHandler] = Registry()

# Gets the call, the key and `now`; returns what is spoken next. Empty: the key is left to the next handler.
CallKeyHandler = Callable[[Message, str, datetime], str]
call_key_handlers: Registry[CallKeyHandler] = Registry()
