"""Pridedesk's frame: settings, URLs, the clock, due work, and how the service speaks HTTP."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
