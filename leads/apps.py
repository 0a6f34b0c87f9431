"""What comes in, and who takes it."""

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"
