"""The list envelope: {"total", "limit", "skip", "data"}, with an exact total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.query import parameter, query_of

if TYPE_CHECKING:  # settings name this module: importing DRF's views would go round in a circle
    from rest_framework.views import APIView

DEFAULT_LIMIT = 10
LARGEST_LIMIT = 1000


class FeathersPages(BasePagination):
    """`$limit` and `$skip`. A limit above the largest is clamped; one that is no number falls back to the default."""

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        query = query_of(request)
        self.limit = DEFAULT_LIMIT if query.limit is None else min(query.limit, LARGEST_LIMIT)
        self.skip = query.skip
        rows = list(queryset[self.skip : self.skip + self.limit]) if self.limit else []
        if 0 < len(rows) < self.limit or (self.limit and not self.skip and not rows):
            self.total = self.skip + len(rows)  # the last page was read to its end: it tells the total
        else:
            self.total = queryset.count()
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"total": self.total, "limit": self.limit, "skip": self.skip, "data": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        number = {"type": "integer"}
        return {
            "type": "object",
            "required": ["total", "limit", "skip", "data"],
            "properties": {"total": number, "limit": number, "skip": number, "data": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 0, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT}
        return [
            parameter("$limit", "How many rows at most; 0 asks for the total alone.", limit),
            parameter("$skip", "How many rows to leave out first.", {"type": "integer", "minimum": 0, "default": 0}),
        ]
