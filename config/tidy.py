"""Tidying up: what has expired, and nobody can use any more, is removed. All of it lives by wall time."""

from datetime import timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from oauth2_provider.models import clear_expired

from config.celery import app

LOG_KEPT = timedelta(days=365)  # who changed what in the admin


@app.task
def tidy_up() -> None:
    """Remove expired log-ins, access tokens and codes, and the oldest of the admin's log."""
    SessionStore.clear_expired()
    clear_expired()  # never what a refresh token needs: those do not expire
    LogEntry.objects.filter(action_time__lt=timezone.now() - LOG_KEPT).delete()
