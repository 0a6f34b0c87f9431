"""Campaigns, what they planned, and tasks, in the admin."""

from django.contrib import admin
from django.db.models import QuerySet

from api.admin.resource_admin import LongListPaginator, ResourceAdmin
from campaigns.api.views import CampaignActionResource, CampaignResource, TaskResource
from campaigns.models import Birthday, Campaign, CampaignAction, CampaignContact, ContactCommunication, Task
from crm.models import Contact
from teams.models import User


@admin.register(Campaign)
class CampaignAdmin(ResourceAdmin):
    resource = CampaignResource
    list_display = ["name", "owner_user", "is_broker_sharing_on", "modified_at"]
    list_select_related = ["owner_user"]
    search_fields = ["name"]
    fields = ["name", "is_broker_sharing_on"]


@admin.register(CampaignAction)
class CampaignActionAdmin(ResourceAdmin):
    resource = CampaignActionResource
    list_display = ["campaign", "type", "timing_type", "delay_by_days", "dispatch_time", "delay_by_seconds", "template"]
    list_select_related = ["campaign", "template"]
    list_filter = [("campaign", admin.RelatedOnlyFieldListFilter), "type"]
    ordering = ["campaign", "pk"]
    fixed = ["campaign"]
    fieldsets = [
        (None, {"fields": ["campaign", "type", "template", "assigned_user", "notes", "is_stopped_on_text_reply"]}),
        (
            "When",
            {
                "fields": [
                    "trigger_type",
                    "timing_type",
                    "delay_by_seconds",
                    "delay_by_days",
                    "dispatch_time",
                    "dispatch_datetime",
                    "recurrence",
                ],
                "description": "Delay by Minutes needs seconds. Delay by Day and Time needs days and a time in the"
                " sender's time zone. Exact Date and Time needs a date-time. Recurring is only for tasks and needs an"
                " RFC 5545 rule."
                " Birthday actions use Delay by Day and Time: days after the birthday; default time 9:00.",
            },
        ),
    ]

    def rows_for(self, user: User) -> QuerySet[CampaignAction]:
        return CampaignAction.objects.filter(campaign__in=Campaign.objects.visible_to(user))


@admin.register(CampaignContact)
class CampaignContactAdmin(ResourceAdmin):
    """Enrolments."""

    paginator = LongListPaginator
    list_display = ["contact", "campaign", "started_at", "ended_at", "end_reason"]
    list_select_related = ["contact", "campaign"]

    def rows_for(self, user: User) -> QuerySet[CampaignContact]:
        return CampaignContact.objects.filter(contact__in=Contact.objects.visible_to(user))


@admin.register(Birthday)
class BirthdayAdmin(ResourceAdmin):
    """On which birthdays campaigns do something, and did."""

    paginator = LongListPaginator
    list_display = ["campaign_contact", "action", "year", "due_at", "is_open", "reason"]
    list_select_related = ["campaign_contact__contact", "campaign_contact__campaign", "action__campaign"]
    list_filter = ["is_open"]

    def rows_for(self, user: User) -> QuerySet[Birthday]:
        return Birthday.objects.filter(campaign_contact__contact__in=Contact.objects.visible_to(user))


@admin.register(ContactCommunication)
class ContactCommunicationAdmin(ResourceAdmin):
    paginator = LongListPaginator
    list_display = ["send_at", "type", "campaign_contact", "is_active", "completed_at", "reason"]
    list_select_related = ["campaign_contact__contact", "campaign_contact__campaign"]
    list_filter = ["type", "is_active"]


@admin.register(Task)
class TaskAdmin(ResourceAdmin):
    resource = TaskResource
    list_display = ["description", "action_type", "status", "due_at", "contact", "assigned_user"]
    list_select_related = ["contact", "assigned_user"]
    list_filter = ["status", "action_type"]
    autocomplete_fields = ["contact"]
    fields = ["description", "action_type", "status", "due_at", "contact", "assigned_user", "notes", "is_important"]
