"""Handlers that apps register with an app below them, so that it can call them without importing them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Handler = TypeVar("Handler")


class Registry(Generic[Handler]):
    """Handlers in the order of their registration.

    An app registers in the module that its `AppConfig.ready` imports (`receivers.py`). Registering twice has no effect.
    """

    def __init__(self) -> None:
        self._handlers: list[Handler] = []

    def register(self, handler: Handler) -> Handler:
        """Add a handler behind those that are there. Works as a decorator."""
        if handler not in self._handlers:
            self._handlers.append(handler)
        return handler

    @contextmanager
    def only(self, *handlers: Handler) -> Iterator[None]:
        """Replace the handlers for the length of a test."""
        registered, self._handlers = self._handlers, list(handlers)
        try:
            yield
        finally:
            self._handlers = registered

    def __iter__(self) -> Iterator[Handler]:
        return iter(tuple(self._handlers))
