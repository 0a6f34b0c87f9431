"""`GET /leads/:id/routing-trace`."""

from typing import Any, cast

from django.db.models import QuerySet

from api.exceptions import RecordNotFound
from api.viewsets import BEYOND, Resource, get_or_404
from leads.api.history_serializers import RoutingTraceSerializer
from leads.history.load_timeline import load_timeline
from leads.models import Lead, RoutingTrace
from teams.models import User


class RoutingTraceResource(Resource[RoutingTrace]):
    """The routing decision of a lead, and all later events."""

    verbs = ("retrieve",)
    tag = BEYOND
    serializer_class = RoutingTraceSerializer

    def queryset_for(self, user: User) -> QuerySet[RoutingTrace]:
        return RoutingTrace.objects.filter(lead__in=Lead.objects.in_hands_of(user))

    def get_object(self) -> RoutingTrace:
        lead = get_or_404(Lead.objects.in_hands_of(self.user), self.kwargs["lead_id"])
        found: RoutingTrace | None = RoutingTrace.objects.filter(lead=lead).first()
        if found is None:
            raise RecordNotFound(self.kwargs["lead_id"])
        cast(Any, found).timeline = load_timeline(lead, found)
        return found
