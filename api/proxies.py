"""Forwarded headers count only from a trusted proxy."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api.throttling import is_trusted_proxy


class UntrustedProtoMiddleware:
    """Removes `X-Forwarded-Proto` unless one of TRUSTED_PROXIES sent it: any client could claim TLS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "HTTP_X_FORWARDED_PROTO" in request.META and not is_trusted_proxy(request.META.get("REMOTE_ADDR", "")):
            del request.META["HTTP_X_FORWARDED_PROTO"]
        return self.get_response(request)
