"""Text compared as `lower(column)`, so that `lower(column) text_pattern_ops` and trigram indexes serve.

Django's own `iexact` and `icontains` write upper(), and measured on PostgreSQL that served no prefix.
Both sides are lowered by the database: Python's lower() differs for some letters.
"""

from typing import Any

from django.db.models import CharField, Lookup, TextField
from django.db.models.sql.compiler import SQLCompiler


class LowerLookup(Lookup):
    """`lower(column) <operator> lower(value)`."""

    operator = "="
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        return f"LOWER({lhs}) {self.operator} LOWER({rhs})", (*lhs_params, *rhs_params)


class LowerExact(LowerLookup):
    lookup_name = "lower_exact"


class LowerLess(LowerLookup):
    lookup_name = "lower_lt"
    operator = "<"


class LowerLessOrEqual(LowerLookup):
    lookup_name = "lower_lte"
    operator = "<="


class LowerGreater(LowerLookup):
    lookup_name = "lower_gt"
    operator = ">"


class LowerGreaterOrEqual(LowerLookup):
    lookup_name = "lower_gte"
    operator = ">="


class LowerLike(LowerLookup):
    """SQL's LIKE with the caller's own `%` and `_`; a backslash is only a backslash."""

    lookup_name = "lower_like"
    operator = "LIKE"

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (str(value).replace("\\", "\\\\"),)


class LowerPrefix(LowerLike):
    """Text that begins with the value, taken literally."""

    lookup_name = "lower_prefix"

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        begins = str(value).replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        return "%s", (f"{begins}%",)


class LowerIn(Lookup):
    """`lower(column) IN (lower(a), lower(b))`."""

    lookup_name = "lower_in"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        values = list(self.rhs)
        return f"LOWER({lhs}) IN ({', '.join(['LOWER(%s)'] * len(values))})", (*lhs_params, *values)


LOOKUPS = (LowerExact, LowerIn, LowerLess, LowerLessOrEqual, LowerGreater, LowerGreaterOrEqual, LowerLike, LowerPrefix)


def register() -> None:
    """Teach text columns these lookups; called once when the app is ready."""
    for lookup in LOOKUPS:
        CharField.register_lookup(lookup)
        TextField.register_lookup(lookup)
