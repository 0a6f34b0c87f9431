"""Links in the admin: a record is a link only for a user who can open its page.

Django and Unfold link to every record that has a page, also where the user's queryset does not hold it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.fields import UnfoldAdminReadonlyField
from unfold.forms import AdminForm as UnfoldAdminForm
from unfold.forms import Fieldline as UnfoldFieldline
from unfold.forms import Fieldset as UnfoldFieldset

MAX_RECENT = 10


def can_open(request: HttpRequest, record: Model) -> bool:
    """Return whether the user can open the record's page in the admin."""
    page = admin.site._registry.get(type(record))
    if page is None or not page.has_view_permission(request, record):
        return False
    return page.get_queryset(request).filter(pk=record.pk).exists()


# References on the page of a record


class LinkPage(ModelAdmin):  # type: ignore[misc]
    """An admin whose page links only to records that the user can open, and to no page outside the admin."""

    view_on_site = False  # no record has one; Application's would be a page of the OAuth library that is not served

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["adminform"] = LinkForm(context["adminform"], request)
        return super().render_change_form(request, context, *args, **kwargs)


class LinkForm(UnfoldAdminForm):  # type: ignore[misc]
    """Build the page's form for the user of this request."""

    def __init__(self, shown: AdminForm, request: HttpRequest) -> None:
        super().__init__(shown.form, shown.fieldsets, {}, shown.readonly_fields, shown.model_admin)
        self.prepopulated_fields = shown.prepopulated_fields
        self.request = request

    def __iter__(self) -> Iterator["LinkFieldset"]:
        for name, options in self.fieldsets:
            fieldset = LinkFieldset(self.form, name, self.readonly_fields, model_admin=self.model_admin, **options)
            fieldset.request = self.request
            yield fieldset


class LinkFieldset(UnfoldFieldset):  # type: ignore[misc]
    request: HttpRequest

    def __iter__(self) -> Iterator["LinkFieldline"]:
        for field in self.fields:
            line = LinkFieldline(self.form, field, self.readonly_fields, model_admin=self.model_admin)
            line.request = self.request
            yield line


class LinkFieldline(UnfoldFieldline):  # type: ignore[misc]
    request: HttpRequest

    def __iter__(self) -> Iterator[Any]:
        for field in super().__iter__():
            yield LinkField(field, self.request) if isinstance(field, UnfoldAdminReadonlyField) else field


class LinkField(UnfoldAdminReadonlyField):  # type: ignore[misc]
    """A field to read; a reference is a link if the user can open what it refers to."""

    def __init__(self, shown: UnfoldAdminReadonlyField, request: HttpRequest) -> None:
        super().__init__(shown.form, shown.field["field"], shown.is_first, shown.model_admin)
        self.request = request

    def get_admin_url(self, remote_field: Any, remote_obj: Model) -> str:
        link: str = super().get_admin_url(remote_field, remote_obj)
        return link if can_open(self.request, remote_obj) else str(remote_obj)


# The user's recent actions, on the index


def recent_actions(request: HttpRequest) -> list[tuple[LogEntry, str | None]]:
    """Return the user's latest actions; each with the address of its record, if the user can open it."""
    own = LogEntry.objects.filter(user=cast(Any, request.user))
    entries = list(own.select_related("content_type")[:MAX_RECENT])
    openable = openable_records(request, entries)
    return [
        (entry, entry.get_admin_url() if (entry.content_type_id, entry.object_id) in openable else None)
        for entry in entries
    ]


def openable_records(request: HttpRequest, entries: Iterable[LogEntry]) -> set[tuple[int, str]]:
    """Return (content type, id) of the records that the user can open: one query for each model."""
    ids: dict[Any, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.content_type and not entry.is_deletion() and (entry.object_id or "").isdecimal():
            ids[entry.content_type].add(str(entry.object_id))
    found = set()
    for kind, wanted in ids.items():
        page = admin.site._registry.get(kind.model_class())
        records = page.get_queryset(request).filter(pk__in=wanted) if page else ()
        found |= {(kind.pk, str(each.pk)) for each in records if page and page.has_view_permission(request, each)}
    return found
