"""What is said, to whom, and whether it may be."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
