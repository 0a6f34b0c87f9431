"""Filters of lists. The FilterSet is the allow-list: a field that it does not name is a 400.

    class ContactFilters(FilterSet):
        mobile_phone = PhoneFilter(column="mobile_e164", parse=e164)

        class Meta:
            model = Contact
            fields = ["id", "first_name", "email", "owner_user_id", "created_at"]

Each name in `fields` gets the filter that fits its column, with all operators of its type;
a foreign key is named as the API names it, `owner_user_id`. Custom filters override `match`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, cast

import django_filters
from django.db import models
from django.db.models import Q, QuerySet
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from api.lists.cursor_pagination import as_order
from api.lists.query_parser import OPERATORS, BadQuery, Query, Term, parse_query

if TYPE_CHECKING:  # settings name this module: importing DRF's views would go round in a circle
    from rest_framework.views import APIView
from api.lists.filters import FILTER_FOR_COLUMN, ChoiceFilter, ColumnFilter, EmailFilter, any_condition


def get_query(request: Request) -> Query:
    """The request's query string, read once."""
    meta = request._request.META  # not an attribute: this dict is the request's own as well
    if "feathers.query" not in meta:
        meta["feathers.query"] = parse_query(meta.get("QUERY_STRING", ""))
    return cast(Query, meta["feathers.query"])


class FilterSet(django_filters.FilterSet):
    """The allow-list of a resource. Declared as django-filter declares, but nothing is built per request."""

    _meta: ClassVar[Any]  # what django-filter's metaclass makes of the declaration
    base_filters: ClassVar[dict[str, ColumnFilter]]

    @classmethod
    def filter_for_field(
        cls, field: models.Field[Any, Any], field_name: str, lookup_expr: str | None = None
    ) -> ColumnFilter:
        """The filter that fits a column."""
        if field.choices:
            return ChoiceFilter(field_name=field_name, choices=[str(value) for value, _ in field.flatchoices if value])
        if field_name == "email" or field_name.endswith("_email"):  # emails are stored as given, in plain text columns
            return EmailFilter(field_name=field_name)
        for column, filter_class in FILTER_FOR_COLUMN:
            if isinstance(field, column):
                return filter_class(field_name=field_name)
        raise TypeError(f"{cls.__name__}: no filter fits {field_name}; declare one.")

    @classmethod
    def get_filters(cls) -> dict[str, ColumnFilter]:
        """Return all filters by name, each with whether its column is nullable."""
        filters: dict[str, ColumnFilter] = super().get_filters()  # type: ignore[no-untyped-call]
        columns = model_columns(cls._meta.model) if cls._meta.model else {}
        for filter_ in filters.values():
            if column := columns.get(filter_.column):
                filter_.nullable = bool(getattr(column, "null", True))
        return filters

    @classmethod
    def named(cls, name: str) -> ColumnFilter:
        """The filter of this name, or BadQuery."""
        try:
            return cls.base_filters[name]
        except KeyError:
            message = f"{name[:100]} is not a field this list can be filtered by."
            raise BadQuery(message, errors={name[:100]: message}) from None

    @classmethod
    def condition(cls, query: Query) -> Q:
        """All of the query's terms, and one group of its alternatives."""
        condition = cls.all_of(query.terms)
        if query.alternatives:
            condition &= any_condition(cls.all_of(group) for group in query.alternatives)
        return condition

    @classmethod
    def all_of(cls, terms: list[Term]) -> Q:
        condition = Q()
        for term in terms:
            condition &= cls.term(term)
        return condition

    @classmethod
    def term(cls, term: Term) -> Q:
        """One comparison, or BadQuery naming the field and what is wrong with it."""
        filter_ = cls.named(term.field)
        if term.operator not in filter_.operators:
            message = f"{term.field} cannot be compared with {term.operator}."
            raise BadQuery(message, errors={term.field: message})
        try:
            return filter_.condition(term.operator, term.values)
        except ValueError as error:
            message = f"{term.field} {error}"
            raise BadQuery(message, errors={term.field: message}) from error


def model_columns(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    """Every column, by its own name and by the key's."""
    return {name: column for column in model._meta.concrete_fields for name in (column.name, column.attname)}


class WithoutIndex(models.Func):
    """The same value, sorted without an index.

    For a page in the order of an index, PostgreSQL walks along that index and expects to find enough rows soon. All
    rows with a rare tag may be at its end. Sorted by this expression, it finds the rows first, then sorts them.
    """

    template = "COALESCE(%(expressions)s, %(expressions)s)"


def without_index(order: Any) -> models.OrderBy:
    """Return the same sort key in a form that no index serves."""
    order = as_order(order)
    return models.OrderBy(WithoutIndex(order.expression), descending=order.descending)


class NoFilters(FilterSet):
    """A resource that declares no filters has none."""


class FeathersFilterBackend(BaseFilterBackend):
    """Narrows and orders a list by the query string."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        query = get_query(request)
        filters = get_filterset(view)
        if query.terms or query.alternatives:
            queryset = queryset.filter(filters.condition(query))
        default_order = getattr(view, "default_order", ())
        if default_order and not query.sort:
            return queryset.order_by(*default_order)
        order = ordering(query, filters, sort_names(view))
        return queryset.order_by(*(map(without_index, order) if getattr(view, "has_few_rows", False) else order))

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """The list's parameters for OpenAPI (api.schema)."""
        filters = get_filterset(view).base_filters.items()
        fields = [parameter(name, filter_.about(), filter_.schema) for name, filter_ in filters]
        order = {
            "type": "object",
            "propertyNames": {"enum": sort_names(view)},
            "additionalProperties": {"type": "integer", "enum": [1, -1]},
            "examples": [dict.fromkeys(sort_names(view)[:1], 1)],
        }
        sort = parameter("$sort", "1 ascending, -1 descending.", order)
        fields += [operator_parameter(get_filterset(view))] if fields else []
        return [*fields, sort | {"style": "deepObject", "explode": True}] if sort_names(view) else fields


def operator_parameter(filterset: type[FilterSet]) -> dict[str, Any]:
    """Return the parameter for all comparisons by operator, such as `email[$like]=%@example.com`.

    Its properties are separate query parameters (style `form`, exploded). OpenAPI cannot give each a type.
    """
    names_by_operators: dict[tuple[str, ...], list[str]] = {}
    for name, filter_ in filterset.base_filters.items():
        operators = tuple(operator for operator in OPERATORS if operator in filter_.operators)
        names_by_operators.setdefault(operators, []).append(name)
    comparisons = "|".join(
        rf"({'|'.join(names)})\[({'|'.join(map(re.escape, operators))})\]"
        for operators, names in names_by_operators.items()
        if operators
    )
    schema = {
        "type": "object",
        "propertyNames": {"pattern": f"^({comparisons})$"},
        "additionalProperties": {"type": "string"},
        "examples": [{}],  # sent by Swagger UI unless it is edited
    }
    text = """\
Comparisons by operator: query parameters such as `created_at[$gte]=2026-01-01`. In the explorer, write them as JSON:
`{"created_at[$gte]": "2026-01-01"}`."""
    return parameter("operators", text, schema) | {"style": "form", "explode": True}


def parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter of OpenAPI."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


def get_filterset(view: APIView) -> type[FilterSet]:
    return getattr(view, "filterset_class", None) or NoFilters


def sort_names(view: APIView) -> list[str]:
    """Return the names for `$sort`: the view's `sort_fields`, otherwise its filters."""
    declared = getattr(view, "sort_fields", None)
    if declared is not None:
        return list(declared)
    return [name for name, filter_ in get_filterset(view).base_filters.items() if filter_.is_sortable]


def ordering(query: Query, filters: type[FilterSet], names: list[str]) -> list[Any]:
    """By what was asked, then by id, in the direction of the last, so that one index serves both."""
    order: list[Any] = []
    last_descends = False
    for name, descends in query.sort:
        if name not in names:
            message = f"$sort cannot order by {name[:100]}; it takes {', '.join(names) or 'nothing here'}."
            raise BadQuery(message, errors={"$sort": message})
        key = filters.named(name).ordering() if name in filters.base_filters else models.F(name)
        order.append(key.desc() if descends else key.asc())
        last_descends = descends
    if not any(name == "id" for name, _ in query.sort):
        order.append("-pk" if last_descends else "pk")
    return order
