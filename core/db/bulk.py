"""Many rows in one statement: each column is one array parameter, common values are single parameters.

Measured with Django 5.2 for 1,000 rows: bulk_create, which also uses UNNEST but prepares value by value, takes 4 times
as long for messages and 8 times for offers; bulk_update, which writes a CASE for each column and row, takes 65 times as
long (docs/decisions/0015-libraries.md). Arrays are sent in binary (`%b`): as text, a time takes 17 times as long.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

ColumnTypes = Mapping[str, str]  # the columns' names, with the types that their values are given in
Columns = Sequence[Sequence[Any]]  # the values of each column, of one row or more


def rows_from_arrays(kinds: ColumnTypes, columns: Columns) -> tuple[str, list[Any]]:
    """The rows as an item of FROM called `given`, with their `place` from 0, and its parameters."""
    varies = tuple(values.count(values[0]) < len(values) for values in columns)
    told = list(zip(columns, varies, strict=True))
    once = [values[0] for values, differ in told if not differ]
    arrays = [list(values) for values, differ in told if differ]
    return _from_item(tuple(kinds.items()), varies), [*once, list(range(len(columns[0]))), *arrays]


def bulk_insert_sql(table: str, kinds: ColumnTypes, columns: Columns) -> tuple[str, list[Any]]:
    """The statement that stores the rows in their order, and its parameters.

    Give strings as text: what is too long for its column is an error then, and as varchar(n) it would be cut off.
    """
    rows, parameters = rows_from_arrays(kinds, columns)
    names = ", ".join(kinds)
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {rows} ORDER BY place", parameters  # noqa: S608 (our own)


def bulk_update_sql(table: str, kinds: ColumnTypes, columns: Columns) -> tuple[str, list[Any]]:
    """The statement that changes the rows with these values of `id`, and its parameters."""
    rows, parameters = rows_from_arrays(kinds, columns)
    values = ", ".join(f"{name} = given.{name}" for name in kinds if name != "id")
    return f"UPDATE {table} SET {values} FROM {rows} WHERE {table}.id = given.id", parameters  # noqa: S608 (our own)


@lru_cache(maxsize=500)
def _from_item(kinds: tuple[tuple[str, str], ...], varies: tuple[bool, ...]) -> str:
    told = list(zip(kinds, varies, strict=True))
    values = ", ".join(["place", *(name if differ else f"%s::{kind} AS {name}" for (name, kind), differ in told)])
    arrays = ", ".join(["%b::int[]", *(f"%b::{kind}[]" for (_, kind), differ in told if differ)])
    names = ", ".join(["place", *(name for (name, _), differ in told if differ)])
    return f"(SELECT {values} FROM unnest({arrays}) AS differing ({names})) AS given"  # noqa: S608 (our own names)
