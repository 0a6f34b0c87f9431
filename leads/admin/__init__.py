"""Leads, routes, offers, simulation and reports in the admin."""

from leads.admin import leads, my_availability

__all__ = ["leads", "my_availability"]
