"""The distribution report as a page of the admin."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, cast
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from api.admin.resource_admin import ResourceAdmin
from api.internal_client import ApiError, call_api
from core import clock
from leads.api.reports import DistributionReportResource
from leads.models import DistributionReport, LeadSource
from leads.reporting.report_page import build_page
from teams.models import User
from teams.timezones import to_local

DEFAULT_DAYS: Final = 30
SPANS: Final = (7, 30, 90, 365)
CHOICES: Final = ("from", "through", "source_id")
PAGE: Final = "admin/leads/distributionreport/report.html"


class DistributionReportAdmin(ResourceAdmin):
    """The teams of the user, each with its report."""

    list_display = ["name", "order_method"]
    ordering = ["name"]

    def rows_for(self, user: User) -> QuerySet[Any]:
        """Return the teams that the user created. The API refuses the report of other teams."""
        return DistributionReport.objects.visible_to(user).filter(creator=user)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the report, with a form for the period and the source."""
        team = self.get_object(request, object_id)
        if team is None:
            redirect: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return redirect
        user = cast(User, request.user)
        today = to_local(clock.now(), user.zone).date()
        chosen = last_days(DEFAULT_DAYS, today) | {name: text for name in CHOICES if (text := request.GET.get(name))}
        answer = report_context(team, user, chosen)
        context = self.admin_site.each_context(request) | {
            "title": f"Distribution of leads: {team}",
            "team": team,
            "chosen": chosen,
            "sources": LeadSource.objects.order_by("name"),
            "spans": [(days, urlencode(chosen | last_days(days, today))) for days in SPANS],
        }
        return TemplateResponse(request, PAGE, context | answer, status=400 if "refusal" in answer else 200)


def report_context(team: DistributionReport, user: User, chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return the API's report. The page names the last day, the API the day after it."""
    query = {"from": chosen["from"], "to": day_after(chosen["through"]), "source_id": chosen.get("source_id", "")}
    try:
        report = call_api(DistributionReportResource, "GET", user, query=urlencode(query), id=str(team.pk))
    except ApiError as refusal:
        return {"refusal": str(refusal)}
    return {"report": report, "page": build_page(report)}


def last_days(count: int, today: date) -> dict[str, str]:
    """Return the query parameters for this many days, including today."""
    return {"from": (today - timedelta(days=count - 1)).isoformat(), "through": today.isoformat()}


def day_after(text: str) -> str:
    """Return the next day. Invalid dates stay as they are, for the API to refuse."""
    try:
        return (date.fromisoformat(text) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return text
