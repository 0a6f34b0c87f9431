"""Contacts, what describes them and their history in the admin."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import TabularInline

from api.admin.resource_admin import ResourceAdmin
from core.phone_numbers import e164
from core.text import to_ascii
from crm.api.views import (
    ActivityResource,
    AddressResource,
    ContactResource,
    ContactSourceResource,
    CustomFieldResource,
    HotnessResource,
    TagResource,
)
from crm.models import (
    Activity,
    Address,
    Contact,
    ContactShare,
    ContactSource,
    ContactTotal,
    CustomField,
    CustomFieldValue,
    Event,
    EventProperty,
    Hotness,
    Tag,
    is_below_seen,
)
from teams.models import User

PARTIAL_NUMBER = re.compile(r"(?=.*\d)[\d\s()+.-]+", re.ASCII)


class ReadOnlyInline(TabularInline):  # type: ignore[misc]
    """Addresses and activities of a contact, shown read-only on its page. Their own pages edit them."""

    extra = 0
    show_change_link = True
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AddressInline(ReadOnlyInline):
    model = Address
    fields = ["type", "street_address_1", "street_address_2", "city", "state", "zip"]


class ActivityInline(ReadOnlyInline):
    """The latest; all of them are in their own list."""

    model = Activity
    fields = ["happened_at", "kind", "body", "member"]
    readonly_fields = ["member"]
    verbose_name_plural = "latest activities"
    most = 20

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        contact_id = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        latest = Activity.objects.filter(contact=contact_id)[: self.most]
        return Activity.objects.filter(pk__in=latest.values("pk")).select_related("user")

    @admin.display(description="user")
    def member(self, activity: Activity) -> str:
        """A name without a link: only operators can open users."""
        return str(activity.user or "-")


@admin.register(Contact)
class ContactAdmin(ResourceAdmin):
    resource = ContactResource
    inlines = [AddressInline, ActivityInline]
    list_display = ["__str__", "email", "mobile_phone", "tags", "assigned_user", "owner_user", "created_at"]
    list_select_related = ["assigned_user", "owner_user"]
    search_fields = ["first_name__lower__startswith", "last_name__lower__startswith", "email__lower__startswith"]
    readonly_fields = ["owner_user", "created_at", "modified_at", "history"]
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
        ("Times", {"fields": ["created_at", "modified_at", "history"]}),
    ]

    @admin.display
    def history(self, contact: Contact) -> str:
        """Links that log an activity and list all of them."""
        if contact.pk is None:
            return "-"
        log, all_of_it = (reverse(f"admin:crm_activity_{page}") for page in ("add", "changelist"))
        links = '<a href="{}?contact={}">Log an activity</a> · <a href="{}?contact={}">All</a>'
        return format_html(links, log, contact.pk, all_of_it, contact.pk)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Search by the beginning of a name or email, by any complete number, or by a part of the mobile."""
        if number := e164(search_term):
            return queryset.reached_at(number), False
        if PARTIAL_NUMBER.fullmatch(term := to_ascii(search_term)):
            return queryset.filter(mobile_e164__contains="".join(filter(str.isdigit, term))), False
        found: tuple[Any, bool] = super().get_search_results(request, queryset, search_term.lower())
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
        return CustomFieldValue.objects.filter(is_below_seen(user), field__in=fields)


@admin.register(Tag)
class TagAdmin(ResourceAdmin):
    resource = TagResource
    list_display = fields = ["content"]
    search_fields = ["content"]
    ordering = ["content"]


@admin.register(ContactTotal)
class ContactTotalAdmin(ResourceAdmin):
    """Totals kept so that lists need not count rows. Read-only, for operators."""

    is_for_staff = True
    list_display = ["owner_user_id", "assigned_user_id", "tag", "number"]


@admin.register(Activity)
class ActivityAdmin(ResourceAdmin):
    resource = ActivityResource
    list_display = ["contact", "kind", "body", "user", "happened_at"]
    list_select_related = ["contact", "user"]
    list_filter = ["kind"]
    autocomplete_fields = fixed = ["contact"]
    fields = ["contact", "kind", "body", "happened_at"]
    ordering = ["-happened_at", "-pk"]


@admin.register(Event)
class EventAdmin(ResourceAdmin):
    """Events that programs reported."""

    list_display = ["contact", "type", "description", "site_domain", "source", "user", "created_at"]
    list_select_related = ["contact", "user"]


@admin.register(EventProperty)
class EventPropertyAdmin(ResourceAdmin):
    """What those events are about."""

    list_display = ["event", "address", "city", "type", "listing_price", "listing_status"]
    list_select_related = ["event__contact"]

    def rows_for(self, user: User) -> QuerySet[EventProperty]:
        return EventProperty.objects.filter(is_below_seen(user, "event__contact"))
