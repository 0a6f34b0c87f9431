"""Who works here."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "teams"
