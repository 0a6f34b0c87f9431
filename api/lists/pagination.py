"""The list envelope: {"total", "limit", "skip", "data"}, with an exact total; ours are `$cursor` and `$total=false`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from api.lists import cursor_pagination
from api.lists.filter_backend import get_query, parameter
from api.lists.query_parser import BadQuery, Query
from api.lists.view import ListView

DEFAULT_LIMIT = 10
MAX_LIMIT = 1000
MAX_NEAR_SKIP = 10_000  # rows to leave out; fewer are walked past in a few milliseconds


class FeathersPagination(BasePagination):
    """`$limit` and `$skip`. A limit above the maximum is reduced to it; an invalid one becomes the default."""

    query: Query
    total: int | None = None  # not known
    cursor: str | None = None  # of the next page; None: this is the last

    def paginate_queryset(self, queryset: Any, request: Request, view: ListView | None = None) -> list[Any]:  # type: ignore[override]
        self.rows, self.view, self.query = queryset, view, get_query(request)
        self.limit = DEFAULT_LIMIT if self.query.limit is None else min(self.query.limit, MAX_LIMIT)
        self.skip = self.query.skip
        if self.query.cursor is not None:
            return self.read_on(self.query.cursor)
        if not is_far_page(self.query):
            return self.read()
        with one_snapshot():
            return self.read_deep()

    def count(self) -> int:
        """All rows that the list would show, by the view's own way of counting."""
        return self.view.count(self.rows) if self.view else self.rows.count()

    def read(self) -> list[Any]:
        """Return a page from the start of the list. A page that is not full ends the list, and so gives the total."""
        rows = list(self.rows[self.skip : self.skip + self.limit]) if self.limit else []
        if not self.query.wants_total:
            return rows
        is_last = 0 < len(rows) < self.limit or (self.limit and not self.skip and not rows)
        self.total = self.skip + len(rows) if is_last else self.count()
        return rows

    def read_deep(self) -> list[Any]:
        """Return a page far from the start, read from the nearer end."""
        self.total = self.count()
        rest = max(self.total - self.skip, 0)
        if rest > self.skip or not self.limit:
            return list(self.rows[self.skip : self.skip + self.limit])
        return list(self.rows.reverse()[max(rest - self.limit, 0) : rest])[::-1]

    def read_on(self, cursor: str) -> list[Any]:
        """The page after a cursor; it costs the same however far that is."""
        if self.skip:
            message = "$skip and $cursor exclude each other."
            raise BadQuery(message, errors={"$skip": message})
        found = cursor_pagination.page_after(self.rows, cursor, self.query.sort, self.limit + 1) if self.limit else []
        page = found[: self.limit]
        if len(found) > self.limit:
            self.cursor = cursor_pagination.write_cursor(page[-1][1], self.query.sort)
        if self.query.wants_total:
            self.total = self.count()
        return [row for row, _ in page]

    def get_paginated_response(self, data: Any) -> Response:
        total = {"total": self.total} if self.query.wants_total else {}
        cursor = {"cursor": self.cursor} if self.query.cursor is not None else {}
        return Response(total | {"limit": self.limit, "skip": self.skip} | cursor | {"data": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        number = {"type": "integer"}
        total = number | {"description": "Exact. Left out with $total=false."}
        cursor = {"type": ["string", "null"], "description": "With $cursor: of the next page; null after the last."}
        return {
            "type": "object",
            "required": ["limit", "skip", "data"],
            "properties": {"total": total, "limit": number, "skip": number, "cursor": cursor, "data": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            parameter("$limit", "How many rows at most; 0 asks for the total alone.", limit),
            parameter("$skip", "How many rows to leave out first.", {"type": "integer", "minimum": 0, "default": 0}),
            parameter(
                "$cursor",
                "Beyond LionDesk: where the list continues. Empty for the first page; answers contain the next one. "
                "In the same order, each page costs the same.",
                {"type": "string"},
            ),
            parameter("$total", "Beyond LionDesk: `false` leaves the total out.", {"type": "boolean", "default": True}),
        ]


def is_far_page(query: Query) -> bool:
    """Whether a page is found by its list's total."""
    return query.skip > MAX_NEAR_SKIP and query.wants_total


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Let all statements see the same moment: a page found from the end must fit the total it was found by."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield
