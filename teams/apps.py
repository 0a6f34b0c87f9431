"""Users, teams and their settings."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TeamsConfig(AppConfig):
    name = "teams"

    def ready(self) -> None:
        post_migrate.connect(import_module("oauth.explorer").register_explorer, sender=self)
