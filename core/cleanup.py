"""Tidying up: what has expired, and nobody can use any more, is removed. All of it lives by wall time."""

from datetime import timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from oauth2_provider.models import clear_expired

from core.celery_app import app
from core.scheduler import run_each
from teams.models import PhoneCode

LOG_KEPT = timedelta(days=365)  # who changed what in the admin
PHONE_CODES_KEPT = timedelta(days=2)  # they are counted for a day (messaging.phone_codes)


@app.task
def tidy_up() -> None:
    """Remove expired log-ins, access tokens and codes, codes that confirm phones, and the oldest of the admin's log.

    A step that fails holds up no other.
    """
    run_each([remove_log_ins, remove_tokens, remove_phone_codes, remove_log_entries])


def remove_log_ins() -> int:
    SessionStore.clear_expired()
    return 1


def remove_tokens() -> int:
    """Never what a refresh token needs: those do not expire."""
    clear_expired()
    return 1


def remove_phone_codes() -> int:
    return PhoneCode.objects.filter(created_at__lt=timezone.now() - PHONE_CODES_KEPT).delete()[0]


def remove_log_entries() -> int:
    return LogEntry.objects.filter(action_time__lt=timezone.now() - LOG_KEPT).delete()[0]
