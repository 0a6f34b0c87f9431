"""Browser programs from any origin may call the API: the token is in a header, and no cookie is accepted there."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Content-Encoding, Accept, X-Requested-With, X-LionDesk-Id"
    ),
    "Access-Control-Max-Age": "86400",
}
COOKIE_PATHS = ("/admin", "/static", "/oauth2/authorize")


class CorsMiddleware:
    """Answers OPTIONS without asking for a token, and opens every answer that depends on no cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(COOKIE_PATHS):
            return self.get_response(request)
        response = self.options(request) if request.method == "OPTIONS" else self.get_response(request)
        if "HTTP_ORIGIN" in request.META:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = "Retry-After, WWW-Authenticate"
        return response

    def options(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a preflight for any origin; any other OPTIONS request gets the allowed methods."""
        if "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META:
            return HttpResponse(status=204, headers=PREFLIGHT_HEADERS)
        response = self.get_response(request)  # an error with the allowed methods
        allowed = response.headers.get("Allow")
        return HttpResponse(status=204, headers={"Allow": allowed}) if allowed else response
