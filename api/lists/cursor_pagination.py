"""Cursor pagination: a cursor holds the sort keys of the last row, signed, so that it can be trusted."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import F, OrderBy, Q, QuerySet
from django.db.models.expressions import Col

from api.lists.query_parser import BadQuery

SALT = "cursor"
KEY_NAME = "_sort_key_{}"  # what the keys are called on the rows
NO_ROW = Q(pk__in=[])

Sort = list[tuple[str, bool]]
KeyedRow = tuple[Any, Sequence[Any]]  # a row, and its sort keys


@dataclass(frozen=True)
class SortKey:
    """One part of an order. PostgreSQL takes null for greater than any value."""

    column: Any  # the expression, as its query knows it
    descends: bool

    @property
    def may_be_null(self) -> bool:
        """Return whether rows may have no value: the column is nullable, or behind a relation."""
        return any(
            part.target.null or part.alias != part.target.model._meta.db_table
            for part in self.column.flatten()
            if isinstance(part, Col)
        )

    def read(self, value: Any) -> Any:
        """A value as the column has it, from what JSON has kept."""
        return self.column.output_field.to_python(value)

    def is_(self, lookup: str, value: Any) -> Q:
        return Q(self.column.get_lookup(lookup)(self.column, value))

    def same(self, value: Any) -> Q:
        return self.is_("isnull", True) if value is None else self.is_("exact", value)

    def behind(self, value: Any) -> Q:
        """Rows strictly behind a value in this key's direction."""
        if self.descends:
            return self.is_("isnull", False) if value is None else self.is_("lt", value)
        return NO_ROW if value is None else self.is_("gt", value) | self.nulls

    def not_before(self, value: Any) -> Q:
        """Return the condition for rows at or after a value, in a form that lets an index scan begin there."""
        if value is None:
            return Q() if self.descends else self.same(None)
        return self.is_("lte", value) if self.descends else self.is_("gte", value) | self.nulls

    @property
    def nulls(self) -> Q:
        return self.is_("isnull", True) if self.may_be_null else NO_ROW


def page_after(rows: Any, cursor: str, sort: Sort, number: int) -> list[KeyedRow]:
    """Return this many rows after a cursor; an empty cursor means the start. Raises BadQuery for an invalid cursor."""
    values = read_cursor(cursor, sort) if cursor else None
    return records_after(rows, values, number) if isinstance(rows, QuerySet) else rows.after(values, number)


def records_after(rows: QuerySet[Any], values: list[Any] | None, number: int) -> list[KeyedRow]:
    """Records behind the one with these values."""
    rows, keys = with_sort_keys(rows)
    if values is not None:
        rows = rows.filter(after_values(keys.values(), read_values(keys.values(), values)))
    return [(record, [getattr(record, name) for name in keys]) for record in rows[:number]]


def with_sort_keys(rows: QuerySet[Any]) -> tuple[QuerySet[Any], dict[str, SortKey]]:
    """Rows that bear what they are ordered by, and by what name."""
    orders = {KEY_NAME.format(number): as_order(order) for number, order in enumerate(rows.query.order_by)}
    rows = rows.annotate(**{name: order.expression for name, order in orders.items()})
    return rows, {name: SortKey(rows.query.annotations[name], order.descending) for name, order in orders.items()}


def read_values(keys: Collection[SortKey], values: Sequence[Any]) -> list[Any]:
    """What a cursor has kept, as the columns have it."""
    if len(values) != len(keys):
        raise bad_cursor()
    return [key.read(value) for key, value in zip(keys, values, strict=True)]


def after_values(keys: Iterable[SortKey], values: Sequence[Any]) -> Q:
    """Rows behind the one with these values: the first key decides, among its equals the second, and so on."""
    pairs = list(zip(keys, values, strict=True))
    condition = NO_ROW
    for key, value in reversed(pairs):
        condition = key.behind(value) | (key.same(value) & condition)
    first, value = pairs[0]
    return condition & first.not_before(value)


def write_cursor(keys: Iterable[Any], sort: Sort) -> str:
    """The cursor of a row with these keys."""
    return signing.dumps([sort, [to_json_value(value) for value in keys]], salt=SALT)


def read_cursor(cursor: str, sort: Sort) -> list[Any]:
    """The values in a cursor that was given out for the same order."""
    try:
        given_sort, values = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise bad_cursor() from error
    if [tuple(part) for part in given_sort] != sort:
        raise bad_cursor("$cursor belongs to another $sort.")
    return list(values)


def bad_cursor(message: str = "$cursor is not a cursor of this list.") -> BadQuery:
    return BadQuery(message, errors={"$cursor": message})


def as_order(order: Any) -> OrderBy:
    """One part of an order, however it was written."""
    if isinstance(order, str):
        return F(order.removeprefix("-")).desc() if order.startswith("-") else F(order).asc()
    return order if isinstance(order, OrderBy) else order.asc()


def to_json_value(value: Any) -> Any:
    """A key as JSON keeps it without loss; its column reads it back."""
    return value if value is None or isinstance(value, bool | int | str) else str(value)
