"""Templates and messages in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from api.admin.resource_admin import LongListPaginator, ResourceAdmin
from messaging.admin.manual import pages as pages_by_hand
from messaging.api.views import TemplateFolderResource, TemplateResource
from messaging.models import Consent, Message, PhoneNumber, Template, TemplateFolder


@admin.register(Template)
class TemplateAdmin(ResourceAdmin):
    resource = TemplateResource
    list_display = ["__str__", "template_type", "template_folder", "modified_at"]
    list_select_related = ["template_folder"]
    list_filter = ["template_type"]
    search_fields = ["description", "subject"]
    fields = ["template_folder", "template_type", "description", "subject", "body"]


@admin.register(TemplateFolder)
class TemplateFolderAdmin(ResourceAdmin):
    resource = TemplateFolderResource
    list_display = fields = ["name", "description"]


@admin.register(Message)
class MessageAdmin(ResourceAdmin):
    """The log of messages: recipients, texts, delivery statuses."""

    paginator = LongListPaginator
    list_display = ["created_at", "channel", "purpose", "status", "sender", "recipient", "automatic", "reason"]
    list_filter = ["channel", "purpose", "status", "automatic"]
    search_fields = ["recipient", "sender"]

    def get_urls(self) -> list[Any]:
        return [*pages_by_hand(), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return [field.name for field in Message._meta.concrete_fields]


@admin.register(PhoneNumber)
class PhoneNumberAdmin(ResourceAdmin):
    is_for_staff = True
    list_display = ["number", "user", "created_at"]
    list_select_related = ["user"]


@admin.register(Consent)
class ConsentAdmin(ResourceAdmin):
    """The consent ledger, for operators: by phone number, for all contacts with that number."""

    is_for_staff = True
    list_display = ["created_at", "number", "kind", "source"]
    list_filter = ["kind"]
    search_fields = ["number"]
