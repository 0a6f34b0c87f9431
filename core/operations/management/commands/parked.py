"""`./pride manage parked`: list the due work that failed, and retry it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import scheduler
from core.operations.models import ParkedRow
from core.operations.retry import retry


class Command(BaseCommand):
    help = "List parked rows (list), or retry them (retry)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=["list", "retry"], default="list")
        parser.add_argument(
            "ids", nargs="*", type=int, metavar="ID", help="which ones, by the first column of the list"
        )
        parser.add_argument("--job", help="only rows of this job")

    def handle(self, *args: Any, action: str, ids: list[int], job: str | None, **options: Any) -> None:
        if job is not None and job not in scheduler.jobs():
            raise CommandError(f"--job: there is no job {job}. Jobs: {', '.join(sorted(scheduler.jobs()))}.")
        rows = ParkedRow.objects.filter(is_parked=True)
        rows = rows.filter(job=job) if job else rows
        rows = rows.filter(pk__in=ids) if ids else rows
        if action == "retry":
            self.stdout.write(f"{retry(rows)} rows are retried now.")
            return
        for row in rows.order_by("parked_at", "pk").iterator():
            again = f"{row.retry_at:%Y-%m-%dT%H:%M:%SZ}" if row.retry_at else "on request"
            line = (row.pk, row.job, row.row_id, row.error_code, f"{row.parked_at:%Y-%m-%dT%H:%M:%SZ}", again)
            self.stdout.write("\t".join(map(str, (*line, " ".join(row.reason.split())))))
