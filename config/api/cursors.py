"""Where a list goes on: a cursor holds the sort keys of the last row seen, signed, so that nobody need trust it."""

from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import F, OrderBy, Q, QuerySet
from django.db.models.expressions import Col

from config.api.grammar import BadQuery

SALT = "cursor"
KEY = "_sort_key_{}"  # what the keys are called on the rows
NO_ROW = Q(pk__in=[])

Sort = list[tuple[str, bool]]


@dataclass(frozen=True)
class Key:
    """One part of an order. PostgreSQL takes null for greater than any value."""

    name: str
    column: Any  # the expression the rows are annotated with
    descends: bool

    @property
    def may_be_null(self) -> bool:
        """Whether rows may lack it: its column does, or stands behind a relation."""
        return any(
            part.target.null or part.alias != part.target.model._meta.db_table
            for part in self.column.flatten()
            if isinstance(part, Col)
        )

    def read(self, value: Any) -> Any:
        """A value as the column has it, from what JSON has kept."""
        return self.column.output_field.to_python(value)

    def same(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def behind(self, value: Any) -> Q:
        """Rows strictly behind a value in this key's direction."""
        if self.descends:
            return Q(**{f"{self.name}__isnull": False}) if value is None else Q(**{f"{self.name}__lt": value})
        return NO_ROW if value is None else Q(**{f"{self.name}__gt": value}) | self.nulls

    def not_before(self, value: Any) -> Q:
        """Rows at a value or behind it, said so that an index can begin there."""
        if value is None:
            return Q() if self.descends else self.same(None)
        return Q(**{f"{self.name}__lte": value}) if self.descends else Q(**{f"{self.name}__gte": value}) | self.nulls

    @property
    def nulls(self) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if self.may_be_null else NO_ROW


def after(rows: QuerySet[Any], cursor: str, sort: Sort) -> QuerySet[Any]:
    """The rows behind a cursor, all for an empty one, with their keys; raises BadQuery for what is no such cursor."""
    orders = [as_order(order) for order in rows.query.order_by]
    rows = rows.annotate(**{KEY.format(number): order.expression for number, order in enumerate(orders)})
    keys = [
        Key(name, rows.query.annotations[name], order.descending)
        for name, order in zip(map(KEY.format, range(len(orders))), orders, strict=True)
    ]
    return rows.filter(behind(keys, read(cursor, sort))) if cursor else rows


def behind(keys: list[Key], values: list[Any]) -> Q:
    """Rows behind the one with these values: the first key decides, among its equals the second, and so on."""
    if len(values) != len(keys):
        raise bad_cursor()
    pairs = [(key, key.read(value)) for key, value in zip(keys, values, strict=True)]
    condition = NO_ROW
    for key, value in reversed(pairs):
        condition = key.behind(value) | (key.same(value) & condition)
    first, value = pairs[0]
    return condition & first.not_before(value)


def at(row: Any, sort: Sort) -> str:
    """The cursor of a row that `after` returned."""
    values = [value for name, value in vars(row).items() if name.startswith(KEY.format(""))]
    return signing.dumps([sort, [plain(value) for value in values]], salt=SALT)


def read(cursor: str, sort: Sort) -> list[Any]:
    """The values in a cursor that was given out for the same order."""
    try:
        given_sort, values = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise bad_cursor() from error
    if [tuple(part) for part in given_sort] != sort:
        raise bad_cursor("$cursor belongs to another $sort.")
    return list(values)


def bad_cursor(message: str = "$cursor is none that this list gave out.") -> BadQuery:
    return BadQuery(message, errors={"$cursor": message})


def as_order(order: Any) -> OrderBy:
    """One part of an order, however it was written."""
    if isinstance(order, str):
        return F(order.removeprefix("-")).desc() if order.startswith("-") else F(order).asc()
    return order if isinstance(order, OrderBy) else order.asc()


def plain(value: Any) -> Any:
    """A key as JSON keeps it without loss; its column reads it back."""
    return value if value is None or isinstance(value, bool | int | str) else str(value)
