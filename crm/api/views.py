"""Contacts, what describes them and their history over HTTP."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.lists.fast_list import Row
from api.lists.pagination import is_far_page
from api.viewsets import BEYOND, Resource
from core.db.lookups import lowered
from core.errors import Conflict, DomainError
from crm import contact_counts
from crm.api.filters import (
    ActivityFilters,
    AddressFilters,
    ContactFilters,
    ContactSourceFilters,
    CustomFieldFilters,
    EventFilters,
    EventPropertyFilters,
    HotnessFilters,
    TagFilters,
    is_selective,
)
from crm.api.serializers import (
    ActivitySerializer,
    AddressSerializer,
    ContactSerializer,
    ContactSourceSerializer,
    CustomFieldSerializer,
    EventPropertySerializer,
    EventSerializer,
    HotnessSerializer,
    TagSerializer,
)
from crm.contact_actions import check_assignment, lock_contact, remove_contact, send_contacts_changed
from crm.custom_fields import field_rows, write_values
from crm.models import Activity, Address, Contact, ContactSource, CustomField, Event, EventProperty, Hotness, Tag
from crm.signals import activity_logged
from crm.sources import check_name_available, get_or_create_source
from crm.tags import add_to_dictionary, rename_tag
from teams.models import User
from teams.sub_accounts import require_right
from teams.visibility import sharer_ids

MAX_ROWS_TO_SORT: Final = 10_000  # contacts with one tag: to find and sort them takes some milliseconds


class ContactResource(Resource[Contact]):
    serializer_class = ContactSerializer
    filterset_class = ContactFilters
    loads = frozenset({"addresses"})
    is_plain = True
    added = frozenset({"custom_fields"})

    def queryset_for(self, user: User) -> QuerySet[Contact]:
        return super().queryset_for(user).prefetch_related(*self.loaded)

    # Custom fields are read once for all contacts that are shown.

    @cached_property
    def custom_fields(self) -> dict[int, list[Row]]:
        """By contact, those that have been read; the serializer looks here."""
        return {}

    def get_serializer_context(self) -> dict[str, Any]:
        return super().get_serializer_context() | {"custom_fields": self.custom_fields}

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        self.read_custom_fields([contact.pk for contact in page or ()])
        return page

    def represent(self, record: Contact) -> dict[str, Any]:
        self.read_custom_fields([record.pk])
        return super().represent(record)

    def plain_page(self) -> Sequence[Row]:
        page = super().plain_page()
        self.read_custom_fields([row["id"] for row in page])
        return [row | {"custom_fields": self.custom_fields[row["id"]]} for row in page] if self.custom_fields else page

    def read_custom_fields(self, contact_ids: Sequence[int]) -> None:
        chosen = self.selected()
        if contact_ids and (not chosen or "custom_fields" in chosen):
            self.custom_fields.update(field_rows(contact_ids, self.user))

    # The ids of the visible owners are read first: PostgreSQL plans better for known values. If few rows are requested,
    # every plan is good. The two statements may see different moments: a teammate who leaves between them leaves just
    # after the request.

    # For a tag, the same statement reads how many contacts have it. If they are few, all of them are found by the index
    # of tags and sorted: along an index in the page's order they may all be at its end.

    total: int | None = None  # if it was read with that

    def list(self, request: Request, **kwargs: Any) -> Response:
        tag = contact_counts.tag_of(self.query)
        is_maintained = contact_counts.is_maintained(self.query)
        if not is_far_page(self.query) and (tag or (is_maintained and self.query.wants_total)):
            self.user.visible_owner_ids, count = contact_counts.reach_of(self.user, tag)
            self.total = count if is_maintained else None
            self.has_few_rows = bool(tag) and count <= MAX_ROWS_TO_SORT
        elif not is_selective(self.query):
            self.user.visible_owner_ids = sharer_ids(self.user)
        return super().list(request, **kwargs)

    def count(self, rows: QuerySet[Contact]) -> int:
        if self.total is not None:
            return self.total
        is_known = contact_counts.is_maintained(self.query)
        return (
            contact_counts.total_of(self.user, contact_counts.tag_of(self.query)) if is_known else super().count(rows)
        )

    def perform_create(self, serializer: Any) -> None:
        require_right("is_contact_ownership_new_enabled", self.user)
        self.save(serializer, owner_user=self.user)

    def perform_update(self, serializer: Any) -> None:
        if changes := frozenset(serializer.validated_data):
            if "assigned_user" in changes:
                check_assignment(serializer.instance, serializer.validated_data["assigned_user"], by=self.user)
            send_contacts_changed([self.save(serializer)], changes, now=self.now)

    def perform_destroy(self, record: Contact) -> None:
        remove_contact(record, now=self.now)

    def save(self, serializer: Any, **more: Any) -> Contact:
        """The contact; then its custom fields, and its owner's dictionary of tags."""
        given = serializer.validated_data
        values = given.pop("custom_fields", {})
        contact: Contact = super().save(serializer, **more)
        write_values(contact, values)
        if tags := given.get("tags"):
            add_to_dictionary(contact.owner_user_id, tags)
        return contact


class AddressResource(Resource[Address]):
    """The addresses of one contact."""

    serializer_class = AddressSerializer
    filterset_class = AddressFilters
    parent_model, parent_field = Contact, "contact"

    def perform_create(self, serializer: Any) -> None:
        lock_contact(self.parent)
        self.save(serializer)


class ContactSourceResource(Resource[ContactSource]):
    """Source names are unique for each user. Posting an existing name returns the existing source."""

    serializer_class = ContactSourceSerializer
    filterset_class = ContactSourceFilters
    is_plain = True
    may_stand = True

    def perform_create(self, serializer: Any) -> bool:
        """Return whether the source is new (201) or already existed (200)."""
        serializer.instance, is_new = get_or_create_source(serializer.validated_data.get("name", ""), self.user)
        if is_new:
            require_right("is_lead_sources_new_enabled", self.user)
        return is_new

    def perform_update(self, serializer: Any) -> None:
        if "name" in serializer.validated_data:
            check_name_available(serializer.instance, serializer.validated_data["name"])
        self.save(serializer)


class HotnessResource(Resource[Hotness]):
    serializer_class = HotnessSerializer
    filterset_class = HotnessFilters
    is_plain = True
    default_order = ("user", "rank", "id")

    def perform_create(self, serializer: Any) -> None:
        require_right("user_can_create_own_hotnesses", self.user)
        self.save(serializer, user=self.user)


class CustomFieldResource(Resource[CustomField]):
    serializer_class = CustomFieldSerializer
    filterset_class = CustomFieldFilters
    is_plain = True
    default_order = ("rank", "id")

    def perform_create(self, serializer: Any) -> None:
        require_right("is_custom_fields_new_enabled", self.user)
        self.save(serializer, user=self.user)


class TagResource(Resource[Tag]):
    """The tags a user has to choose from. Renaming one renames it on their contacts; removing it leaves it there."""

    serializer_class = TagSerializer
    filterset_class = TagFilters
    is_plain = True
    may_stand = True

    def perform_create(self, serializer: Any) -> bool:
        """Return whether the tag is new (201) or already existed (200)."""
        content = serializer.validated_data["content"]
        is_new = add_to_dictionary(self.user.pk, content)
        serializer.instance = Tag.objects.get(user=self.user, content__lower=lowered(content))
        return is_new

    def perform_update(self, serializer: Any) -> None:
        if content := serializer.validated_data.get("content"):
            rename_tag(serializer.instance, content, now=self.now)


class EventResource(Resource[Event]):
    """Events that programs report about contacts.

    Users who see a contact add events. Only its owner changes or removes them.
    """

    serializer_class = EventSerializer
    filterset_class = EventFilters

    def queryset_for(self, user: User) -> QuerySet[Event]:
        return super().queryset_for(user).select_related("contact", "property")

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)

    def save(self, serializer: Any, **more: Any) -> Event:
        if contact := serializer.validated_data.get("contact"):
            lock_contact(contact)
        event: Event = super().save(serializer, **more)
        return event


class PropertyNotFound(DomainError):
    """Only events whose source is api have a property."""


class PropertyExists(Conflict):
    """This event has its property already: change it, or remove it first."""


class EventPropertyResource(Resource[EventProperty]):
    """The property that an event is about. An event has one, or none."""

    serializer_class = EventPropertySerializer
    filterset_class = EventPropertyFilters
    parent_model, parent_field = Event, "event"

    def queryset_for(self, user: User) -> QuerySet[EventProperty]:
        return super().queryset_for(user).select_related("event__contact")

    def perform_create(self, serializer: Any) -> None:
        lock_contact(self.parent.contact)
        event = Event.objects.select_for_update(no_key=True).get(pk=self.parent.pk)  # two must not both find none
        if event.source != Event.Source.API:
            raise PropertyNotFound
        if standing := EventProperty.objects.filter(event=event).first():
            raise PropertyExists(data={"id": standing.pk})
        self.save(serializer)


class ActivityResource(Resource[Activity]):
    """What agents note down about one contact, the latest first; each is its author's."""

    tag = BEYOND
    serializer_class = ActivitySerializer
    filterset_class = ActivityFilters
    parent_model, parent_field = Contact, "contact"
    default_order = ("-happened_at", "-id")

    def perform_create(self, serializer: Any) -> None:
        lock_contact(self.parent)
        at = serializer.validated_data.get("happened_at", self.now)
        activity = self.save(serializer, user=self.user, happened_at=at)
        activity_logged.send(Activity, activity=activity, now=self.now)
