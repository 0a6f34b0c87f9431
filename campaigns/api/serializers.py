"""Campaigns, actions, enrolments, communications and tasks in LionDesk's words."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from api.coercion import format_datetime
from api.fields import LenientDateTime, LenientInteger, LenientSerializer, LenientText, Reference
from campaigns import schedule
from campaigns.api import examples
from campaigns.models import ActionType, Campaign, CampaignAction, CampaignContact, ContactCommunication, Task
from campaigns.reasons import ScheduleReason
from campaigns.recurrence import what_is_wrong
from campaigns.recurring_tasks import EVENT_ACTIONS, EVENT_TYPES, KINDS
from core.reasons import Reason, reason_text
from messaging.api import refuse_placeholders
from messaging.content.rendering import MAX_EMAIL
from messaging.models import Message
from teams.models import User

MOMENT = {"type": "string", "format": "date-time"}
EVENT = {
    "type": "object",
    "properties": {
        "scheduled_event_id": {"type": "integer"},
        "crm_user_id": {"type": "integer"},
        "single_due_at": MOMENT | {"type": ["string", "null"]},
        "action": {"type": "string", "enum": [*EVENT_ACTIONS]},
        "type": {"type": "string", "enum": [*EVENT_TYPES]},
        "created_at": MOMENT,
        "updated_at": MOMENT,
    },
    "required": ["scheduled_event_id", "crm_user_id", "single_due_at", "action", "type", "created_at", "updated_at"],
}


class CampaignSerializer(LenientSerializer[Campaign]):
    is_shared_by_broker = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        example = examples.CAMPAIGN
        fields = [
            "id",
            "name",
            "created_at",
            "modified_at",
            "is_broker_sharing_on",
            "is_default",
            "is_shared_by_broker",
        ]
        read_only_fields = ["id", "created_at", "modified_at", "is_default"]

    def get_is_shared_by_broker(self, campaign: Campaign) -> bool:
        """Whether the caller sees it because its owner shares it."""
        return bool(campaign.owner_user_id != self.context["request"].user.pk)


class CampaignActionSerializer(LenientSerializer[CampaignAction]):
    """LionDesk's table documents `template_id`, its examples `template_metadata_id`: both name a template."""

    template_id = Reference("template", write_only=True, required=False, allow_null=True)
    template_metadata_id = Reference("template", required=False, allow_null=True)
    template = serializers.SerializerMethodField()
    assigned_user_id = Reference("assigned_user", among=User.objects.within_reach_of, required=False, allow_null=True)
    trigger_type = LenientInteger(min_value=1, max_value=2, required=False)
    delay_by_seconds = LenientInteger(min_value=0, max_value=schedule.MOST_SECONDS, required=False, allow_null=True)
    delay_by_days = LenientInteger(min_value=0, max_value=schedule.MOST_DAYS, required=False, allow_null=True)

    class Meta:
        model = CampaignAction
        example = examples.ACTION
        fields = [
            "id",
            "template_id",
            "template_metadata_id",
            "template",
            "delay_by_seconds",
            "trigger_type",
            "timing_type",
            "dispatch_time",
            "dispatch_datetime",
            "delay_by_days",
            "notes",
            "assigned_user_id",
            "recurrence",
            "is_stopped_on_text_reply",
            "type",
        ]

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if "template" not in self.context.get("load", ()):
            del fields["template"]
        return fields

    def get_template(self, action: CampaignAction) -> dict[str, Any] | None:
        template = action.template
        if template is None:
            return None
        return {
            "template_metadata_id": template.pk,
            "id": template.pk,
            "description": template.description,
            "subject": template.subject,
        }

    def validate_notes(self, notes: str) -> str:
        """They become tasks and the emails that ask for a call; only as much is looked through as an email may have."""
        refuse_placeholders(notes[:MAX_EMAIL])
        return notes

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Validate a change together with the stored values."""
        action = CampaignAction(**attrs) if self.instance is None else _with(self.instance, attrs)
        faults = action.faults()
        if "template" in faults:
            faults["template_metadata_id"] = faults.pop("template")
        if faults:
            raise ValidationError(faults)
        return attrs

    def to_representation(self, instance: CampaignAction) -> dict[str, Any]:
        return zero_for_nobody(super().to_representation(instance), "template_metadata_id")


class CampaignContactSerializer(LenientSerializer[CampaignContact]):
    class Meta:
        model = CampaignContact
        example = examples.CAMPAIGN_CONTACT
        fields = ["id", "campaign_id", "contact_id", "started_at"]
        read_only_fields = ["id", "campaign_id", "started_at"]


class ContactCommunicationSerializer(LenientSerializer[ContactCommunication]):
    code = serializers.SerializerMethodField()
    details = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()

    class Meta:
        model = ContactCommunication
        example = examples.COMMUNICATION
        fields = [
            "id",
            "campaign_name",
            "type",
            "is_stopped_on_text_reply",
            "template_subject",
            "template_name",
            "template_folder_name",
            "is_active",
            "send_at",
            "completed_at",
            "send_from_user_id",
            "completing_user_id",
            "code",
            "details",
            "reason",
        ]
        read_only_fields = [name for name in fields if name != "is_active"]

    def get_code(self, communication: ContactCommunication) -> str:
        return str(reason_of(communication).code)

    @extend_schema_field({"type": "object", "additionalProperties": {}})
    def get_details(self, communication: ContactCommunication) -> dict[str, Any]:
        return dict(reason_of(communication).details)

    def get_reason(self, communication: ContactCommunication) -> str:
        return reason_text(*reason_of(communication))


def reason_of(communication: ContactCommunication) -> Reason:
    """Why it was refused or stopped; while its message is held back, why and until when."""
    message = communication.message
    if message is None or message.status not in Message.WAITING or not message.code:
        return communication.as_reason()
    until = format_datetime(message.not_before)
    return Reason(ScheduleReason.HELD_UNTIL, {"because": message.as_reason().as_json(), "until": until})


class TaskSerializer(LenientSerializer[Task]):
    """`reminder_type` mirrors `action_type`, for old clients. User id 0 means no user."""

    assigned_user_id = Reference("assigned_user", among=User.objects.within_reach_of, required=False, allow_null=True)

    class Meta:
        model = Task
        example = examples.TASK
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
            "completed_at",
            "description",
            "is_all_day",
            "is_important",
            "due_end_at",
            "notes",
            "is_public",
            "assigned_user_id",
            "completing_user_id",
            "category",
            "folder",
        ]
        read_only_fields = [
            "id",
            "owner_user_id",
            "campaign_contact_id",
            "created_at",
            "modified_at",
            "completed_at",
            "completing_user_id",
        ]

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("action_type") and data.get("reminder_type"):
            data = data | {"action_type": data["reminder_type"]}
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "action_type" in attrs:
            attrs["reminder_type"] = attrs["action_type"]
        return attrs

    def to_representation(self, instance: Task) -> dict[str, Any]:
        return zero_for_nobody(super().to_representation(instance), "assigned_user_id", "completing_user_id")


class RecurrenceRule(LenientText):
    """Written on the first task of a series, read from the task that currently has the rule."""

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        if fault := what_is_wrong(text):
            raise ValidationError(fault)
        return text

    def get_attribute(self, instance: Any) -> str | None:
        rule: str | None = instance.rule
        return rule


class ReminderNumber(LenientInteger):
    """A kind of task by its number: 0 none, 1 Email, 2 Call, 3 SMS, 4 agent task by email, and so on."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=len(KINDS) - 1, **kwargs)

    def read(self, value: object) -> Any:
        return KINDS[super().read(value)]

    def to_representation(self, value: str) -> int:
        return KINDS.index(value)


class ScheduledTaskSerializer(LenientSerializer[Task]):
    """A task in v2.1: LionDesk's `manual_event`, with its `event` inside."""

    event = serializers.SerializerMethodField()
    crm_user_id = LenientInteger(source="owner_user_id", read_only=True)
    assigned_user_id = Reference("assigned_user", among=User.objects.within_reach_of)
    due_at = LenientDateTime(allow_null=True)  # as tasks of v2.0 may have none; here it is needed
    recurrence_rule = RecurrenceRule(source="recurrence", required=False, allow_null=True, allow_blank=True)
    reminder = ReminderNumber(source="action_type", required=False)
    updated_at = LenientDateTime(source="modified_at", read_only=True)
    update_scope = LenientInteger(min_value=1, max_value=3, required=False, write_only=True)

    class Meta:
        model = Task
        example = examples.SCHEDULED_TASK
        fields = [
            "id",
            "event",
            "crm_user_id",
            "contact_id",
            "assigned_user_id",
            "due_at",
            "recurrence_rule",
            "is_all_day",
            "description",
            "notes",
            "status",
            "reminder",
            "completed_at",
            "completing_user_id",
            "created_at",
            "updated_at",
            "update_scope",
        ]
        read_only_fields = ["id", "completed_at", "completing_user_id", "created_at"]

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("manual_event"), dict):
            data = data | data["manual_event"]
        return super().to_internal_value(data)

    def validate_due_at(self, due_at: datetime | None) -> datetime:
        if due_at is None:
            raise ValidationError("may not be null.")
        return due_at

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None:
            attrs.setdefault("action_type", ActionType.NONE)
        if "action_type" in attrs:
            attrs["reminder_type"] = attrs["action_type"]
        return attrs

    @extend_schema_field(EVENT)
    def get_event(self, task: Any) -> dict[str, Any]:
        """What a task and the others of its series belong to; a single task is its own."""
        starts_at = task.recurs_from or task.due_at
        return {
            "scheduled_event_id": task.scheduled_event_id,
            "crm_user_id": task.owner_user_id,
            "single_due_at": starts_at and format_datetime(starts_at),
            "action": task.action,
            "type": task.type,
            "created_at": format_datetime(task.created_at),
            "updated_at": format_datetime(task.modified_at),
        }

    def to_representation(self, instance: Task) -> dict[str, Any]:
        return zero_for_nobody(super().to_representation(instance), "assigned_user_id", "completing_user_id")


def zero_for_nobody(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """LionDesk shows some empty references as 0."""
    for name in names:
        if name in row and row[name] is None:
            row[name] = 0
    return row


def _with(action: CampaignAction, changes: dict[str, Any]) -> CampaignAction:
    """A copy of the action as it would be."""
    standing = {field.attname: getattr(action, field.attname) for field in action._meta.concrete_fields}
    changed = CampaignAction(**standing)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed
