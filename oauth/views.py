"""`/oauth2/authorize`, `/oauth2/token` and `/oauth2/revoke`."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from contextlib import suppress
from typing import Any

from csp.decorators import csp
from django import forms
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View
from oauth2_provider.forms import AllowForm
from oauth2_provider.http import OAuth2ResponseRedirect
from oauth2_provider.views import AuthorizationView
from oauth2_provider.views.mixins import OAuthLibMixin

from api import throttling
from api.bodies.charset import BadEncoding
from api.bodies.parsers import BadBody
from api.bodies.renderers import to_json
from api.page_security import CONSENT_POLICY
from oauth.tokens import redirect_schemes
from oauth.validator import names_redirect_uri

# What a wrong guess is answered; how many different ones a program may make at one address, and in which time. A
# program whose users have all taken back their grants stays below.
GUESS_ERRORS = ("invalid_client", "invalid_grant")
MAX_GUESSES, GUESS_SECONDS = 100, 600


class ConsentForm(AllowForm):
    """The state is not trimmed. redirect_uri is always filled in, so a separate field keeps whether it was named."""

    state = forms.CharField(required=False, strip=False, widget=forms.HiddenInput())
    names_redirect_uri = forms.BooleanField(required=False, widget=forms.HiddenInput())


@method_decorator(csp(CONSENT_POLICY), name="dispatch")
class AuthorizeView(AuthorizationView):
    """`/oauth2/authorize`: log in, then allow or deny. Plain HTML, no scripts."""

    template_name = "oauth2/authorize.html"
    form_class = ConsentForm

    def get_initial(self) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_initial()
        return initial | {"names_redirect_uri": names_redirect_uri(self.request)}

    def redirect(self, redirect_to: str, application: Any) -> HttpResponse:
        """Redirect to an address that the library found among the application's."""
        answer: HttpResponse = OAuth2ResponseRedirect(encode_spaces(redirect_to), redirect_schemes([redirect_to]))
        return answer


def encode_spaces(uri: str) -> str:
    """Encode spaces as %20: decodeURIComponent in browsers does not decode +."""
    path, mark, added = re.split(r"([?#]|$)", uri, maxsplit=1)
    return path + mark + added.replace("+", "%20")


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(sensitive_post_parameters("client_secret", "code", "refresh_token"), name="dispatch")
class TokenView(OAuthLibMixin, View):
    """`/oauth2/token`: a code or a refresh token for an access token."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.answer_unless_guessing(request)
        except RequestDataTooBig:
            return oauth_error(413, "invalid_request", "The body is larger than this service takes.")
        except (BadBody, BadEncoding) as error:
            return oauth_error(error.status, "invalid_request", error.message)
        except (SuspiciousOperation, MultiPartParserError):
            return oauth_error(400, "invalid_request", "The body cannot be read.")

    def answer_unless_guessing(self, request: HttpRequest) -> HttpResponse:
        """Wrong secrets, codes and refresh tokens are counted; after very many not even a right one is looked at."""
        credentials = self.get_oauthlib_core().extract_body(request)
        guesses = f"guesses for {client_id_of(request, dict(credentials))} from {throttling.client_address(request)}"
        if wait := throttling.wait_after_failures(guesses, MAX_GUESSES):
            return too_many_guesses(wait)
        answer = self.answer(request)
        if answer.status_code >= 400 and json.loads(answer.content)["error"] in GUESS_ERRORS:
            guess = f"{request.META.get('HTTP_AUTHORIZATION', '')} {sorted(credentials)}"
            throttling.record_failure(guesses, guess, GUESS_SECONDS)
        return answer

    def answer(self, request: HttpRequest) -> HttpResponse:
        _, headers, body, status = self.create_token_response(request)
        return HttpResponse(body, status=status, headers=headers)

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return oauth_error(405, "invalid_request", "Send a POST.", {"Allow": "POST"})


class RevokeView(TokenView):
    """`/oauth2/revoke`: forget a token (RFC 7009)."""

    def answer(self, request: HttpRequest) -> HttpResponse:
        _, headers, body, status = self.create_revocation_response(request)
        return HttpResponse(body or "", status=status, headers=headers)


def client_id_of(request: HttpRequest, body: dict[str, str]) -> str:
    """The client id that a request gives, in its body or by Basic."""
    _, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    with suppress(ValueError):
        return body.get("client_id") or b64decode(given).decode().partition(":")[0]
    return ""


def too_many_guesses(wait: int) -> HttpResponse:
    why = f"Too many wrong secrets, codes or refresh tokens: try again in {wait} seconds."
    return oauth_error(429, "temporarily_unavailable", why, {"Retry-After": str(wait)})


def oauth_error(status: int, error: str, description: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """A failure as OAuth clients know it: a top-level `error`."""
    body = to_json({"error": error, "error_description": description})
    return HttpResponse(body, status=status, headers=headers, content_type="application/json")
