"""Every address of the service. No trailing slashes and no redirects; the admin alone has its own."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
