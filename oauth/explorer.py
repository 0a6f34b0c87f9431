"""The OAuth application of the API explorer at `/docs`."""

from typing import Any

from oauth2_provider.models import get_application_model

from api.schema import EXPLORER_CLIENT_ID, explorer_redirect_uri


def register_explorer(**signal: Any) -> None:
    """Create or update the explorer's application. Runs after each migration, so that it follows PUBLIC_URL.

    The client is public (RFC 6749, section 2.1) and uses PKCE: it has no secret. Codes are sent to this installation
    only.
    """
    get_application_model().objects.update_or_create(
        client_id=EXPLORER_CLIENT_ID,
        defaults={
            "name": "API explorer",
            "client_type": "public",
            "authorization_grant_type": "authorization-code",
            "redirect_uris": explorer_redirect_uri(),
        },
    )
