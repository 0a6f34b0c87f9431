"""The addresses of the contract: OpenAPI and its explorer."""

from django.urls import path

from api.schema import explorer, explorer_redirect, favicon, openapi

urlpatterns = [
    path("openapi.json", openapi, name="openapi"),
    path("docs", explorer, name="docs"),
    path("docs/oauth2-redirect", explorer_redirect, name="docs-oauth2-redirect"),
    path("favicon.ico", favicon),
]
