"""Contacts and what describes them in the admin."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from config.api.admin import ResourceAdmin
from crm.models import (
    Address,
    Contact,
    ContactShare,
    ContactSource,
    ContactTotal,
    CustomField,
    CustomFieldValue,
    Hotness,
    Tag,
    is_seen_by,
)
from crm.views import (
    AddressResource,
    ContactResource,
    ContactSourceResource,
    CustomFieldResource,
    HotnessResource,
    TagResource,
)
from teams.models import User
from teams.phones import e164

PART_OF_A_NUMBER = re.compile(r"(?=.*\d)[\d\s()+.-]+")


class AddressInline(TabularInline):  # type: ignore[misc]
    """To read; the addresses have a page of their own to write them."""

    model = Address
    fields = ["type", "street_address_1", "street_address_2", "city", "state", "zip"]
    extra = 0
    show_change_link = True
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Contact)
class ContactAdmin(ResourceAdmin):
    resource = ContactResource
    inlines = [AddressInline]
    list_display = ["__str__", "email", "mobile_phone", "tags", "assigned_user", "owner_user", "created_at"]
    list_select_related = ["assigned_user", "owner_user"]
    search_fields = ["first_name__lower_prefix", "last_name__lower_prefix", "email__lower_prefix"]
    readonly_fields = ["owner_user", "created_at", "modified_at"]
    fieldsets = [
        (None, {"fields": ["first_name", "last_name", "email", "company", "tags", "is_do_not_contact"]}),
        ("Phones", {"fields": ["mobile_phone", "home_phone", "office_phone", "fax"]}),
        ("Work", {"fields": ["assigned_user", "owner_user", "source", "hotness"]}),
        (
            "Family",
            {
                "fields": [
                    "birthday",
                    "anniversary",
                    "spouse_name",
                    "spouse_email",
                    "spouse_phone",
                    "spouse_birthday",
                ],
                "classes": ["collapse"],
            },
        ),
        ("Times", {"fields": ["created_at", "modified_at"]}),
    ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """People are found by how their names or email begin, by any whole number, or by part of the mobile."""
        if number := e164(search_term):
            return queryset.reached_at(number), False
        if PART_OF_A_NUMBER.fullmatch(search_term):
            return queryset.filter(mobile_e164__contains="".join(filter(str.isdigit, search_term))), False
        found: tuple[Any, bool] = super().get_search_results(request, queryset, search_term)
        return found


@admin.register(ContactShare)
class ContactShareAdmin(ResourceAdmin):
    list_display = ["contact", "user", "created_at"]
    list_select_related = ["contact", "user"]

    def rows_for(self, user: User) -> QuerySet[ContactShare]:
        return ContactShare.objects.filter(contact__in=Contact.objects.visible_to(user))


@admin.register(ContactSource)
class ContactSourceAdmin(ResourceAdmin):
    resource = ContactSourceResource
    list_display = fields = ["name"]
    search_fields = ["name"]


@admin.register(Hotness)
class HotnessAdmin(ResourceAdmin):
    resource = HotnessResource
    list_display = ["name", "rank", "color"]
    fields = ["name", "rank", "color"]
    ordering = ["rank", "pk"]


@admin.register(Address)
class AddressAdmin(ResourceAdmin):
    resource = AddressResource
    list_display = ["contact", "type", "street_address_1", "city", "state", "zip"]
    list_select_related = autocomplete_fields = fixed = ["contact"]
    fields = ["contact", "type", "street_address_1", "street_address_2", "zip", "city", "state"]


@admin.register(CustomField)
class CustomFieldAdmin(ResourceAdmin):
    resource = CustomFieldResource
    list_display = fields = ["name", "data_type", "rank"]
    ordering = ["rank", "pk"]


@admin.register(CustomFieldValue)
class CustomFieldValueAdmin(ResourceAdmin):
    """What programs have filled in."""

    list_display = ["contact", "field", "value"]
    list_select_related = ["contact", "field"]

    def rows_for(self, user: User) -> QuerySet[CustomFieldValue]:
        fields = CustomField.objects.visible_to(user)
        return CustomFieldValue.objects.filter(is_seen_by(user, "contact__"), field__in=fields)


@admin.register(Tag)
class TagAdmin(ResourceAdmin):
    resource = TagResource
    list_display = fields = ["content"]
    search_fields = ["content"]
    ordering = ["content"]


@admin.register(ContactTotal)
class ContactTotalAdmin(ResourceAdmin):
    """What is kept so that nobody counts; for operators who wonder."""

    is_for_staff = True
    list_display = ["owner_user_id", "assigned_user_id", "tag", "number"]
