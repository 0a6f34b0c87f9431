"""Leads, routes, offers, simulation and reports over HTTP."""

from leads.api.views import SubmittedLeadResource

__all__ = ["SubmittedLeadResource"]
