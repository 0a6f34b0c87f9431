"""The distribution report, as a page of the admin."""

from __future__ import annotations

from teams.models import Team


class DistributionReport(Team):
    """A team as its creator looks at it in leads.reporting: what became of its leads."""

    class Meta:
        proxy = True
