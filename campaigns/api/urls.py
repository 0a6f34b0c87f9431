"""Addresses of campaigns and tasks."""

from api.viewsets import routes
from campaigns.api.views import (
    CampaignActionResource,
    CampaignContactResource,
    CampaignResource,
    ContactCommunicationResource,
    ScheduledTaskResource,
    TaskResource,
)

urlpatterns = [
    *routes("campaigns", CampaignResource),
    *routes("campaigns/<campaign_id>/actions", CampaignActionResource),
    *routes("campaigns/<campaign_id>/contacts", CampaignContactResource),
    *routes("contacts/<contact_id>/campaign-communications", ContactCommunicationResource),
    *routes("tasks", TaskResource),
    *routes("api/v1/tasks", ScheduledTaskResource),
]
