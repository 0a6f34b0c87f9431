"""The reason of a row's state: columns for a `core.reasons.Reason`."""

from typing import Any, Self

from django.db import models

from core.reasons import Reason, reason_text


class ReasonColumns(models.Model):
    """`code` is empty without a reason. Code decides by `code` and `details`; `reason` is for people alone."""

    code = models.CharField(max_length=40, blank=True, default="", editable=False)
    details = models.JSONField(blank=True, default=dict, editable=False)

    class Meta:
        abstract = True

    @property
    def reason(self) -> str:
        return reason_text(self.code, self.details)

    def as_reason(self) -> Reason:
        return Reason(self.code, self.details)

    def set_reason(self, reason: Reason | None) -> Self:
        self.code, self.details = (str(reason.code), dict(reason.details)) if reason else ("", {})
        return self


def reason_columns(reason: Reason | None) -> dict[str, Any]:
    """The values of the columns, for an update."""
    return reason.as_json() if reason else {"code": "", "details": {}}
