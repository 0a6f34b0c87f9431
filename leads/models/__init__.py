"""Lead sources, routes, leads, offers, and the record of how leads were distributed."""

from leads.models.lead import Lead, LeadQuerySet, PondLead, TeamLead
from leads.models.offer import LeadOffer, LeadOfferQuerySet
from leads.models.report import DistributionReport
from leads.models.rotation import RotationPlace
from leads.models.route import DistributionTarget, LeadRoute, LeadRouteQuerySet
from leads.models.source import LeadSource
from leads.models.trace import RoutingTrace, TraceEntry

__all__ = [
    "DistributionReport",
    "DistributionTarget",
    "Lead",
    "LeadOffer",
    "LeadOfferQuerySet",
    "LeadQuerySet",
    "LeadRoute",
    "LeadRouteQuerySet",
    "LeadSource",
    "PondLead",
    "RotationPlace",
    "RoutingTrace",
    "TeamLead",
    "TraceEntry",
]
