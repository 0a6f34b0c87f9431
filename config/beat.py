"""Celery's beat without Django: it only announces, so it needs the schedule and the broker, but no models.

`python -m config.beat` takes half the memory of `celery beat`, and keeps no file: what is due stands in the database.
"""

import logging
import signal
import sys

from celery import Celery
from celery.beat import Scheduler, Service


def main() -> None:
    """Announce until told to stop."""
    logging.basicConfig(level=logging.WARNING, format="{asctime} {levelname} {name}: {message}", style="{")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
    app = Celery("pridedesk", fixups=[])
    app.config_from_object("config.settings", namespace="CELERY")
    Service(app, scheduler_cls=Scheduler).start()


if __name__ == "__main__":
    main()
