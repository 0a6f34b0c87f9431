"""What campaigns, their actions, communications and tasks can be asked for."""

from api.coercion import parse_integer
from api.lists.filter_backend import FilterSet
from api.lists.filters import (
    EQUALITY,
    BooleanFilter,
    ChoiceFilter,
    ColumnFilter,
    DateTimeFilter,
    NumberFilter,
    TextFilter,
)
from campaigns.models import COMMUNICATIONS, Campaign, CampaignAction, Task
from campaigns.recurring_tasks import EVENT_ACTIONS, EVENT_TYPES, kind_of


class CampaignFilters(FilterSet):
    is_shared_by_broker = BooleanFilter(field_name="is_anothers")  # an alias of the view's

    class Meta:
        model = Campaign
        fields = ["id", "name", "is_broker_sharing_on", "is_default", "created_at", "modified_at"]


class ZeroIsNobody(NumberFilter):
    """An id filter in which 0 means rows without one, as they are shown."""

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
    send_at = DateTimeFilter(field_name="send_at")
    completed_at = DateTimeFilter(field_name="completed_at")
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


class ReminderFilter(ColumnFilter):
    """A kind of task by its number."""

    operators = EQUALITY
    schema = {"type": "integer"}
    is_sortable = False

    def read(self, text: str) -> str:
        return kind_of(parse_integer(text))


class ScheduledTaskFilters(FilterSet):
    """Without Meta.model: fields of the event are annotations."""

    id = NumberFilter(field_name="id")
    scheduled_event_id = NumberFilter(field_name="scheduled_event_id")
    type = ChoiceFilter(field_name="type", choices=EVENT_TYPES)
    action = ChoiceFilter(field_name="action", choices=EVENT_ACTIONS)
    crm_user_id = NumberFilter(field_name="owner_user_id")
    contact_id = NumberFilter(field_name="contact_id")
    assigned_user_id = ZeroIsNobody(field_name="assigned_user_id")
    due_at = DateTimeFilter(field_name="due_at")
    recurrence_rule = TextFilter(field_name="rule")
    is_all_day = BooleanFilter(field_name="is_all_day")
    description = TextFilter(field_name="description")
    notes = TextFilter(field_name="notes")
    status = ChoiceFilter(field_name="status", choices=Task.Status.values)
    reminder = ReminderFilter(field_name="action_type")
    completed_at = DateTimeFilter(field_name="completed_at")
    completing_user_id = ZeroIsNobody(field_name="completing_user_id")
    created_at = DateTimeFilter(field_name="created_at")
    updated_at = DateTimeFilter(field_name="modified_at")
