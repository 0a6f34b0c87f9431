"""Failed due work in the admin, for operators: what failed, why, and its retry."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from api.admin.resource_admin import ResourceAdmin
from core import scheduler
from core.operations.models import ParkedRow
from core.operations.retry import retry


@admin.register(ParkedRow)
class ParkedRowAdmin(ResourceAdmin):
    is_for_staff = True
    list_display = ["job", "row", "error_code", "reason", "failures", "parked_at", "retry_at"]
    list_filter = ["job", "error_code"]
    ordering = ["-parked_at", "-pk"]
    actions = ["retry_now"]

    def rows_for(self, user: Any) -> QuerySet[ParkedRow]:
        """Those that wait; what was released is kept only to count its failures."""
        return ParkedRow.objects.filter(is_parked=True)

    @admin.display(description="Row", ordering="row_id")
    def row(self, parked: ParkedRow) -> str:
        """A link to the row, where the admin shows its kind."""
        job, _ = scheduler.jobs().get(parked.job, (None, ""))
        if job is None:
            return str(parked.row_id)
        label = f"{job.model._meta.verbose_name} {parked.row_id}"
        try:
            address = reverse(f"admin:{job.model._meta.label_lower.replace('.', '_')}_change", args=[parked.row_id])
        except NoReverseMatch:
            return label
        return format_html('<a href="{}">{}</a>', address, label)

    @admin.action(description="Retry")
    def retry_now(self, request: HttpRequest, rows: QuerySet[ParkedRow]) -> None:
        count = retry(rows)
        messages.success(request, f"{count} rows are retried now. A row that fails again is listed again.")
