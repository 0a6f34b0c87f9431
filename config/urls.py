"""Every address of the service. No trailing slashes and no redirects; the admin alone has its own."""

from importlib import import_module

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from core import health

# Here, not at start: workers have no use for the admin.
admin.autodiscover()
import_module("api.admin.parked_rows")  # not in api.admin itself: Django imports that to make the site

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    path("", include("api.urls")),
    path("", include("oauth.urls")),
    path("", include("teams.api.urls")),
    path("", include("crm.api.urls")),
    path("", include("messaging.api.urls")),
    path("", include("campaigns.api.urls")),
    path("", include("leads.api.urls")),
    path("", include("api_v1.urls")),
]
if settings.SANDBOX:
    urlpatterns.append(path("sandbox/", include("sandbox.urls")))

handler400 = "api.exceptions.bad_request"
handler404 = "api.exceptions.not_found"
handler500 = "api.exceptions.server_error"
