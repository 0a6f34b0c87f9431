"""A resource of the API: LionDesk's five operations on one model.

    class TemplateFolderResource(Resource[TemplateFolder]):
        serializer_class = TemplateFolderSerializer
        filterset_class = TemplateFolderFilters

        def perform_create(self, serializer):
            self.save(serializer, owner_user=self.user)

    urlpatterns = [*routes("template-folders", TemplateFolderResource)]

Rows come from `Model.objects.visible_to(user)`; override `queryset_for` to add select_related and the like. A record
can be changed if its `may_be_changed_by(user)` returns True, and removed if `may_be_removed_by(user)` does (without
that method: the former). Each write is one transaction (`retry_transaction`). A nested resource names its parent:

    class CampaignActionResource(Resource[CampaignAction]):
        parent_model, parent_field = Campaign, "campaign"      # and `self.parent` is the campaign of the URL

    urlpatterns = [*routes("campaigns/<campaign_id>/actions", CampaignActionResource)]
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar, cast

from django.db.models import Model, QuerySet
from django.urls import URLPattern, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from api import coercion
from api.exceptions import RecordNotFound
from api.lists.fast_list import FastListRows, Row
from api.lists.filter_backend import FilterSet, NoFilters, get_query
from api.lists.query_parser import BadQuery, Query
from api.unknown_fields import validate
from core import clock
from core.db.retry import retry_transaction
from core.errors import NotAllowed

M = TypeVar("M", bound=Model)

LIONDESK = "LionDesk v2"
BEYOND = "Beyond LionDesk"

COLLECTION = {"get": "list", "post": "create"}
ITEM = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}


class Resource(GenericViewSet[Any], Generic[M]):
    """Lists, reads, creates, changes and removes the records a user may see."""

    verbs: ClassVar[Sequence[str]] = ("list", "create", "retrieve", "partial_update", "destroy")
    tag: ClassVar[str] = LIONDESK  # of all operations; `beyond` names the verbs that are ours alone
    beyond: ClassVar[Sequence[str]] = ()
    is_for_some: ClassVar[bool] = False  # whether reading, too, may be refused with 403
    filterset_class: ClassVar[type[FilterSet]] = NoFilters
    sort_fields: ClassVar[Sequence[str] | None] = None  # None: all filters
    default_order: ClassVar[Sequence[str]] = ()  # columns; by id if none are named
    is_plain: ClassVar[bool] = False  # whether lists show columns of what `visible_to` selects; see api.lists.fast_list
    added: ClassVar[frozenset[str]] = frozenset()  # to the rows of a plain list, by `plain_page`
    has_few_rows = False  # whether the rows that match are known to be few; see api.lists.filter_backend.WithoutIndex
    may_stand: ClassVar[bool] = False  # whether POST can return 200 with an existing record
    loads: ClassVar[frozenset[str]] = frozenset()  # what `$load` may embed; see `self.loaded`
    parent_model: ClassVar[type[Model] | None] = None
    parent_field: ClassVar[str] = ""  # the foreign key to the parent; the URL names it `<parent_field>_id`

    # What a request is about

    @cached_property
    def now(self) -> datetime:
        """Business time, read once per request."""
        return clock.now()

    @property
    def user(self) -> Any:
        return self.request.user

    @property
    def query(self) -> Query:
        return get_query(self.request)

    @cached_property
    def loaded(self) -> frozenset[str]:
        """The relations `$load` asks for; unknown ones are refused."""
        if getattr(self, "swagger_fake_view", False):  # the contract documents all of them
            return self.loads
        for name in self.query.load:
            if name not in self.loads:
                known = ", ".join(sorted(self.loads)) or "nothing here"
                message = f"$load cannot embed {name[:100]}; it takes {known}."
                raise BadQuery(message, errors={"$load": message})
        return frozenset(self.query.load)

    @cached_property
    def parent(self) -> Any:
        """The record under which this resource hangs; one the caller may not see is a 404."""
        given = self.kwargs[f"{self.parent_field}_id"]
        parents: Any = cast(Any, self.parent_model)._default_manager
        return get_or_404(parents.visible_to(self.user), given)

    # Which rows

    @property
    def model(self) -> type[M]:
        return cast(type[M], cast(Any, self.serializer_class).Meta.model)

    def queryset_for(self, user: Any) -> QuerySet[M]:
        """The rows this user may see. What hangs under a visible parent is visible."""
        manager: Any = self.model._default_manager
        if self.parent_model is not None:
            return cast("QuerySet[M]", manager.all())
        return cast("QuerySet[M]", manager.visible_to(user))

    def get_queryset(self) -> QuerySet[M]:
        rows = self.queryset_for(self.user)
        return rows.filter(**{self.parent_field: self.parent}) if self.parent_model is not None else rows

    def get_object(self) -> M:
        return cast(M, get_or_404(self.filter_queryset(self.get_queryset()), self.kwargs["id"]))

    def count(self, rows: QuerySet[M]) -> int:
        """The exact total of a list. Where counting is dear, a resource may know better."""
        return rows.count()

    # How records look

    def get_serializer_context(self) -> dict[str, Any]:
        return {
            "request": self.request,
            "view": self,
            "select": self.selected(),
            "load": self.loaded,
        }

    def selected(self) -> list[str]:
        """The fields `$select` asks for; unknown ones are refused."""
        known = cast(Any, self.serializer_class).Meta.fields
        for name in self.query.select:
            if name not in known:
                message = f"$select cannot take {name[:100]}; there are {', '.join(known)}."
                raise BadQuery(message, errors={"$select": message})
        return self.query.select

    def represent(self, record: Any) -> dict[str, Any]:
        """A record as the API shows it."""
        return cast(dict[str, Any], self.get_serializer(record).to_representation(record))

    # Verbs

    def list(self, request: Request, **kwargs: Any) -> Response:
        is_plain = self.is_plain and not self.loaded
        return self.get_paginated_response(self.plain_page() if is_plain else self.page())

    def page(self) -> Sequence[Row]:
        """The rows that were asked for, as the API shows them."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        serializer = self.get_serializer()
        return [serializer.to_representation(row) for row in rows or ()]

    def plain_page(self) -> Sequence[Row]:
        """The same, read as columns; what no column holds is `added`."""
        pages: Any = self.paginator
        return cast(Sequence[Row], pages.paginate_queryset(FastListRows(self), self.request, self))

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        return Response(self.represent(self.get_object()))

    @retry_transaction
    def create(self, request: Request, **kwargs: Any) -> Response:
        if self.parent_model is not None:
            self.check_parent()
        serializer = self.get_serializer(data=request.data)
        self.validate(serializer)
        stands = self.perform_create(serializer) is False
        return Response(self.represent(serializer.instance), status=200 if stands else 201)

    @retry_transaction
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        record = self.get_object()
        self.check_change(record)
        serializer = self.get_serializer(record, data=request.data, partial=True)
        self.validate(serializer)
        self.perform_update(serializer)
        return Response(self.represent(serializer.instance))

    @retry_transaction
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        record = self.get_object()
        self.check_removal(record)
        removed = self.represent(record)
        self.perform_destroy(record)
        return Response(removed)

    def validate(self, serializer: Any) -> None:
        """Raise ValidationError for what cannot be read and, in operations of our own, for what is not used."""
        validate(serializer, is_exact=tag_of(self) == BEYOND)

    # Hooks for apps

    def check_parent(self) -> None:
        """Refuse to add to the parent; by default, seeing it is enough."""
        _ = self.parent

    def check_change(self, record: M) -> None:
        if not cast(Any, record).may_be_changed_by(self.user):
            raise NotAllowed

    def check_removal(self, record: M) -> None:
        rule = getattr(record, "may_be_removed_by", None) or cast(Any, record).may_be_changed_by
        if not rule(self.user):
            raise NotAllowed("You may see this, but not remove it.")

    def perform_create(self, serializer: Any) -> bool | None:
        """Make the record. False, where `may_stand`: the one that is there already is the answer."""
        self.save(serializer)
        return None

    def perform_update(self, serializer: Any) -> None:
        self.save(serializer)

    def perform_destroy(self, record: M) -> None:
        record.delete()

    def save(self, serializer: Any, **more: Any) -> Any:
        """Save what was sent and `more`, with the parent and, where the client sent none, the times of the record."""
        given = serializer.validated_data
        if serializer.instance is None and self.parent_model is not None:
            more.setdefault(self.parent_field, self.parent)
        for name in ("created_at", "modified_at") if serializer.instance is None else ("modified_at",):
            if given.get(name) is None and name in self.column_names:
                more.setdefault(name, self.now)
        return serializer.save(**more)

    @cached_property
    def column_names(self) -> set[str]:
        return {field.name for field in self.model._meta.concrete_fields}


def tag_of(view: Any) -> str:
    """Whose the operation under way is: LionDesk's or ours."""
    is_beyond = getattr(view, "action", "") in getattr(view, "beyond", ())
    return BEYOND if is_beyond else str(getattr(view, "tag", BEYOND))


def get_or_404(rows: QuerySet[Any], given_id: str) -> Any:
    """The row of this id, or RecordNotFound in the words of Feathers."""
    try:
        record = rows.filter(pk=coercion.parse_integer(given_id)).first()
    except ValueError:
        record = None
    if record is None:
        raise RecordNotFound(given_id)
    return record


def routes(prefix: str, resource: type[Resource[Any]]) -> list[URLPattern]:
    """`prefix` and `prefix/<id>`, with the verbs the resource has; any other verb there is a 405."""
    name = prefix.replace("<", "").replace(">", "").replace("/", "-")
    patterns = []
    for route, methods, suffix in ((prefix, COLLECTION, "list"), (f"{prefix}/<id>", ITEM, "detail")):
        bound: dict[str, Any] = {method: verb for method, verb in methods.items() if verb in resource.verbs}
        if bound:
            patterns.append(path(route, resource.as_view(bound), name=f"{name}-{suffix}"))
    return patterns
