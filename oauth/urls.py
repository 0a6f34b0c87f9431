"""The addresses of OAuth."""

from django.urls import path

from oauth.views import Authorize, Revoke, Token

urlpatterns = [
    path("oauth2/authorize", Authorize.as_view(), name="authorize"),
    path("oauth2/token", Token.as_view(), name="token"),
    path("oauth2/revoke", Revoke.as_view(), name="revoke"),
]
