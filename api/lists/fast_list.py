"""Lists whose rows are plain columns: read without models, by statements that are composed once.

Django takes longer to compose a list's statement, and to make records of its rows, than PostgreSQL takes to answer. A
statement is kept for each order and choice of columns; the caller and what they compare are filled in for each request.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.models import BooleanField, Model, Q
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query as Selection

from api.fields.serializer import Writer, plain_columns
from api.lists.cursor_pagination import KeyedRow, SortKey, after_values, read_values, with_sort_keys
from api.lists.filter_backend import ordering, sort_names, without_index
from api.lists.query_parser import Query
from api.lists.sql_template import OWNER_IDS_SQL, PLACEHOLDER_ID, array_sql, fill_parameters
from api.lists.view import ListView

WHERE_PLACEHOLDER = "/* terms */"  # placeholder of the condition, in the SQL and among its parameters

Row = dict[str, Any]
Values = tuple[Any, ...]


@dataclass(frozen=True)
class WhereClause:
    """What a query compares, as SQL and its parameters."""

    sql: str
    given: tuple[Any, ...] = ()

    def __and__(self, other: WhereClause) -> WhereClause:
        return WhereClause(f"{self.sql} AND {other.sql}", self.given + other.given)


@dataclass(frozen=True, eq=False)
class CompiledList:
    """A SELECT that leaves open who asks, and what they compare."""

    model: type[Model]
    sql: str
    given: tuple[Any, ...]
    names: tuple[str, ...]  # of its columns, as the API shows them
    writers: tuple[tuple[str, Writer], ...]  # conversions of values that are not returned unchanged
    keys: tuple[SortKey, ...]  # of the order; their values come behind those of the names

    def read(self, user: Any, terms: WhereClause, page: slice) -> list[Values]:
        """Return a page as it is in the columns."""
        with connection.cursor() as cursor:
            cursor.execute(self.text_for(user, terms, page), self.given_for(user, terms))
            return cast(list[Values], cursor.fetchall())

    def rows(self, found: Iterable[Values]) -> list[Row]:
        """What was read, as the API shows it."""
        rows = [dict(zip(self.names, values, strict=False)) for values in found]
        for name, write in self.writers:
            for row in rows:
                if row[name] is not None:
                    row[name] = write(row[name])
        return rows

    def text_for(self, user: Any, terms: WhereClause, page: slice) -> str:
        """The statement with the terms, and whose rows the user sees if that is known."""
        sql = self.sql.replace(OWNER_IDS_SQL, array_sql(user.visible_owner_ids or ())).replace(
            WHERE_PLACEHOLDER, terms.sql
        )
        return f"{sql} LIMIT {page.stop - page.start} OFFSET {page.start}"

    def given_for(self, user: Any, terms: WhereClause) -> list[Any]:
        """The parameters, those of the terms in their place."""
        gap = self.given.index(WHERE_PLACEHOLDER)
        return [
            *fill_parameters(self.given[:gap], user.pk),
            *terms.given,
            *fill_parameters(self.given[gap + 1 :], user.pk),
        ]


class FastListRows:
    """The rows of a list as it shows them; for its pages what a queryset is elsewhere."""

    def __init__(self, view: ListView, is_reversed: bool = False) -> None:
        self.view = view
        self.terms = compile_condition(view.model, view.filterset_class.condition(view.query))
        self.statement = compile_list(
            type(view),
            tuple(view.query.sort),
            frozenset(view.selected()),
            is_told=view.user.visible_owner_ids is not None,
            is_reversed=is_reversed,
            has_few_rows=view.has_few_rows,
            has_keys=view.query.cursor is not None,
        )

    def __getitem__(self, page: slice) -> list[Row]:
        return self.statement.rows(self.statement.read(self.view.user, self.terms, page))

    def after(self, values: list[Any] | None, number: int) -> list[KeyedRow]:
        """So many rows behind the one with these sort keys, each with its own."""
        terms = self.terms if values is None else self.terms & self.behind(values)
        found = self.statement.read(self.view.user, terms, slice(0, number))
        width = len(self.statement.names)
        return [(row, values[width:]) for row, values in zip(self.statement.rows(found), found, strict=True)]

    def behind(self, values: list[Any]) -> WhereClause:
        """What rows behind the one with these sort keys satisfy."""
        values = read_values(self.statement.keys, values)
        terms = where_after(self.statement, tuple(value is None for value in values))
        return WhereClause(terms.sql, tuple(values[number] for number in terms.given))

    def reverse(self) -> FastListRows:
        return FastListRows(self.view, is_reversed=True)

    def count(self) -> int:
        return self.view.filter_queryset(self.view.get_queryset()).count()


@lru_cache(maxsize=200)
def compile_list(
    resource: Any,
    sort: tuple[tuple[str, bool], ...],
    select: frozenset[str],
    *,
    is_told: bool,
    is_reversed: bool,
    has_few_rows: bool,
    has_keys: bool,
) -> CompiledList:
    """What reads a list of this resource in this order; BadQuery for an order that it does not take.

    `is_told` when whose rows the user sees has been read before: see `User.shown_by`.
    """
    columns = plain_columns(resource.serializer_class)
    if others := set(resource.serializer_class.Meta.fields) - columns.keys() - resource.loads - resource.added:
        raise TypeError(f"{resource.__name__}.is_plain, but {', '.join(sorted(others))} are not columns.")
    chosen = {name: column for name, column in columns.items() if not select or name in select or name == "id"}
    order = ordering(Query(sort=list(sort)), resource.filterset_class, sort_names(resource))
    if resource.default_order and not sort:
        order = list(resource.default_order)
    if has_few_rows:
        order = list(map(without_index, order))
    model = resource.serializer_class.Meta.model
    seen = model._default_manager.visible_to(placeholder_user(is_told))
    rows = seen.filter(RawSQL(WHERE_PLACEHOLDER, [WHERE_PLACEHOLDER], BooleanField())).order_by(*order)
    if is_reversed:
        rows = rows.reverse()
    rows, keys = with_sort_keys(rows) if has_keys else (rows, {})
    sql, given = rows.values_list(*(column for column, _ in chosen.values()), *keys).query.sql_with_params()
    writers = tuple((name, write) for name, (_, write) in chosen.items() if write)
    return CompiledList(model, sql, given, tuple(chosen), writers, tuple(keys.values()))


@lru_cache(maxsize=200)
def where_after(statement: CompiledList, lacking: tuple[bool, ...]) -> WhereClause:
    """Return the condition for rows after a row that lacks these sort keys; numbers are placeholders of the others."""
    values = [None if is_lacking else RawSQL("%s", [number]) for number, is_lacking in enumerate(lacking)]
    return compile_condition(statement.model, after_values(statement.keys, values))


def placeholder_user(is_told: bool = False) -> Any:
    """A user with only an id: any other access raises, so that compiled SQL cannot depend on one user."""
    user: Any = get_user_model().from_db(None, ["id"], [PLACEHOLDER_ID])
    user.visible_owner_ids = [PLACEHOLDER_ID] if is_told else None
    return user


def compile_condition(model: type[Model], condition: Q) -> WhereClause:
    """A condition on the columns of one table."""
    selection = Selection(model)
    try:
        sql, given = selection.get_compiler(connection=connection).compile(selection.build_where(condition))
    except EmptyResultSet:
        return WhereClause("FALSE")
    except FullResultSet:
        return WhereClause("TRUE")
    return WhereClause(sql, tuple(given))
