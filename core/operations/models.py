"""Due work that failed and waits for a retry (docs/decisions/0012-one-bad-row.md)."""

from django.db import models


class ParkedRow(models.Model):
    """A row that a job could not do. While it is parked, the job passes it over.

    The record outlives the retry by some days, so that a row that fails again waits longer.
    """

    MAX_REASON = 1000

    job = models.CharField(max_length=50)
    row_id = models.BigIntegerField("row")
    is_parked = models.BooleanField(default=True)
    error_code = models.CharField(max_length=100)  # SQLSTATE, or the name of the exception
    reason = models.CharField(max_length=MAX_REASON, blank=True)
    failures = models.PositiveIntegerField(default=1)
    parked_at = models.DateTimeField()
    retry_at = models.DateTimeField(null=True, blank=True)  # None: only on request

    class Meta:
        ordering = ["id"]
        verbose_name = "failed job row"
        constraints = [
            # Also read by each claim: which rows of this job are parked.
            models.UniqueConstraint(fields=["job", "row_id"], name="parked_row_once"),
        ]
        indexes = [
            # Read by each tick: rows to retry.
            models.Index(fields=["retry_at", "id"], condition=models.Q(is_parked=True), name="parked_row_retry"),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.row_id}"
