"""What the list modules need of a view. A protocol, since views import these modules."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from api.lists.query_parser import Query


class ListView(Protocol):
    """A view with a list; api.viewsets.Resource is one."""

    filterset_class: ClassVar[Any]
    sort_fields: ClassVar[Sequence[str] | None]
    default_order: ClassVar[Sequence[str]]
    request: Request

    @property
    def user(self) -> Any: ...

    @property
    def query(self) -> Query: ...

    @property
    def model(self) -> type[Model]: ...

    def selected(self) -> list[str]: ...

    def get_queryset(self) -> QuerySet[Any]: ...

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]: ...

    @property
    def has_few_rows(self) -> bool:
        """Whether all rows that match are known to be few: they are found by the filter's index, then sorted."""
        ...

    def count(self, rows: Any) -> int: ...
