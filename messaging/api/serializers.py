"""Serializers of templates, template folders and messages."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import LenientChoice, LenientSerializer, LenientText, Reference
from messaging.api import examples
from messaging.content.rendering import MAX_EMAIL, body_fault, placeholder_fault
from messaging.models import Consent, Message, Template, TemplateFolder
from messaging.phone_codes import DIGITS
from teams.models import PhoneCode, User


def refuse_placeholders(text: str) -> str:
    """Validate a template when it is saved, so that it does not fail when it is sent."""
    if fault := placeholder_fault(text):
        raise serializers.ValidationError(fault)
    return text


class TemplateSerializer(LenientSerializer[Template]):
    class Meta:
        model = Template
        example = examples.TEMPLATE
        fields = [
            "id",
            "user_id",
            "template_folder_id",
            "body",
            "subject",
            "description",
            "file_id",
            "created_at",
            "modified_at",
            "template_type",
        ]
        read_only_fields = ["user_id", "created_at", "modified_at"]

    def validate_subject(self, subject: str) -> str:
        return refuse_placeholders(subject)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The body must fit the type, also if only one of the two is changed."""
        if attrs.keys() & {"body", "template_type"}:
            given = {name: attrs.get(name, getattr(self.instance, name, "")) for name in ("template_type", "body")}
            if fault := body_fault(**given):
                raise serializers.ValidationError({"body": fault})
        return attrs


class TemplateFolderSerializer(LenientSerializer[TemplateFolder]):
    counts = serializers.SerializerMethodField()

    class Meta:
        model = TemplateFolder
        example = examples.FOLDER
        fields = ["id", "user_id", "name", "description", "original_template_folder_id", "counts"]
        read_only_fields = ["user_id", "original_template_folder_id"]

    @extend_schema_field(
        {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": {"type": "integer"}}}
    )
    def get_counts(self, folder: TemplateFolder) -> dict[str, dict[str, int]]:
        """How many templates of each type. Nested twice, as the one documented example has it."""
        counted = {row["type"]: row["count"] for row in getattr(folder, "template_counts", ())}  # a new folder has none
        return {"counts": {kind: counted.get(kind, 0) for kind in Template.TemplateType.values}}


class FolderShareSerializer(TemplateFolderSerializer):
    """With whom to share, by id or email; the answer is their copy."""

    user_id = Reference("user", among=User.objects.within_reach_of, required=False, allow_null=True)
    email = LenientText(write_only=True, required=False, allow_blank=True, max_length=255, trim_whitespace=True)

    class Meta(TemplateFolderSerializer.Meta):
        example = examples.SHARE
        fields = [*TemplateFolderSerializer.Meta.fields, "email"]
        read_only_fields = ["name", "description", "original_template_folder_id"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two must name a colleague; an id goes before an email."""
        email = attrs.pop("email", "")
        if attrs.get("user") is None and email:
            colleagues = User.objects.within_reach_of(self.context["request"].user)
            attrs["user"] = colleagues.filter(email__iexact=email).first()
            if attrs["user"] is None:
                raise serializers.ValidationError({"email": "is not a user of your teams."})
        if attrs.get("user") is None:
            raise serializers.ValidationError({"user_id": "is required, or an email."})
        return attrs


class MessageSerializer(LenientSerializer[Message]):
    """A text or an email to or from a contact; `body` and `subject` may be left to a template."""

    channel = LenientChoice(choices=[Message.Channel.TEXT, Message.Channel.EMAIL], shown=Message.Channel.values)
    purpose = LenientChoice(choices=Message.IN_CONVERSATION, read_only=True)
    locals()["from"] = LenientText(source="sender", read_only=True)  # `from` is a Python keyword
    to = LenientText(source="recipient", read_only=True)
    reason = LenientText(read_only=True)
    body = LenientText(required=False, allow_blank=True, max_length=MAX_EMAIL)
    automatic = LenientText(read_only=True, max_length=10)  # reaction, auto_reply, or "" for what a person wrote
    template_id = Reference("template", model=Template, write_only=True, required=False, allow_null=True)

    class Meta:
        model = Message
        example = examples.MESSAGE
        fields = [
            "id",
            "contact_id",
            "user_id",
            "channel",
            "purpose",
            "is_inbound",
            "status",
            "code",
            "details",
            "reason",
            "from",
            "to",
            "subject",
            "body",
            "media",
            "automatic",
            "template_id",
            "created_at",
            "not_before",
            "sent_at",
        ]
        read_only_fields = [
            "contact_id",
            "user_id",
            "status",
            "code",
            "details",
            "reason",
            "media",
            "automatic",
            "created_at",
            "not_before",
            "sent_at",
        ]

    def validate_subject(self, subject: str) -> str:
        return refuse_placeholders(subject)

    def validate_body(self, body: str) -> str:
        return refuse_placeholders(body)


class PhoneCodeSerializer(LenientSerializer[PhoneCode]):
    """A code that was texted to the user's phone; the code itself is read there alone."""

    class Meta:
        model = PhoneCode
        example = examples.PHONE_CODE
        fields = ["number", "created_at", "expires_at"]
        read_only_fields = fields


class PhoneConfirmationSerializer(serializers.Serializer[Any]):
    """The code that was texted to the user's phone."""

    code = LenientText(max_length=20, trim_whitespace=True)

    class Meta:
        example = examples.PHONE_CONFIRMATION

    def validate_code(self, code: str) -> str:
        digits = code.replace(" ", "").replace("-", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) == DIGITS):
            raise serializers.ValidationError(f"must be the {DIGITS} digits that were texted to your phone.")
        return digits


class ConsentSerializer(LenientSerializer[Consent]):
    """A row of the ledger of consent. `words` are what the person wrote, or was shown."""

    number = LenientText(max_length=16)
    kind = LenientChoice(choices=[Consent.Kind.RESUMED, Consent.Kind.OPTED_OUT], shown=Consent.Kind.values)

    class Meta:
        model = Consent
        example = examples.CONSENT
        fields = ["id", "number", "kind", "source", "words", "message_id", "created_at"]
        read_only_fields = ["source", "words", "message_id", "created_at"]


class CallByHandSerializer(LenientSerializer[Message]):
    """A call to an agent's own phone, to be connected with a contact; nothing of it is written by clients."""

    locals()["from"] = LenientText(source="sender", read_only=True)
    to = LenientText(source="recipient", read_only=True)
    reason = LenientText(read_only=True)

    class Meta:
        model = Message
        example = examples.CALL
        fields = [
            "id",
            "contact_id",
            "user_id",
            "status",
            "code",
            "details",
            "reason",
            "from",
            "to",
            "body",
            "created_at",
            "sent_at",
        ]
        read_only_fields = [
            "contact_id",
            "user_id",
            "status",
            "code",
            "details",
            "reason",
            "body",
            "created_at",
            "sent_at",
        ]
