"""Is it up (`/healthz`), and does all of it work (`/readyz`)? For supervisors and load balancers, without a log-in."""

import logging
from collections.abc import Callable
from contextlib import suppress

import psycopg
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from redis import Redis

from core.operations.models import ParkedRow
from core.tasks import BEAT_SEEN

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 1  # seconds
DATABASE_TIMEOUT_SECONDS = 2  # the least there is


def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": "up"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 if all parts work, otherwise 503 with those that do not; and the number of parked rows."""
    missing = [name for name, works in CHECKS.items() if not does_work(works)]
    if missing:
        logger.info("Not ready: %s", ", ".join(missing))
        details = {} if "database" in missing else parked_count()
        answer = JsonResponse({"status": "not ready", "missing": missing, **details}, status=503)
        answer._has_been_logged = True  # type: ignore[attr-defined]  # Django would, as an error: at every start, too
        return answer
    return JsonResponse({"status": "ready", **parked_count()})


def parked_count() -> dict[str, int]:
    """Parked rows take nothing from the readiness: all other work is done."""
    with suppress(DatabaseError):
        return {"parked": ParkedRow.objects.filter(is_parked=True).count()}
    return {}


def does_work(works: Callable[[], bool]) -> bool:
    """Return whether a part works. Any exception means that it does not."""
    with suppress(Exception):
        return works()
    return False


def database_answers() -> bool:
    """Use a separate connection: an open connection to a frozen server waits without end."""
    psycopg.connect(**connection.get_connection_params() | {"connect_timeout": DATABASE_TIMEOUT_SECONDS}).close()
    return True


def broker_answers() -> bool:
    with Redis.from_url(settings.CACHES["default"]["LOCATION"], socket_timeout=TIMEOUT_SECONDS) as broker:
        return bool(broker.ping())


def is_beat_alive() -> bool:
    """Beat, broker and a worker together wrote this key in the last ten seconds (core.scheduler)."""
    return bool(cache.get(BEAT_SEEN))


CHECKS = {"database": database_answers, "broker": broker_answers, "beat": is_beat_alive}
