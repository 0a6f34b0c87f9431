"""Messages, their recipients, and whether they may be sent."""

from importlib import import_module

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        import_module("messaging.receivers")
