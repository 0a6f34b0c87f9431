"""The dialect, as an installed app: it brings lookups and templates, and no models."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin

from core.db import literals, lookups, timestamptz


class ApiConfig(AppConfig):
    name = "api"
    label = "api"

    def ready(self) -> None:
        literals.register()
        lookups.register()
        timestamptz.register()


class AdminConfig(admin.SimpleAdminConfig):
    """Django's admin, on a site of ours. config.urls loads what is in it, so that only the web part carries it."""

    default_site = "api.admin.site.PrideSite"
