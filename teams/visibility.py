"""Which rows a user sees: their own, and those of users who share with them.

The ids of those users are few. They are read first and sent as an array, so that the index of the compared column
serves. The query is compiled once for all users.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL

from api.lists.sql_template import PLACEHOLDER_ID, array_sql, fill_parameters
from teams.models import SubAccount, Team, TeamMember, User


class EqAny(models.Func):
    """`column = ANY(ARRAY(SELECT ...))`: the subquery runs once, before the scan, so the column's index serves.

    With `IN (SELECT ...)` under an OR, PostgreSQL reads every row of the table.
    """

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()


class IdArray(models.Value):
    """Ids as one array, in binary: a tenth of what it takes to write and read them as text."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%b::bigint[]", (self.value,)


def in_ids(column: str, ids: Collection[int]) -> models.Q:
    """Rows whose `column` is one of these ids, however many: they travel as one array."""
    return models.Q(EqAny(models.F(column), IdArray(list(ids))))


def in_few(column: str, ids: Collection[int]) -> models.Q:
    """Rows whose `column` is one of these few ids, which PostgreSQL is to plan for."""
    return models.Q(EqAny(models.F(column), RawSQL(array_sql(ids), [])))


@cache
def compiled_sql(rows_of: Callable[[User], models.QuerySet[Any, Any]]) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL of `rows_of` for any user. Compiling it takes Django longer than PostgreSQL needs to answer."""
    never = datetime.fromtimestamp(
        0, UTC
    )  # explicit: otherwise the clock would be read, which is a query in the sandbox
    return rows_of(User(pk=PLACEHOLDER_ID, created_at=never, modified_at=never)).query.sql_with_params()


def compiled_sql_for(user: User, rows_of: Callable[[User], models.QuerySet[Any, Any]]) -> tuple[str, list[Any]]:
    """The SQL of `rows_of(user)` and its parameters."""
    sql, given = compiled_sql(rows_of)
    return sql, fill_parameters(given, user.pk)


def in_rows(column: str, rows_of: Callable[[User], models.QuerySet[Any, Any]], user: User) -> models.Q:
    """Rows whose `column` is among the ids that `rows_of(user)` selects."""
    sql, given = compiled_sql_for(user, rows_of)
    ids = RawSQL(f"ARRAY({sql})", given)
    return models.Q(EqAny(models.F(column), ids))


@cache
def broker_ids(shares: str) -> Callable[[User], models.QuerySet[Any, Any]]:
    """Selects the id of a user's broker, if that broker works here and `shares`, a flag of SubAccount, is on."""
    in_force = SubAccount.objects.filter(broker_user__is_active=True, **{shares: True} if shares else {})
    return lambda user: in_force.filter(user=user).order_by().values_list("broker_user_id")


def shared_by_broker(user: User, column: str, shares: str = "") -> models.Q:
    """Rows whose `column` (a user id) is `user`'s broker, if what they share includes `shares`."""
    return in_rows(column, broker_ids(shares), user)


def sharers_with(user: User) -> models.QuerySet[Any, Any]:
    """The ids of those who share their contacts with `user`: in some team, or as their broker."""
    sharing = Team.objects.joined_by(user).filter(is_contact_resource_sharing_enabled=True)
    members = TeamMember.objects.accepted().filter(team__in=sharing.values("pk"))
    creators, broker = sharing.order_by().values_list("creator_id"), broker_ids("is_contact_ownership_enabled")(user)
    return members.order_by().values_list("user_id").union(creators, broker, all=True)


def sharer_ids(user: User) -> list[int]:
    """Return the ids of `user` and of the users who share their contacts with them.

    Literal ids cost a statement more than `visible_rows`, and let PostgreSQL estimate the rows: it knows nothing about
    an array that it has yet to read.
    """
    sql, given = compiled_sql_for(user, sharers_with)
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return sorted({user.pk, *(pk for (pk,) in cursor.fetchall())})  # once each: rows are expected for every id


def visible_rows(column: str, user: User) -> models.Q:
    """Return rows whose `column` (a user id) is `user` or a user who shares their contacts with them."""
    if user.visible_owner_ids is not None:
        return in_few(column, user.visible_owner_ids)
    return models.Q(**{column: user.pk}) | in_rows(column, sharers_with, user)
