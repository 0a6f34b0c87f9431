"""Programs that act for users, and the tokens they act with."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from oauth2_provider.models import AbstractApplication
from oauth2_provider.models import AccessToken as StoredToken

from oauth.tokens import redirect_schemes
from teams.models.people import User


class Application(AbstractApplication):
    """A program that may ask users for access; our own model because one application uses several grants.

    The library allows each application a single grant; LionDesk's clients use code with refresh, and some implicit.
    """

    is_implicit_allowed = models.BooleanField(
        "implicit grant allowed", default=False, help_text="For old browser clients only: the token shows in the URL."
    )

    class Meta(AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"

    def allows_grant_type(self, *grant_types: str) -> bool:
        allowed = {self.GRANT_AUTHORIZATION_CODE, self.authorization_grant_type}
        if self.is_implicit_allowed:
            allowed.add(self.GRANT_IMPLICIT)
        return bool(allowed & set(grant_types))

    def get_allowed_schemes(self) -> list[str]:
        return redirect_schemes(self.redirect_uris.split())


# Of an access token: its program may ask for another when it expires.
RENEWABLE = models.Q(refresh_token__isnull=False, refresh_token__revoked__isnull=True)


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    """Questions about what programs may do."""

    def visible_to(self, user: User) -> AccessTokenQuerySet:
        """Those that act for you, and those of the programs that you have registered; operators see all."""
        return self if user.is_staff else self.filter(models.Q(user=user) | models.Q(application__user=user))

    def usable(self, now: datetime) -> AccessTokenQuerySet:
        """Those that open the door at `now`, wall time, or can be exchanged for one that does."""
        return self.filter(models.Q(expires__gt=now) | RENEWABLE)


class AccessToken(StoredToken):
    """What the library stores of a token, as people look at it and take it back: never the token itself."""

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        proxy = True

    def __str__(self) -> str:
        return f"Token {self.pk}"
