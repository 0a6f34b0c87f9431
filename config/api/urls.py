"""Addresses of the dialect itself: OAuth and the contract."""

from django.urls import path

from config.api.oauth import Authorize, Revoke, Token
from config.api.schema import explorer, favicon, openapi

urlpatterns = [
    path("oauth2/authorize", Authorize.as_view(), name="authorize"),
    path("oauth2/token", Token.as_view(), name="token"),
    path("oauth2/revoke", Revoke.as_view(), name="revoke"),
    path("openapi.json", openapi, name="openapi"),
    path("docs", explorer, name="docs"),
    path("favicon.ico", favicon),
]
