"""What follows on schedule."""

from importlib import import_module

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        import_module("campaigns.receivers")  # its signals' receivers need the models, which stand only now
