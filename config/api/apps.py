"""The dialect, as an installed app: it brings lookups and templates, and no models."""

from django.apps import AppConfig

from config.api import lookups


class ApiConfig(AppConfig):
    name = "config.api"
    label = "api"

    def ready(self) -> None:
        lookups.register()
