"""Admin pages that write through the API: typed values go through the same resource as a program's.

Errors of the API are shown beside their fields (api.internal_client).

    @admin.register(Team)
    class TeamAdmin(ResourceAdmin):
        resource = TeamResource
        list_display = ["name", "order_method"]
        fields = ["name", "order_method"]
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from unfold.widgets import UnfoldAdminTextInputWidget

from api.admin.links import LinkPage
from api.internal_client import ApiError, call_api
from api.viewsets import Resource
from core.text import trim


class ResourceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A form whose fields bear the model's names and whose judge is the resource."""

    admin: ClassVar["ResourceAdmin"]
    user: ClassVar[Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """What has a default may be left empty, as in the API."""
        super().__init__(*args, **kwargs)
        for column in self.instance._meta.concrete_fields:
            if column.has_default() and column.name in self.fields:
                self.fields[column.name].required = False

    def _post_clean(self) -> None:
        """Instead of Django's own validation of the model, ask the API: what it accepts, it has saved."""
        if self.errors or (self.instance.pk and not self.changed_data):
            return
        try:
            self.instance = self.admin.written(self.user, self.instance, self.as_body())
        except ApiError as refusal:
            self.show(refusal)

    def as_body(self) -> dict[str, Any]:
        """Return the typed values under the API's names: all for a new record, only the changes for an existing one."""
        names = self.changed_data if self.instance.pk else list(self.cleaned_data)
        return {self.api_name(name): self.plain(self.cleaned_data[name]) for name in names}

    def api_name(self, name: str) -> str:
        """A reference is written by its id."""
        is_reference = isinstance(self.cleaned_data.get(name), Model) or any(
            field.name == name and isinstance(field, ForeignKey) for field in self.instance._meta.concrete_fields
        )
        return f"{name}_id" if is_reference else name

    def plain(self, value: Any) -> Any:
        return value.pk if isinstance(value, Model) else value

    def show(self, refusal: ApiError) -> None:
        """Put each message beside its field, or above all where the form has no such field."""
        placed = False
        for given_name, message in refusal.errors.items():
            name = given_name if given_name in self.fields else given_name.removesuffix("_id")
            if name in self.fields:
                self.add_error(name, message)
                placed = True
        if not placed:
            self.add_error(None, str(refusal))


class LongListPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Paginates the first ten thousand rows of a list that may be very long, while the user sees few of its rows.

    Rows are found before they are sorted. PostgreSQL expects the rows of a page to be near, and otherwise walks the
    whole list in its order; and counting all visible rows takes longer than showing a page.
    """

    most = 10_000
    object_list: Any

    @cached_property
    def keys(self) -> list[Any]:
        return list(self.object_list.order_by().values_list("pk", flat=True)[: self.most + 1])

    @cached_property
    def count(self) -> int:
        return min(len(self.keys), self.most)

    def page(self, number: int | str) -> Page[Any]:
        if len(self.keys) <= self.most:
            self.object_list = self.object_list.filter(pk__in=self.keys)
        return super().page(number)


class ResourceAdmin(LinkPage):
    """A model in the admin as its resource answers it. Without a resource it can only be looked at."""

    resource: ClassVar[type[Resource[Any]] | None] = None
    form = ResourceForm
    ordering: Any = ["-pk"]  # explicit: otherwise the list would use the model's own order
    is_for_staff = False  # operators' things: users, numbers, sources
    help_texts: ClassVar[Mapping[str, str]] = {}  # by field
    labels: ClassVar[Mapping[str, str]] = {}  # labels by field, if the field's name is not one that users know
    one_line: ClassVar[Sequence[str]] = ()  # lists that may be long, and mostly are not
    fixed: ClassVar[Sequence[str]] = ()  # set when the record is made, never changed
    show_full_result_count = False  # counting a big table for a footer costs more than the page

    # Permissions: the rules of the API

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.rows_for(request.user).order_by(*self.get_ordering(request))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found: tuple[Any, bool] = super().get_search_results(request, queryset, trim(search_term))
        return found

    def rows_for(self, user: Any) -> QuerySet[Any]:
        """Return rows by the model's `visible_to`. Models without it are for staff, or override this."""
        manager: Any = self.model._default_manager
        return cast("QuerySet[Any]", manager.visible_to(user) if hasattr(manager, "visible_to") else manager.all())

    def may(self, verb: str) -> bool:
        return self.resource is not None and verb in self.resource.verbs

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and (request.user.is_staff or not self.is_for_staff))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may("create") and self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = self.may("partial_update") and self.has_module_permission(request)
        return bool(allowed and (obj is None or obj.may_be_changed_by(request.user)))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = self.may("destroy") and self.has_module_permission(request)
        if not allowed or obj is None:
            return allowed
        rule = getattr(obj, "may_be_removed_by", None) or obj.may_be_changed_by
        return bool(rule(request.user))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return [*super().get_readonly_fields(request, obj), *(self.fixed if obj else ())]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer what the user may refer to; the API judges it again."""
        kwargs.setdefault("queryset", self.choices_for(db_field.name, db_field.related_model, request.user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def choices_for(self, name: str, model: Any, user: Any) -> QuerySet[Any]:
        manager = model._default_manager
        for door in ("within_reach_of", "visible_to"):
            if hasattr(manager, door):
                return cast("QuerySet[Any]", getattr(manager, door)(user))
        return cast("QuerySet[Any]", manager.all())

    # Writing

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **self.wording | kwargs)
        form.admin, form.user = self, request.user
        return form

    @property
    def wording(self) -> dict[str, Any]:
        return {"help_texts": self.help_texts, "labels": self.labels}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.one_line:
            kwargs["widget"] = UnfoldAdminTextInputWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def names(self, record: Any, body: dict[str, Any]) -> dict[str, Any]:
        """What the resource's URL names besides the record: its parent, where it has one."""
        field = self.resource.parent_field if self.resource else ""
        if not field:
            return {}
        return {f"{field}_id": str(body.get(f"{field}_id") or getattr(record, f"{field}_id"))}

    def written(self, user: Any, record: Any, body: dict[str, Any]) -> Any:
        """Make or change a record through the API; return it as it now is."""
        names = self.names(record, body)
        if record.pk:
            answer = call_api(self.resource_or_fail, "PATCH", user, body, id=str(record.pk), **names)
        else:
            answer = call_api(self.resource_or_fail, "POST", user, body, **names)
        return self.model._default_manager.get(pk=answer["id"])

    @property
    def resource_or_fail(self) -> type[Resource[Any]]:
        assert self.resource is not None, "a model without a resource offers no form"
        return self.resource

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The API has saved it."""

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """List only the records. Related objects are left to the API, because the user may not see all of them."""
        return [str(record) for record in objs], {str(self.opts.verbose_name_plural): len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        call_api(self.resource_or_fail, "DELETE", request.user, {}, id=str(obj.pk), **self.names(obj, {}))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for record in queryset:
            self.delete_model(request, record)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            return cast(HttpResponse, super().delete_view(request, object_id, extra_context))
        except ApiError as refusal:
            return self.refused(request, refusal)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        try:
            return cast(HttpResponse, super().changelist_view(request, extra_context))
        except ApiError as refusal:  # of an action
            return self.refused(request, refusal)

    def refused(self, request: HttpRequest, refusal: ApiError) -> HttpResponse:
        """Back to the list, with the API's words."""
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
