"""The dialect, as an installed app: it brings lookups and templates, and no models."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "config.api"
    label = "api"
