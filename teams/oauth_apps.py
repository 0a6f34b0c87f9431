"""Programs that users register: their tokens, which live by wall time, and whose they are."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from core.errors import DomainError, NotAllowed
from oauth.tokens import create_token, fingerprint, hex_token, revoke_all
from teams.models import AccessToken, AccessTokenQuerySet, Application, User


class NotYourApplication(DomainError):
    """This oauth_client_id is not yours, or this user has no valid token for it."""

    status = 401


def application_users(client_id: str, maker: User) -> QuerySet[User]:
    """Active users with an unexpired token for an application that `maker` registered.

    Raises NotAllowed (403) if there is no such application, and NotYourApplication (401) if it is another
    user's, as LionDesk documents.
    """
    program = Application.objects.filter(client_id=client_id).first()
    if program is None:
        raise NotAllowed("There is no application with this oauth_client_id.")
    if program.user_id != maker.pk:
        raise NotYourApplication
    tokens = get_access_token_model().objects.filter(application=program, expires__gt=timezone.now())
    return User.objects.filter(pk__in=tokens.values("user_id"), is_active=True)


def reveal_token(program: Application, user: Any) -> dict[str, str]:
    """A token with which the program acts for `user`, to show once, and the number by which it is listed."""
    token = create_token(user, timezone.now(), program)
    return {"Access token": token, "Listed as": str(AccessToken.objects.get(token_checksum=fingerprint(token)))}


def reset_secret(program: Application) -> dict[str, str]:
    """Set a new secret for an application. Only its hash is stored. Return the secret, to be shown once."""
    program.client_secret = secret = hex_token()
    return {"Client id": program.client_id, "Client secret": secret}


def usable_tokens() -> AccessTokenQuerySet:
    """Access tokens that open the door, or can be exchanged for one that does."""
    return AccessToken.objects.usable(timezone.now())


def revoke_all_tokens(program: Application) -> None:
    """Revoke all tokens of an application. It can act for a user again after they authorize it."""
    revoke_all(program, timezone.now())
