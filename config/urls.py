"""Every address of the service. No trailing slashes and no redirects; the admin alone has its own."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config import health

admin.autodiscover()  # here, not at start: workers have no use for the admin

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    path("", include("config.api.urls")),
    path("", include("teams.urls")),
    path("", include("crm.urls")),
    path("", include("messaging.urls")),
    path("", include("campaigns.urls")),
    path("", include("leads.urls")),
]
if settings.SANDBOX:
    urlpatterns.append(path("sandbox/", include("config.sandbox.urls")))

handler400 = "config.api.problems.bad_request"
handler404 = "config.api.problems.not_found"
handler500 = "config.api.problems.server_error"
