"""Case-insensitive comparison as `LOWER(column)`, so that indexes on LOWER serve: `email__lower=lowered(text)`.

Django's `iexact` and `icontains` compile to UPPER, and measured on PostgreSQL they used no index for a prefix.
The database lowers both sides: Python's lower() differs for some letters.
"""

from typing import Any

from django.db.models import CharField, Lookup, TextField, Value
from django.db.models.functions import Lower
from django.db.models.sql.compiler import SQLCompiler


def lowered(text: str) -> Lower:
    """Return the right side of a comparison with `column__lower`."""
    return Lower(Value(text))


class Like(Lookup):
    """SQL's LIKE with the caller's own `%` and `_`. A backslash is only a backslash if the caller doubles it."""

    lookup_name = "like"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        return f"{lhs} LIKE {rhs}", (*lhs_params, *rhs_params)


def register() -> None:
    """Register `__lower` and `__like` for text columns. Called once when the app is ready."""
    for column in (CharField, TextField):
        column.register_lookup(Lower)
        column.register_lookup(Like)
