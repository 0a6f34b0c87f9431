"""Authentication: bearer tokens and their scopes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from api import throttling
from oauth.tokens import fingerprint

if TYPE_CHECKING:  # settings name this module: importing DRF's views would go round in a circle
    from rest_framework.views import APIView

from api.grant import TokenInfo


class BearerTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`, in one query."""

    def authenticate(self, request: Request) -> tuple[Any, TokenInfo] | None:
        scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if not scheme:
            return None
        user = token_owner(given.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise authentication_error(request)
        return user, TokenInfo(user.token_id, user.token_application_id, frozenset(user.token_scope.split()))

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def token_owner(token: str) -> Any:
    """The active user whose current token this is, with the token's own columns as `token_...`."""
    if not token:
        return None
    with connection.cursor() as cursor:
        cursor.execute(token_owner_sql(), [fingerprint(token), timezone.now()])
        row = cursor.fetchone()
    if row is None:
        return None
    users = get_user_model()
    owner: Any = users.from_db(connection.alias, [field.attname for field in users._meta.concrete_fields], row[:-3])
    owner.token_id, owner.token_application_id, owner.token_scope = row[-3:]
    return owner


@cache
def token_owner_sql() -> str:
    """Written out: every request asks it, and composing it through the ORM took half of a short request's time."""
    tokens, users = get_access_token_model()._meta.db_table, get_user_model()._meta.db_table
    # The columns are named: a plan that PostgreSQL has kept outlives a migration that adds one.
    columns = ", ".join(f"u.{field.column}" for field in get_user_model()._meta.concrete_fields)
    return (
        f"SELECT {columns}, t.id AS token_id, t.application_id AS token_application_id, t.scope AS token_scope"  # noqa: S608
        f" FROM {tokens} t JOIN {users} u ON u.id = t.user_id"
        " WHERE t.token_checksum = %s AND t.expires > %s AND u.is_active"
    )


def authentication_error(stranger: Request) -> APIException:
    """The 401 of a missing or wrong token; after very many from one address a 429."""
    wait = throttling.anonymous_wait(stranger)
    return Throttled(wait) if wait else AuthenticationFailed()


class HasValidToken(BasePermission):
    """A valid token, whose scope allows writing where something is written."""

    needs_token = True  # the contract shows 401 and 403

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.auth is None:
            raise authentication_error(request)
        if self.writes(request) and "write" not in cast(TokenInfo, request.auth).scopes:
            raise PermissionDenied("This token may only read: it was granted without the scope write.")
        return True

    def writes(self, request: Request) -> bool:
        return request.method not in SAFE_METHODS
