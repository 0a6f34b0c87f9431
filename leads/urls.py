"""Where leads, routes and offers are found, and API v1."""

from django.urls import path

from config.api.resources import routes
from leads.deeds.views import DEEDS, PondResource
from leads.links.views import ClaimPage
from leads.rehearsal.views import RehearsalResource
from leads.report.views import DistributionReportResource
from leads.trial.views import MemberTrialResource, OwnTrialResource
from leads.v1.views import ApiV1
from leads.views import (
    LeadOfferResource,
    LeadResource,
    LeadRouteResource,
    LeadSourceResource,
    OwnOfferResource,
)
from leads.why.views import RoutingTraceResource

urlpatterns = [
    path("", ApiV1.as_view(), name="v1"),
    path("c/<token>", ClaimPage.as_view(), name="claim-page"),
    *routes("lead-sources", LeadSourceResource),
    path("lead-routes/simulate", RehearsalResource.as_view({"post": "create"}), name="lead-routes-simulate"),
    *routes("lead-routes", LeadRouteResource),
    *routes("leads", LeadResource),
    *routes("leads/<lead_id>/offers", LeadOfferResource),
    *routes("lead-offers", OwnOfferResource),
    *routes("pond", PondResource),
    *(
        path(f"leads/<lead_id>/{name}", deed.as_view({"post": "create"}), name=f"leads-lead_id-{name}")
        for name, deed in DEEDS.items()
    ),
    path(
        "leads/<lead_id>/routing-trace",
        RoutingTraceResource.as_view({"get": "retrieve"}),
        name="leads-lead_id-routing-trace",
    ),
    path("me/test-alert", OwnTrialResource.as_view({"post": "create"}), name="me-test-alert"),
    path(
        "team-member-distribution-options/<option_id>/test-alert",
        MemberTrialResource.as_view({"post": "create"}),
        name="team-member-distribution-options-option_id-test-alert",
    ),
    path(
        "teams/<id>/distribution-report",
        DistributionReportResource.as_view({"get": "retrieve"}),
        name="teams-id-distribution-report",
    ),
]
