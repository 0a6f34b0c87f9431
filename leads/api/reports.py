"""`GET /teams/:id/distribution-report`."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.viewsets import BEYOND, Resource, get_or_404
from core.errors import NotAllowed
from leads.api.report_serializers import DistributionReportSerializer
from leads.models import DistributionReport
from leads.reporting.metrics import build_report
from leads.reporting.report_query import MAX_PERIOD, read_query
from teams.models import User


class NotYourTeam(NotAllowed):
    """Only the creator of a team sees how its leads were distributed."""


DAY = "A date (midnight in your time zone) or a date-time."
PARAMETERS = [
    OpenApiParameter("from", str, description=f"{DAY} Leads received then or later. Default: 30 days before `to`."),
    OpenApiParameter(
        "to",
        str,
        description=f"{DAY} Leads received before it. Default: now. {MAX_PERIOD.days} days at most.",
    ),
    OpenApiParameter("source_id", int, description="Only leads of this source."),
]


class DistributionReportResource(Resource[DistributionReport]):
    """Speed and fairness of the distribution of a team's leads."""

    verbs = ("retrieve",)
    tag = BEYOND
    is_for_some = True
    serializer_class = DistributionReportSerializer
    sort_fields = ()

    def queryset_for(self, user: User) -> QuerySet[Any]:
        """Return all visible teams: for a team of another creator the answer is 403, not 404."""
        return DistributionReport.objects.visible_to(user)

    @extend_schema(parameters=PARAMETERS)
    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        team = get_or_404(self.get_queryset(), self.kwargs["id"])
        if not team.may_be_changed_by(self.user):
            raise NotYourTeam
        query = read_query(self.query, self.user.zone, self.now)
        return Response(self.represent(build_report(team, query)))
