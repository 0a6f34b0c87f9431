"""URLs of leads, routes and offers."""

from django.urls import path

from api.viewsets import routes
from leads.api.actions import LEAD_ACTIONS, PondResource
from leads.api.claim_page import ClaimPage
from leads.api.history import RoutingTraceResource
from leads.api.reports import DistributionReportResource
from leads.api.simulation.views import SimulationResource
from leads.api.test_alerts import MemberTestAlertResource, MyTestAlertResource
from leads.api.views import LeadOfferResource, LeadResource, LeadRouteResource, LeadSourceResource, MyOfferResource

urlpatterns = [
    path("c/<token>", ClaimPage.as_view(), name="claim-page"),
    *routes("lead-sources", LeadSourceResource),
    path("lead-routes/simulate", SimulationResource.as_view({"post": "create"}), name="lead-routes-simulate"),
    *routes("lead-routes", LeadRouteResource),
    *routes("leads", LeadResource),
    *routes("leads/<lead_id>/offers", LeadOfferResource),
    *routes("lead-offers", MyOfferResource),
    *routes("pond", PondResource),
    *(
        path(f"leads/<lead_id>/{name}", resource.as_view({"post": "create"}), name=f"leads-lead_id-{name}")
        for name, resource in LEAD_ACTIONS.items()
    ),
    path(
        "leads/<lead_id>/routing-trace",
        RoutingTraceResource.as_view({"get": "retrieve"}),
        name="leads-lead_id-routing-trace",
    ),
    path("me/test-alert", MyTestAlertResource.as_view({"post": "create"}), name="me-test-alert"),
    path(
        "team-member-distribution-options/<option_id>/test-alert",
        MemberTestAlertResource.as_view({"post": "create"}),
        name="team-member-distribution-options-option_id-test-alert",
    ),
    path(
        "teams/<id>/distribution-report",
        DistributionReportResource.as_view({"get": "retrieve"}),
        name="teams-id-distribution-report",
    ),
]
