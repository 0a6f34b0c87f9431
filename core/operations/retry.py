"""Retrying parked rows on request, as the admin and the command do."""

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from core import scheduler
from core.operations.models import ParkedRow
from core.operations.parking import release


@transaction.atomic
def retry(rows: QuerySet[ParkedRow]) -> int:
    """Release these rows and wake the engines; return how many rows."""
    released = release(rows)
    for name in settings.ENGINES if released else ():
        scheduler.trigger(name)
    return released
