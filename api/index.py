"""`GET /`: redirects a browser to the admin; a program gets the service's URLs."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers

from api.bodies.renderers import to_json

JSON, HTML = "application/json", "text/html"
PAGES = {"docs": "/docs", "openapi": "/openapi.json", "admin": "/admin/"}


def index(request: HttpRequest) -> HttpResponse:
    """Answer in JSON unless the client prefers HTML, as browsers do."""
    if request.get_preferred_type([JSON, HTML]) == HTML:
        answer: HttpResponse = redirect("admin:index")
    else:
        addresses = {name: f"{settings.PUBLIC_URL}{path}" for name, path in PAGES.items()}
        answer = HttpResponse(to_json({"name": "Pridedesk"} | addresses), content_type=JSON)
    patch_vary_headers(answer, ["Accept"])
    return answer
