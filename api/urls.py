"""The addresses of the contract: OpenAPI and its explorer."""

from django.urls import path

from api.schema import explorer, favicon, openapi

urlpatterns = [
    path("openapi.json", openapi, name="openapi"),
    path("docs", explorer, name="docs"),
    path("favicon.ico", favicon),
]
