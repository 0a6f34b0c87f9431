"""API v1 over HTTP. Its clients read only answers with status 200: errors are in the body."""

import base64
from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.exceptions import error_body, error_headers
from api.grant import TokenInfo
from api.index import index
from api.internal_client import ApiError
from api_v1.aliases import read, spelled
from api_v1.handlers import CALLS, READING, Call, name_of
from api_v1.schema import ANSWER, REQUEST, CallSchema
from core.db.retry import retry_transaction
from oauth.authentication import HasValidToken, authentication_error, token_owner
from teams.models import Application, User

PERSONAL = "user"  # in place of a program's key
WRONG_KEY = {"error": 10, "errorText": "User Validation Error"}  # LionDesk's text


class Keys(BaseAuthentication):
    """The application's key is the user name of HTTP Basic, the account's is in `X-LionDesk-Id`.

    The application's key is its client id, which is not secret. The account's key is an access token granted to it.
    """

    def authenticate(self, request: Request) -> tuple[User, TokenInfo]:
        user = token_owner(account_key(request))
        if user is None or program_key(request) not in (PERSONAL, program_of(user.token_application_id)):
            raise authentication_error(request)
        return user, TokenInfo(user.token_id, user.token_application_id, frozenset(user.token_scope.split()))


def account_key(request: Request) -> str:
    key: str = request.META.get("HTTP_X_LIONDESK_ID", "")
    return key.strip()


def program_key(request: Request) -> str:
    """Return the user name of HTTP Basic; `""` without one."""
    scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    try:
        name = base64.b64decode(given, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""
    return name if scheme.lower() == "basic" else ""


def program_of(application_id: int) -> str | None:
    client_ids = Application.objects.filter(pk=application_id).values_list("client_id", flat=True)
    return cast("str | None", client_ids.first())


def action_of(request: Request) -> str:
    return name_of(read(cast(dict[str, Any], request.data)).get("action"))


class MayCall(HasValidToken):
    """A valid token, whose scope allows writing unless the call only reads."""

    def writes(self, request: Request) -> bool:
        return action_of(request) not in READING


class ApiV1(APIView):
    """`POST /`. `GET /` is the index of the whole service."""

    tag = "LionDesk v1"
    schema = CallSchema()
    authentication_classes = (Keys,)
    permission_classes = (MayCall,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "POST":
            super().initial(request, *args, **kwargs)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return index(request._request)

    @extend_schema(
        operation_id="v1",
        summary="Run the `action`",
        request={"application/json": REQUEST},
        responses={(200, "application/json"): ANSWER},
    )
    def post(self, request: Request) -> Response:
        """One call of LionDesk's first API, all of it or nothing."""
        sent = cast(dict[str, Any], request.data)
        name = action_of(request)
        call = Call(
            user=cast(User, request.user),
            key=account_key(request),
            is_personal=program_key(request) == PERSONAL,
            given=read(sent),
            names=spelled(sent),
        )
        done = retry_transaction(CALLS[name])(call)
        return Response({"error": 0, "errorText": "", "action": name} | done)

    def handle_exception(self, exc: Exception) -> Response:
        body = exc.body if isinstance(exc, ApiError) else error_body(exc)
        if body is None or self.request.method != "POST":
            return super().handle_exception(exc)
        code = body["code"]
        if code == 429 or code >= 500:  # not now: what a client may try again stays what it is to HTTP
            return Response(body, status=code, headers=error_headers(exc))
        return Response(WRONG_KEY if code == 401 else {"error": code, "errorText": body["message"]})
