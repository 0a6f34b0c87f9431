"""Campaigns, what they plan for a contact, and tasks."""

from campaigns.models.action_types import (
    COMMUNICATIONS,
    LONGEST_DESCRIPTION,
    REMINDED_BY,
    REMINDERS,
    TEMPLATE_TYPES,
    ActionType,
)
from campaigns.models.campaign import Campaign, CampaignAction
from campaigns.models.enrollment import Birthday, CampaignContact, ContactCommunication
from campaigns.models.task import Task, TaskQuerySet

__all__ = [
    "COMMUNICATIONS",
    "LONGEST_DESCRIPTION",
    "REMINDED_BY",
    "REMINDERS",
    "TEMPLATE_TYPES",
    "ActionType",
    "Birthday",
    "Campaign",
    "CampaignAction",
    "CampaignContact",
    "ContactCommunication",
    "Task",
    "TaskQuerySet",
]
