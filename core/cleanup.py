"""Deletes expired rows that no user can use any more. All of them expire in real time."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from oauth2_provider.models import clear_expired

from core.celery_app import app
from core.registry import Registry
from core.scheduler import run_each

LOG_KEPT = timedelta(days=365)  # who changed what in the admin
cleanup_steps: Registry[Callable[[], int]] = Registry()  # of the apps; each returns how many rows it removed


@app.task
def clean_up() -> None:
    """Remove expired log-ins, access tokens and codes, the oldest of the admin's log, and what the apps registered.

    A step that fails holds up no other.
    """
    run_each([remove_log_ins, remove_tokens, remove_log_entries, *cleanup_steps])


def remove_log_ins() -> int:
    SessionStore.clear_expired()
    return 1


def remove_tokens() -> int:
    """Never what a refresh token needs: those do not expire."""
    clear_expired()
    return 1


def remove_log_entries() -> int:
    return LogEntry.objects.filter(action_time__lt=timezone.now() - LOG_KEPT).delete()[0]
