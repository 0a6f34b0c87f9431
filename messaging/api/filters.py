"""What templates, their folders and conversations can be asked for."""

from api.lists.filter_backend import FilterSet
from messaging.models import Consent, Message, Template, TemplateFolder


class TemplateFilters(FilterSet):
    class Meta:
        model = Template
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


class TemplateFolderFilters(FilterSet):
    class Meta:
        model = TemplateFolder
        fields = ["id", "user_id", "name", "description", "original_template_folder_id"]


class MessageFilters(FilterSet):
    class Meta:
        model = Message
        fields = [
            "id",
            "user_id",
            "channel",
            "purpose",
            "status",
            "code",
            "automatic",
            "subject",
            "body",
            "created_at",
            "not_before",
            "sent_at",
        ]


class ConsentFilters(FilterSet):
    class Meta:
        model = Consent
        fields = ["id", "number", "kind", "created_at"]


class CallFilters(FilterSet):
    class Meta:
        model = Message
        fields = ["id", "user_id", "status", "code", "created_at", "sent_at"]
