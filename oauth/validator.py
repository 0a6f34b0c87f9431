"""How tokens are granted: the rules of LionDesk's clients on top of django-oauth-toolkit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model, set_token_value
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.oauth2 import InvalidGrantError, InvalidRequestFatalError

from api.bodies.parsers import check_storable, read_object
from api.coercion import format_datetime
from api.lists.query_parser import parameters
from oauth.tokens import fingerprint, hex_token

GRANT_BY_FIELD = {
    "code": "authorization_code",
    "refresh_token": "refresh_token",
}  # what a request without a grant means
ERROR_TEXTS = {  # where the library gives no description
    "invalid_client": "The client_id or the client_secret is wrong.",
    "invalid_grant": "The code or the refresh_token is wrong, expired, used, or another program's.",
    "unauthorized_client": "This program may not use this grant.",
    "unsupported_grant_type": "The grant_type must be authorization_code or refresh_token.",
}


# Granting


def parse_scopes(text: str) -> list[str]:
    """The scopes named, however they are spelled (`write,read`, `['write','read']`); the default when none is."""
    known = [word for word in re.findall(r"\w+", text) if word in oauth2_settings.SCOPES]
    return list(dict.fromkeys(known)) or list(oauth2_settings.DEFAULT_SCOPES)


class HashingOAuth2Validator(OAuth2Validator):
    """Issues codes of our shape, each for one redirect_uri, and answers a replay."""

    def _save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        if refresh_token := getattr(request, "refresh_token_instance", None):
            request.refresh_token_instance = keep_previous_access_token(refresh_token, timezone.now())
        super()._save_bearer_token(token, request, *args, **kwargs)

    def revoke_token(self, token: str, token_type_hint: str | None, request: Any, *args: Any, **kwargs: Any) -> None:
        """Forget a token, and with it all that were granted together."""
        checksum, refresh_tokens = fingerprint(token), get_refresh_token_model()
        this_programs = refresh_tokens.objects.filter(application_id=request.client.pk)
        named = Q(token_checksum=checksum) | Q(access_token__token_checksum=checksum)
        for family in this_programs.filter(named).values_list("token_family", flat=True):
            refresh_tokens.revoke_family(family)
        access_tokens = get_access_token_model().objects.filter(application_id=request.client.pk)
        access_tokens.filter(token_checksum=checksum).delete()  # of the implicit grant, which has no refresh token

    def _create_refresh_token(self, request: Any, refresh_token: str, access_token: Any, previous: Any) -> Any:
        """Name the family of tokens that a code gives after the code, so that its replay finds them."""
        created = super()._create_refresh_token(request, refresh_token, access_token, previous)
        if request.grant_type == "authorization_code":
            created.token_family = code_token_family(request.code)
            created.save(update_fields=["token_family"])
        return created

    def save_authorization_code(self, client_id: str, code: dict[str, str], request: Any, *a: Any, **kw: Any) -> None:
        code["code"] = hex_token()  # in place: the redirect is built from this dictionary afterwards
        grant = self._create_authorization_code(request, code)
        if not request.names_redirect_uri:
            grant.redirect_uri = ""
            grant.save(update_fields=["redirect_uri"])

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Refuse a used code and end the tokens it gave: one of its two bearers stole it (RFC 6749, section 4.1.2)."""
        is_valid = cast(bool, super().validate_code(client_id, code, client, request, *args, **kwargs))
        family = get_refresh_token_model().objects.filter(application=client, token_family=code_token_family(code))
        if not is_valid and family.exists():
            get_refresh_token_model().revoke_family(code_token_family(code))
        return is_valid

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Demand the redirect_uri that the authorization request named (RFC 6749, section 4.1.3).

        Where it named none, the code went to the program's first address, which may be named here or left out.
        """
        named: str = get_grant_model().objects.values_list("redirect_uri", flat=True).get(code=code, application=client)
        if not named:
            return bool(redirect_uri == client.default_redirect_uri)
        return redirect_uri == named and not request.using_default_redirect_uri


def code_token_family(code: str) -> UUID:
    """Return the family of tokens that this code gives."""
    return UUID(fingerprint(code)[:32])


def keep_previous_access_token(refresh_token: Any, now: datetime) -> Any:
    """The refresh token with an access token for the library to write over; the earlier one lives on.

    A spent row of the refresh token's family keeps hold of it, so that revocation finds it.
    """
    standing = get_refresh_token_model().objects.select_for_update().filter(revoked__isnull=True)
    refresh_token = standing.filter(pk=refresh_token.pk).first()
    if refresh_token is None:  # it was revoked since the library looked
        raise InvalidGrantError(ERROR_TEXTS["invalid_grant"])
    delete_expired(refresh_token.token_family, now)
    earlier_id, successor = refresh_token.access_token_id, refresh_token.access_token
    successor.pk = None
    set_token_value(successor, hex_token())
    successor.save()
    refresh_token.access_token = successor
    refresh_token.save()
    spent = type(refresh_token)(
        user_id=refresh_token.user_id,
        application_id=refresh_token.application_id,
        access_token_id=earlier_id,
        token_family=refresh_token.token_family,
        revoked=now,
    )
    set_token_value(spent, hex_token())
    spent.save()
    return refresh_token


def delete_expired(family: UUID, now: datetime) -> None:
    """Delete expired rows: an application that refreshes often would otherwise leave one each time."""
    spent = get_refresh_token_model().objects.filter(token_family=family, revoked__isnull=False)
    expired = get_access_token_model().objects.filter(refresh_token__in=spent, expires__lt=now)
    expired.delete()
    spent.filter(access_token=None).delete()


class FormOrJsonCore(OAuthLibCore):
    """Form or JSON bodies, sloppy queries, and `expires` beside `expires_in` in answers."""

    def _get_escaped_full_path(self, request: HttpRequest) -> str:
        """Return the URL with its query re-encoded: oauthlib refuses characters that browsers and clients send."""
        query = parameters(request.META.get("QUERY_STRING", ""))
        if is_consent(request):
            check_no_nul(query)
        return urlunsplit(urlsplit(request.get_full_path())._replace(query=urlencode(normalize_parameters(query))))

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        pairs = json_pairs(request.body) if looks_like_json(request) else super().extract_body(request)
        if not is_consent(request):
            check_storable(dict(pairs))
        return normalize_parameters(pairs)

    def create_token_response(self, request: HttpRequest) -> tuple[Any, dict[str, str], str, int]:
        uri, headers, body, status = super().create_token_response(request)
        answer = json.loads(body)
        if status == 200:
            answer["expires"] = expires_at_text(
                answer["expires_in"]
            )  # by which LionDesk's clients decide when to refresh
        else:
            answer = with_description(answer)
        return uri, headers, json.dumps(answer), status

    def create_revocation_response(self, request: HttpRequest) -> tuple[Any, dict[str, str], str, int]:
        uri, headers, body, status = super().create_revocation_response(request)
        return uri, headers, json.dumps(with_description(json.loads(body))) if status >= 400 else body, status

    def create_authorization_response(self, request: HttpRequest, scopes: Any, credentials: Any, allow: bool) -> Any:
        given = credentials | {
            "state": credentials.get("state") or None,  # not sent, none comes back
            "names_redirect_uri": names_redirect_uri(request),
        }
        uri, headers, body, status = super().create_authorization_response(request, scopes, given, allow)
        if lifetime := re.search(r"#(?:.*&)?expires_in=(\d+)", uri or ""):
            uri += "&" + urlencode({"expires": expires_at_text(int(lifetime[1]))})
        return uri, headers, body, status


def with_description(refusal: dict[str, str]) -> dict[str, str]:
    """A refusal with words for people."""
    return {"error_description": ERROR_TEXTS.get(refusal["error"], "The request was refused.")} | refusal


def normalize_parameters(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Parameters as the library wants them: the scope named once and its way, the grant named, nothing unstorable."""
    given = [(key, value) for key, value in pairs if "\0" not in value]
    names = dict(given) | {"scope": " ".join(value for key, value in given if key == "scope")}
    grant = names.get("grant_type") or next((GRANT_BY_FIELD[key] for key in GRANT_BY_FIELD if key in names), None)
    tidied = [(key, value) for key, value in given if key not in ("scope", "grant_type")]
    if grant:
        tidied.append(("grant_type", grant))
    if names["scope"] and grant != "refresh_token":  # a refresh returns the granted scope, for any requested one
        tidied.append(("scope", " ".join(parse_scopes(names["scope"]))))
    return tidied


def check_no_nul(query: Iterable[tuple[str, str]]) -> None:
    """No page can carry such a character on to the answer."""
    for key, value in query:
        if "\0" in value:
            raise InvalidRequestFatalError(f"{key} may not contain a NUL character.")


def looks_like_json(request: HttpRequest) -> bool:
    """Return whether the body is JSON, with or without its content type. The consent form never is."""
    if is_consent(request):
        return False
    return request.content_type == "application/json" or request.body.lstrip().startswith(b"{")


def is_consent(request: HttpRequest) -> bool:
    """Return whether this is our consent form. The library ignores other fields in it."""
    return request.path.endswith("/authorize")


def json_pairs(body: bytes) -> list[tuple[str, str]]:
    """The texts of a JSON object, or BadBody."""
    return [(key, str(value)) for key, value in read_object(body).items() if isinstance(value, str | int)]


def names_redirect_uri(request: HttpRequest) -> bool:
    """Return whether the authorization request named its redirect_uri. The consent form carries that on."""
    if request.method == "POST":
        return request.POST.get("names_redirect_uri") != "False"
    return "redirect_uri" in dict(parameters(request.META.get("QUERY_STRING", "")))


def expires_at_text(seconds: int) -> str:
    return format_datetime(timezone.now() + timedelta(seconds=seconds))
