"""The Celery application. Beat only announces; what is due stands in the database (config.due)."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("pridedesk")
app.config_from_object("django.conf:settings", namespace="CELERY")


@worker_ready.connect
def collect_seldom(**more: Any) -> None:
    """Leave what is loaded out of garbage collection, and collect seldom: batches make rows by the thousand.

    With Python's own thresholds a fifth of an engine's time went into looking through them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
