"""Campaigns, actions, enrolments, communications and tasks in LionDesk's words (reference 2.16, 2.18-2.21)."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from campaigns import examples
from campaigns.models import Campaign, CampaignAction, CampaignContact, ContactCommunication, Task
from config.api.fields import LooseInteger, LooseSerializer, Reference
from config.api.values import milliseconds_z
from messaging.models import Message
from teams.models import User


class CampaignSerializer(LooseSerializer[Campaign]):
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


class CampaignActionSerializer(LooseSerializer[CampaignAction]):
    """The documentation's table says `template_id`, its examples `template_metadata_id`: both name a template."""

    template_id = Reference("template", write_only=True, required=False, allow_null=True)
    template_metadata_id = Reference("template", required=False, allow_null=True)
    template = serializers.SerializerMethodField()
    assigned_user_id = Reference("assigned_user", among=User.objects.within_reach_of, required=False, allow_null=True)
    trigger_type = LooseInteger(min_value=1, max_value=2, required=False)

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

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A change is judged together with what stands."""
        action = CampaignAction(**attrs) if self.instance is None else _with(self.instance, attrs)
        faults = action.faults()
        if "template" in faults:
            faults["template_metadata_id"] = faults.pop("template")
        if faults:
            raise ValidationError(faults)
        return attrs

    def to_representation(self, instance: CampaignAction) -> dict[str, Any]:
        return zero_for_nobody(super().to_representation(instance), "template_metadata_id")


class CampaignContactSerializer(LooseSerializer[CampaignContact]):
    class Meta:
        model = CampaignContact
        example = examples.CAMPAIGN_CONTACT
        fields = ["id", "campaign_id", "contact_id", "started_at"]
        read_only_fields = ["id", "campaign_id", "started_at"]


class ContactCommunicationSerializer(LooseSerializer[ContactCommunication]):
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
            "reason",
        ]
        read_only_fields = [name for name in fields if name != "is_active"]

    def get_reason(self, communication: ContactCommunication) -> str:
        """Why it was refused or stopped; while its message is held back, why and until when."""
        message = communication.message
        if message is None or message.status not in Message.WAITING or not message.reason:
            return communication.reason
        return f"{message.reason} Held until {milliseconds_z(message.not_before)}."


class TaskSerializer(LooseSerializer[Task]):
    """`reminder_type` mirrors `action_type`, for old clients; nobody is user 0."""

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
