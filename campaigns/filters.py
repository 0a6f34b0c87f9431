"""What campaigns, their actions, communications and tasks can be asked for."""

from campaigns.models import COMMUNICATIONS, Campaign, CampaignAction, Task
from config.api.query import BooleanFilter, ChoiceFilter, FilterSet, MomentFilter, NumberFilter, TextFilter


class CampaignFilters(FilterSet):
    class Meta:
        model = Campaign
        fields = ["id", "name", "is_broker_sharing_on", "is_default", "created_at", "modified_at"]


class ZeroIsNobody(NumberFilter):
    """An id where 0 asks for rows without one, as it is shown."""

    def asks_null(self, text: str) -> bool:
        return super().asks_null(text) or text.strip() == "0"


class CampaignActionFilters(FilterSet):
    template_id = ZeroIsNobody(field_name="template_id")
    template_metadata_id = ZeroIsNobody(field_name="template_id")
    trigger_type = NumberFilter(field_name="trigger_type")

    class Meta:
        model = CampaignAction
        fields = [
            "id",
            "type",
            "timing_type",
            "assigned_user_id",
            "delay_by_seconds",
            "delay_by_days",
            "dispatch_time",
            "dispatch_datetime",
            "recurrence",
            "is_stopped_on_text_reply",
            "notes",
        ]


class ContactCommunicationFilters(FilterSet):
    """No Meta.model: `campaign_name` is an annotation."""

    id = NumberFilter(field_name="id")
    campaign_name = TextFilter(field_name="campaign_name")
    type = ChoiceFilter(field_name="type", choices=[kind.value for kind in COMMUNICATIONS])
    is_stopped_on_text_reply = BooleanFilter(field_name="is_stopped_on_text_reply")
    template_subject = TextFilter(field_name="template__subject")
    template_name = TextFilter(field_name="template__description")
    template_folder_name = TextFilter(field_name="template__template_folder__name")
    is_active = BooleanFilter(field_name="is_active")
    send_at = MomentFilter(field_name="send_at")
    completed_at = MomentFilter(field_name="completed_at")
    send_from_user_id = NumberFilter(field_name="send_from_user_id")
    completing_user_id = NumberFilter(field_name="completing_user_id")


class TaskFilters(FilterSet):
    assigned_user_id = ZeroIsNobody(field_name="assigned_user_id")
    completing_user_id = ZeroIsNobody(field_name="completing_user_id")

    class Meta:
        model = Task
        fields = [
            "id",
            "owner_user_id",
            "contact_id",
            "campaign_contact_id",
            "reminder_type",
            "action_type",
            "status",
            "created_at",
            "modified_at",
            "due_at",
            "due_end_at",
            "completed_at",
            "description",
            "notes",
            "is_all_day",
            "is_important",
            "is_public",
            "category",
            "folder",
        ]
