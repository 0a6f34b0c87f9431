"""SQL that is compiled once for all users, with placeholders for the current user.

Compiling takes Django longer than PostgreSQL needs to answer.
"""

from collections.abc import Iterable, Sequence
from typing import Any

PLACEHOLDER_ID = -1  # placeholder of the current user's id


def array_sql(ids: Iterable[int]) -> str:
    """Return ids as SQL text. As a parameter, a prepared statement would get one generic plan for all values."""
    return f"'{{{','.join(str(int(id_)) for id_ in ids)}}}'::bigint[]"


OWNER_IDS_SQL = array_sql([PLACEHOLDER_ID])  # placeholder of ids that are known before the query


def fill_parameters(given: Sequence[Any], user_id: int) -> list[Any]:
    """Return the parameters of a statement, with the current user in place of the placeholder."""
    return [user_id if value == PLACEHOLDER_ID else value for value in given]
