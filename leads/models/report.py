"""The distribution report as a page of the admin."""

from __future__ import annotations

from teams.models import Team


class DistributionReport(Team):
    """A team in the admin of its creator, as the subject of a report (leads.reporting)."""

    class Meta:
        proxy = True
