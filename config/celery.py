"""What only a Celery worker does: time-outs, watchdog, garbage collection. The application is core.celery_app."""

import gc
import os
from threading import Thread
from typing import Any

from celery.signals import worker_init, worker_ready
from django.conf import settings
from redis import Redis

from core import watchdog
from core.celery_app import app
from core.db import statement_timeout

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

__all__ = ["app"]


@worker_init.connect
def wait_no_longer_than(**more: Any) -> None:
    """Of workers alone: commands and migrations may take their time."""
    options = settings.DATABASES["default"]["OPTIONS"]
    options["pool"]["connection_class"] = statement_timeout.WorkerConnection
    options["options"] = f"{options.get('options', '')} {statement_timeout.WORKER_OPTIONS}".strip()


@worker_init.connect
def watch_itself(**more: Any) -> None:
    """Celery's own time limits need a pool of processes; ours has threads."""
    given = settings.HEARTBEAT_FILE, settings.STUCK_SECONDS, broker_answers
    Thread(target=watchdog.watch_worker, args=given, daemon=True).start()


def broker_answers() -> bool:
    """Whether the broker itself works."""
    try:
        with Redis.from_url(settings.CACHES["default"]["LOCATION"], socket_timeout=1) as broker:
            return bool(broker.ping())
    except Exception:
        return False


@worker_ready.connect
def collect_seldom(**more: Any) -> None:
    """Leave what is loaded out of garbage collection, and collect seldom: batches make rows by the thousand.

    With Python's own thresholds a fifth of an engine's time went into looking through them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
