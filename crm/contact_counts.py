"""How many contacts a user sees, without counting them: of a million that takes a tenth of a second, on every page."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, cast

from celery import shared_task
from django.core.cache import cache
from django.db import connection
from django.db.models import Aggregate, Count, F, Max, Q, QuerySet, Sum, Value

from api.lists.query_parser import Query
from api.lists.sql_template import OWNER_IDS_SQL, PLACEHOLDER_ID, fill_parameters
from crm.models import Contact, ContactTotal, shared_with, tag_list
from teams.models import User
from teams.visibility import EqAny, compiled_sql, in_few, in_rows, sharers_with

COMPACTED_UP_TO_KEY = "contact-totals-folded-up-to"  # cache key
ANY_TAG = "a tag"  # placeholder of the tag in a compiled query

# One statement: other transactions see the rows before it or the rows after it, with the same sum.
COMPACT_SQL = """
    WITH folded AS (
        DELETE FROM crm_contacttotal WHERE id IN (
            SELECT id FROM (
                SELECT id, count(*) OVER (PARTITION BY owner_user_id, assigned_user_id, tag) AS alike
                FROM crm_contacttotal
            ) AS counted WHERE alike > 1
        ) RETURNING owner_user_id, assigned_user_id, tag, number
    )
    INSERT INTO crm_contacttotal (owner_user_id, assigned_user_id, tag, number)
    SELECT owner_user_id, assigned_user_id, tag, sum(number) FROM folded
    GROUP BY owner_user_id, assigned_user_id, tag HAVING sum(number) <> 0
"""

# The owners whose contacts a user sees, and their total. A page is read by those ids (crm.api.views): one query.
VISIBLE_IDS_SQL = "(SELECT ids FROM seen)::bigint[]"
REACH_SQL = """
    WITH seen AS MATERIALIZED (SELECT %s::bigint || ARRAY({sharers}) AS ids)
    SELECT ids, (SELECT sum(figure) FROM ({totals}) AS totals) FROM seen
"""


def is_maintained(query: Query) -> bool:
    """Whether a list's total need not be counted: of all contacts, or of those with one tag."""
    if query.alternatives or len(query.terms) > 1:
        return False
    return not query.terms or tag_of(query) != ""


def tag_of(query: Query) -> str:
    """Return the tag if the query filters by one tag, otherwise "". A value with a comma also matches whole strings."""
    for term in query.terms:
        if term.field == "tags" and term.operator in ("", "$in") and len(term.values) == 1:
            text = term.values[0]  # PostgreSQL normalizes it: only it knows what counts as whitespace in a tag
            return text if text.strip() and "," not in text and text != "null" else ""
    return ""


class Reach(NamedTuple):
    """Whose contacts a user sees, and how many."""

    owner_ids: list[int]
    total: int


def reach_of(user: User, tag: str = "") -> Reach:
    """Whose contacts `user` sees, and how many, in all or with a tag: as exact as `count(*)` in the same moment."""
    sql, given = compiled_reach(totals_of_tag if tag else totals_of_all)
    with connection.cursor() as cursor:
        cursor.execute(sql, [tag if value == ANY_TAG else value for value in fill_parameters(given, user.pk)])
        owner_ids, total = cursor.fetchone()
    return Reach(sorted(set(owner_ids)), int(total or 0))  # PostgreSQL sums to numeric


def total_of(user: User, tag: str = "") -> int:
    return reach_of(user, tag).total


@lru_cache
def compiled_reach(totals_of: Callable[[User], QuerySet[Any, Any]]) -> tuple[str, list[Any]]:
    """Return the SQL for any user, and its parameters."""
    sharers, theirs = compiled_sql(sharers_with)
    totals, given = compiled_sql(totals_of)
    return REACH_SQL.format(sharers=sharers, totals=totals.replace(OWNER_IDS_SQL, VISIBLE_IDS_SQL)), [
        PLACEHOLDER_ID,
        *theirs,
        *given,
    ]


def totals_of_all(user: User) -> QuerySet[Any, Any]:
    return totals(user, ContactTotal.objects.filter(tag=None), Contact.objects.all())


def totals_of_tag(user: User) -> QuerySet[Any, Any]:
    tags = tag_list(Value(ANY_TAG))
    counted = ContactTotal.objects.filter(EqAny(F("tag"), tags))
    return totals(user, counted, Contact.objects.filter(tag_list__contains=tags))


def totals(user: User, counted: QuerySet[ContactTotal], contacts: QuerySet[Contact]) -> QuerySet[Any, Any]:
    """Two sums: of what `user` sees by whose it is, and of what is shared with them alone, which is little."""
    shared = contacts.filter(in_rows("pk", shared_with, user)).exclude(is_worked_by(user)).order_by()
    return sum_of(counted.filter(is_worked_by(user)), Sum("number")).union(sum_of(shared, Count("pk")), all=True)


def sum_of(rows: QuerySet[Any], figure: Aggregate) -> QuerySet[Any, Any]:
    """One figure of all rows."""
    return cast(QuerySet[Any, Any], rows.values(all=Value(1)).annotate(figure=figure).values_list("figure"))


def is_worked_by(user: User) -> Q:
    """Totals by owner of all contacts that `user` sees as owner or by sharing, without those shown one by one.

    The owners' ids stay placeholders, for `compiled_reach`.
    """
    return in_few("owner_user_id", [PLACEHOLDER_ID]) | Q(assigned_user_id=user.pk)


@shared_task
def compact_totals(min_rows: int = 1) -> None:
    """Fold the totals into one row for each owner, assignee and tag, if `min_rows` were appended since the last fold.

    Each page of contacts adds these rows up, so they must stay few.
    """
    appended = newest_id() - cache.get(COMPACTED_UP_TO_KEY, default=0)
    if 0 <= appended < min_rows:  # below 0: the database is older than the cache
        return
    with connection.cursor() as cursor:
        cursor.execute(COMPACT_SQL)
    cache.set(COMPACTED_UP_TO_KEY, newest_id(), timeout=None)  # may be lost: then rows are folded again


def newest_id() -> int:
    return ContactTotal.objects.aggregate(newest=Max("id"))["newest"] or 0
