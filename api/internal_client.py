"""Calls of the API from inside: the admin and API v1 pass their input to the same resources.

So there is one validation, one set of actions and one policy.
"""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest

from api.grant import TokenInfo
from api.viewsets import COLLECTION, ITEM, Resource

# The caller has authenticated the user, and acts with all the rights of that user.
FULL_ACCESS = TokenInfo(token_id=0, application_id=None, scopes=frozenset({"read", "write"}))


class ApiError(Exception):
    """An error response of the API: its body in the Feathers shape."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.errors: dict[str, str] = body.get("errors") or {}
        super().__init__(body.get("message", "This was refused."))


def call_api(
    resource: type[Resource[Any]], method: str, user: Any, body: Any = None, *, query: str = "", **names: Any
) -> Any:
    """Call a resource as `user`, as if by HTTP. Return the response body, or raise ApiError.

    `names`: parameters of the URL, such as the record's id and its parent's. Not counted by the rate limit.
    """
    sent = json.dumps(body or {}, cls=DjangoJSONEncoder).encode()
    request: Any = HttpRequest()
    request.method = method
    request.META = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(sent)), "QUERY_STRING": query}
    request._body, request._read_started = sent, True
    request._force_auth_user, request._force_auth_token = user, FULL_ACCESS
    verb = method.lower()
    view = resource.as_view({verb: (ITEM if "id" in names else COLLECTION)[verb]}, throttle_classes=())
    answer = view(request, **names)
    if answer.status_code >= 400:
        raise ApiError(answer.data)
    return answer.data
