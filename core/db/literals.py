"""Values that the code knows in advance, in the text of a statement instead of beside it as parameters.

PostgreSQL plans a prepared statement that is used often once for all parameters. Such a generic plan uses a partial
index only if the text of the statement proves the index's condition: `status = 'Pending'` does, `status = $1` does not
(https://www.postgresql.org/docs/current/indexes-partial.html). So `=` and `IN` write the empty text and the values of a
column's `choices` into the statement. There are few of them, and none comes from outside.
"""

from functools import lru_cache
from typing import Any

from django.db.models import CharField, Q, TextField
from django.db.models.lookups import Exact, In


class LiteralExact(Exact):
    """`column = value`."""

    def process_rhs(self, compiler: Any, connection: Any) -> Any:
        if self.rhs_is_direct_value() and is_known(self.rhs, self.lhs.output_field):
            return literal(self.rhs), []
        return super().process_rhs(compiler, connection)


class LiteralIn(In):
    """`column IN (values)`."""

    def resolve_expression_parameter(self, compiler: Any, connection: Any, sql: str, param: Any) -> Any:
        if is_known(param, self.lhs.output_field):
            return literal(param), []
        return super().resolve_expression_parameter(compiler, connection, sql, param)


def is_known(value: Any, field: Any) -> bool:
    """Whether the code knows this value of the column in advance."""
    return isinstance(value, str) and (value == "" or value in choices_of(field))


@lru_cache(maxsize=1000)
def choices_of(field: Any) -> frozenset[Any]:
    """The values that a column may have, where the model lists them."""
    return frozenset(value for value, _ in field.flatchoices)


def literal(text: str) -> str:
    """The text as a constant of a statement that has parameters."""
    return "'{}'".format(text.replace("'", "''").replace("%", "%%"))


def nonempty(column: str) -> Q:
    """Rows whose `column` is not empty. Beside `column = $1` it lets an index of these rows serve."""
    return ~Q(**{column: ""})


def register() -> None:
    """Let text columns compare in this way; called once when the app is ready."""
    for lookup in (LiteralExact, LiteralIn):
        CharField.register_lookup(lookup)
        TextField.register_lookup(lookup)
