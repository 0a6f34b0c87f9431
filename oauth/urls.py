"""The addresses of OAuth."""

from django.urls import path

from oauth.views import AuthorizeView, RevokeView, TokenView

urlpatterns = [
    path("oauth2/authorize", AuthorizeView.as_view(), name="authorize"),
    path("oauth2/token", TokenView.as_view(), name="token"),
    path("oauth2/revoke", RevokeView.as_view(), name="revoke"),
]
