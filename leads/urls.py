"""Where leads, routes and offers are found."""

from django.urls import path

from config.api.resources import routes
from leads.views import (
    LeadOfferResource,
    LeadResource,
    LeadRouteResource,
    LeadSourceResource,
    OwnOfferResource,
    RoutingTraceResource,
)

urlpatterns = [
    *routes("lead-sources", LeadSourceResource),
    *routes("lead-routes", LeadRouteResource),
    *routes("leads", LeadResource),
    *routes("leads/<lead_id>/offers", LeadOfferResource),
    *routes("lead-offers", OwnOfferResource),
    path(
        "leads/<lead_id>/routing-trace",
        RoutingTraceResource.as_view({"get": "retrieve"}),
        name="leads-lead_id-routing-trace",
    ),
]
