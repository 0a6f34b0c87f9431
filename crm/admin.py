"""Contacts and what describes them in the admin."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.api.admin import ResourceAdmin
from crm.models import Contact, ContactShare, ContactSource, Hotness
from crm.views import ContactResource, ContactSourceResource, HotnessResource
from teams.models import User
from teams.phones import e164

PART_OF_A_NUMBER = re.compile(r"(?=.*\d)[\d\s()+.-]+")


@admin.register(Contact)
class ContactAdmin(ResourceAdmin):
    resource = ContactResource
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
