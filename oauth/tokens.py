"""Tokens, codes and client ids: how they look, what is stored of them, and how the operator makes some.

Apart from oauth.views, so that a command need not load all that answers requests.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction
from django.db.models import QuerySet
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_refresh_token_model,
    set_token_value,
)
from oauth2_provider.settings import oauth2_settings

OWN_CLIENT_ID = "pridedesk"  # the installation's own application, in whose name `./pride token` mints


def hex_token(request: object = None) -> str:
    """40 lowercase hex digits: 160 bits."""
    return secrets.token_hex(20)


class HexClientId:
    def hash(self) -> str:
        """A new client id; the library's generators have this odd name."""
        return hex_token()


class HexClientSecret(HexClientId):
    """Client secrets are always generated, which is what makes GeneratedSecretHasher safe."""


class GeneratedSecretHasher(PBKDF2PasswordHasher):
    """For long random secrets only: one round, where a password needs a million and 200 ms."""

    algorithm = "fast_pbkdf2"
    iterations = 1


def redirect_schemes(uris: Iterable[str]) -> list[str]:
    """What a program's redirect URIs may begin with: what settings name, and a reversed host name as apps have them.

    Such a scheme has a dot (RFC 8252, 7.1), which none has that a browser would run: javascript, data.
    """
    schemes = {uri.partition(":")[0].lower() for uri in uris}
    return [*oauth2_settings.ALLOWED_REDIRECT_URI_SCHEMES, *(scheme for scheme in schemes if "." in scheme)]


def fingerprint(token: str) -> str:
    """What is stored of a token or a code."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


# Taking back


@transaction.atomic
def revoke(access_tokens: QuerySet[Any]) -> None:
    """Forget access tokens, and with each all that were granted together."""
    refresh_tokens = get_refresh_token_model()
    theirs = refresh_tokens.objects.filter(access_token__in=access_tokens)
    for family in set(theirs.values_list("token_family", flat=True)):
        refresh_tokens.revoke_family(family)
    access_tokens.delete()  # what is left: tokens without a refresh token


@transaction.atomic
def revoke_all(application: Any, now: datetime) -> None:
    """Forget all that was ever granted to a program."""
    get_grant_model().objects.filter(application=application).delete()  # codes that are not exchanged yet
    get_refresh_token_model().objects.filter(application=application, revoked=None).update(revoked=now)
    get_access_token_model().objects.filter(application=application).delete()


# What the operator's commands need


def create_token(user: Any, now: datetime, application: Any = None, life: timedelta | None = None) -> str:
    """Return an access token with which `application`, by default this installation, acts for `user`.

    `now`: real time.
    """
    life = life or timedelta(seconds=oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS)
    token = get_access_token_model()(
        user=user,
        application=application or own_application(),
        scope="write read",
        expires=now + life,
    )
    raw = hex_token()
    set_token_value(token, raw)
    token.save()
    return raw


def own_application() -> Any:
    """The installation's own application, made when it is first needed."""
    application, _ = get_application_model().objects.get_or_create(
        client_id=OWN_CLIENT_ID,
        defaults={
            "name": "Pridedesk",
            "client_type": "confidential",
            "authorization_grant_type": "authorization-code",
            "redirect_uris": "http://localhost/",
        },
    )
    return application


def create_application(name: str, redirect_uri: str, owner: Any = None, **more: Any) -> tuple[str, str]:
    """Register an application that may ask users for access. Its secret is returned only here."""
    secret = hex_token()
    application = get_application_model()(
        name=name,
        user=owner,
        redirect_uris=redirect_uri,
        client_type="confidential",
        authorization_grant_type="authorization-code",
        client_secret=secret,
        **more,
    )
    application.full_clean()
    application.save()
    return application.client_id, secret
