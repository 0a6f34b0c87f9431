"""Addresses of campaigns and tasks."""

from campaigns.views import (
    CampaignActionResource,
    CampaignContactResource,
    CampaignResource,
    ContactCommunicationResource,
    ScheduledTaskResource,
    TaskResource,
)
from config.api.resources import routes

urlpatterns = [
    *routes("campaigns", CampaignResource),
    *routes("campaigns/<campaign_id>/actions", CampaignActionResource),
    *routes("campaigns/<campaign_id>/contacts", CampaignContactResource),
    *routes("contacts/<contact_id>/campaign-communications", ContactCommunicationResource),
    *routes("tasks", TaskResource),
    *routes("api/v1/tasks", ScheduledTaskResource),
]
