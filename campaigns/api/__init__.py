"""Campaigns and tasks over HTTP."""

from campaigns.api.views import TaskResource

__all__ = ["TaskResource"]
