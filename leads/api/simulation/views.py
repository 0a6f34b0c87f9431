"""`POST /lead-routes/simulate`."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.viewsets import BEYOND, Resource
from leads.api.simulation.draft_routes import draft_routes
from leads.api.simulation.input import read_cases
from leads.api.simulation.serializers import SimulationResultSerializer, SimulationSerializer
from leads.models import LeadRoute
from leads.routing.routes import load_routes
from leads.simulation.run import simulate


class SimulationResource(Resource[LeadRoute]):
    """Simulate which members would be offered which lead and when, with your routes or a draft. Nothing is saved."""

    verbs = ("create",)
    tag = BEYOND
    serializer_class = SimulationResultSerializer

    @extend_schema(request=SimulationSerializer, responses={200: SimulationResultSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        serializer = SimulationSerializer(data=request.data, context=self.get_serializer_context())
        self.validate(serializer)
        body = serializer.validated_data
        cases = read_cases(self.user, body, self.now)
        bodies = body.get("routes")
        is_draft = bodies is not None
        routes = draft_routes(self.user, bodies, self.get_serializer_context()) if is_draft else load_routes(self.user)
        return Response(self.represent(simulate(self.user, routes, cases)))
