"""Statements composed once for everybody: what stands in them for whoever asks.

Django takes longer to compose a statement than PostgreSQL to answer it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

PLACEHOLDER_ID = -1  # stands for the id of who asks


def array_sql(ids: Iterable[int]) -> str:
    """Ids in the text of a statement. As a parameter, a prepared statement soon has one plan for whatever ids come."""
    return f"'{{{','.join(str(int(id_)) for id_ in ids)}}}'::bigint[]"


OWNER_IDS_SQL = array_sql([PLACEHOLDER_ID])  # stands for ids that are known before the statement is asked


def fill_parameters(given: Sequence[Any], user_id: int) -> list[Any]:
    """The parameters of a statement, with who asks in the place of anybody."""
    return [user_id if value == PLACEHOLDER_ID else value for value in given]
