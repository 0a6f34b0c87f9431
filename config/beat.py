"""Celery's beat without Django: it only sends tasks, so it needs the schedule and the broker, but no models.

`python -m config.beat` takes half the memory of `celery beat`, and keeps no file: due work is in the database.
"""

import logging
import signal
import sys
from typing import Any, Final

from celery import Celery
from celery.beat import Scheduler, Service
from celery.schedules import crontab

from config import settings
from core import watchdog

SCHEDULE: Final = {
    f"run what is due in {engine}": {
        "task": "core.tasks.tick",
        "schedule": 1.0,
        "args": [engine],
        "options": {"expires": 5},
    }
    for engine in settings.ENGINES
} | {
    "show that beat is alive": {"task": "core.tasks.heartbeat", "schedule": 2.0, "options": {"expires": 5}},
    "fold the totals of contacts": {
        "task": "crm.contact_counts.compact_totals",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # After an import: each page of contacts adds these rows up.
    "fold many totals of contacts": {
        "task": "crm.contact_counts.compact_totals",
        "schedule": 2.0,
        "kwargs": {"min_rows": 1000},
        "options": {"expires": 5},
    },
    # By real time: a beat that is restarted often would otherwise never reach an hour.
    "remove what has expired": {
        "task": "core.cleanup.clean_up",
        "schedule": crontab(minute=17),
        "options": {"expires": 600},
    },
}


class WatchedScheduler(Scheduler):
    """Updates the heartbeat file each time it has sent its tasks."""

    def tick(self, *given: Any, **named: Any) -> Any:
        watchdog.record_liveness(settings.HEARTBEAT_FILE, settings.STUCK_SECONDS)
        return super().tick(*given, **named)


def main() -> None:
    """Send tasks until it is stopped."""
    logging.basicConfig(level=logging.WARNING, format="{asctime} {levelname} {name}: {message}", style="{")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
    app = Celery("pridedesk", fixups=[])
    app.config_from_object(settings, namespace="CELERY")
    app.conf.beat_schedule = SCHEDULE
    Service(app, scheduler_cls=WatchedScheduler).start()


if __name__ == "__main__":
    main()
