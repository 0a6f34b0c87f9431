"""Lead sources, routes, leads, offers, and the record of how leads were distributed."""

from leads.models.lead import Lead, LeadOfTeam, LeadQuerySet, PondLead
from leads.models.offer import LeadOffer, LeadOfferQuerySet
from leads.models.report import DistributionReport
from leads.models.rotation import RotationSlot
from leads.models.route import DistributionTarget, LeadRoute, LeadRouteQuerySet
from leads.models.source import LeadSource
from leads.models.trace import RoutingTrace, TraceEntry

__all__ = [
    "DistributionReport",
    "DistributionTarget",
    "Lead",
    "LeadOfTeam",
    "LeadOffer",
    "LeadOfferQuerySet",
    "LeadQuerySet",
    "LeadRoute",
    "LeadRouteQuerySet",
    "LeadSource",
    "PondLead",
    "RotationSlot",
    "RoutingTrace",
    "TraceEntry",
]
