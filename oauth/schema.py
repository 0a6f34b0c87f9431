"""The contract of `/oauth2`, written by hand, because its views are the library's."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from api.schema import OpenApiGenerator
from oauth.validator import ERROR_TEXTS

TEXT = {"type": "string"}
CLIENT_FIELDS = {
    "client_id": TEXT | {"description": "Here, or as the user name of HTTP Basic."},
    "client_secret": TEXT | {"description": "Here, or as the password of HTTP Basic."},
}
OAUTH_SCHEMAS: dict[str, Any] = {
    "TokenRequest": {
        "type": "object",
        "properties": CLIENT_FIELDS
        | {
            "grant_type": TEXT | {"enum": ["authorization_code", "refresh_token"]},
            "code": TEXT | {"description": "As it came back from `/oauth2/authorize`; good once, for five minutes."},
            "redirect_uri": TEXT | {"description": "As in the authorization request; left out if it named none."},
            "code_verifier": TEXT | {"description": "Of PKCE, where the code was asked with a challenge."},
            "refresh_token": TEXT | {"description": "Stays good: the answer has the same one."},
        },
        "examples": [
            {
                "grant_type": "authorization_code",
                "code": "c0de" * 10,
                "redirect_uri": "https://plugin.example.com/callback",
                "client_id": "1d" * 20,
                "client_secret": "5ec2e7" * 6 + "0000",
            }
        ],
    },
    "TokenAnswer": {
        "type": "object",
        "required": ["access_token", "refresh_token", "expires", "expires_in", "scope", "token_type"],
        "properties": {
            "access_token": TEXT,
            "refresh_token": TEXT,
            "expires": TEXT | {"format": "date-time"},
            "expires_in": {"type": "integer", "description": "Seconds."},
            "scope": TEXT,
            "token_type": TEXT | {"enum": ["Bearer"]},
        },
        "examples": [
            {
                "access_token": "acce55" * 6 + "0000",
                "refresh_token": "4ef4e5" * 6 + "0000",
                "expires": "2027-03-10T19:33:20.000Z",
                "expires_in": 776000,
                "scope": "write",
                "token_type": "Bearer",
            }
        ],
    },
    "RevokeRequest": {
        "type": "object",
        "properties": CLIENT_FIELDS | {"token": TEXT | {"description": "An access token or a refresh token."}},
        "examples": [{"token": "acce55" * 6 + "0000", "client_id": "1d" * 20, "client_secret": "5ec2e7" * 6 + "0000"}],
    },
    "OAuthProblem": {
        "type": "object",
        "required": ["error", "error_description"],
        "properties": {
            "error": TEXT | {"examples": ["invalid_grant"]},
            "error_description": TEXT | {"examples": [ERROR_TEXTS["invalid_grant"]]},
        },
    },
}
OAUTH_FAILURES = {
    "400": ("OAuthBadRequest", "A parameter is missing or wrong: `invalid_request`, `invalid_grant` and so on."),
    "401": ("OAuthInvalidClient", "The application does not exist, or its secret is wrong: `invalid_client`."),
    "413": ("OAuthPayloadTooLarge", "The body is larger than this service takes."),
    "429": (
        "OAuthTooManyGuesses",
        "Too many wrong secrets, codes or tokens. Retry-After: seconds to wait.",
    ),
}


def json_response(description: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


OAUTH_RESPONSES = {name: json_response(description, "OAuthProblem") for name, description in OAUTH_FAILURES.values()}


def operation(name: str, tag: str, summary: str, request: str, done: dict[str, Any]) -> dict[str, Any]:
    """A POST of a program, which sends its own credentials and no token."""
    schema = {"$ref": f"#/components/schemas/{request}"}
    kinds = ("application/json", "application/x-www-form-urlencoded")
    return {
        "operationId": name,
        "summary": summary,
        "tags": [tag],
        "security": [{}],
        "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}},
        "responses": {"200": done}
        | {code: {"$ref": f"#/components/responses/{refusal}"} for code, (refusal, _) in OAUTH_FAILURES.items()},
    }


def query_parameter(name: str, description: str, is_required: bool = False, **more: Any) -> dict[str, Any]:
    """A parameter of the address that a program sends its user to."""
    return {
        "name": name, "in": "query", "required": is_required, "description": description, "schema": TEXT | more
    }  # fmt: skip


AUTHORIZE = {
    "operationId": "oauth2_authorize",
    "summary": "Ask a user for access",
    "description": "A page to open in the user's browser: they log in and allow or deny access, and it redirects to "
    "`redirect_uri`, with `code` and `state` in the query, or for `token` with all of it in the fragment.",
    "tags": ["LionDesk v2"],
    "security": [{}],
    "parameters": [
        query_parameter("response_type", "`token` only where the application allows it.", True, enum=["code", "token"]),
        query_parameter("client_id", "Of the application.", True),
        query_parameter("redirect_uri", "One of the application's; it may be left out where there is but one."),
        query_parameter("scope", "`write`, `read` or both; `write` where none is named.", examples=["write"]),
        query_parameter("state", "Returned unchanged."),
        query_parameter("code_challenge", "Of PKCE, which may be used and need not be."),
        query_parameter("code_challenge_method", "Of PKCE.", enum=["S256"]),
    ],
    "responses": {
        "200": {"description": "The page that asks, in HTML."},
        "302": {"description": "To the log-in, or back to the program with what is wrong."},
        "400": {"$ref": "#/components/responses/NoSuchProgram"},
    },
}
OAUTH_RESPONSES["NoSuchProgram"] = {"description": "A page with the error of the link; it redirects nowhere."}
OAUTH_PATHS: dict[str, Any] = {
    "/oauth2/authorize": {"get": AUTHORIZE},
    "/oauth2/token": {
        "post": operation(
            "oauth2_token",
            "LionDesk v2",
            "Exchange a code or a refresh token for an access token",
            "TokenRequest",
            json_response("The token.", "TokenAnswer"),
        )
    },
    "/oauth2/revoke": {
        "post": operation(
            "oauth2_revoke",
            "Beyond LionDesk",
            "Forget a token, and all that were granted together with it",
            "RevokeRequest",
            {"description": "It opens nothing any more; or it never did."},
        )
    },
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "oauth.authentication.BearerTokenAuthentication"
    name = ["token", "oauth2"]

    def get_security_requirement(self, auto_schema: Any) -> Any:
        return [{"token": []}, {"oauth2": ["write"]}]

    def get_security_definition(self, auto_schema: Any) -> Any:
        flow = {
            "authorizationUrl": "/oauth2/authorize",
            "tokenUrl": "/oauth2/token",
            "scopes": {"read": "Read your data", "write": "Read and change your data"},
        }
        implicit = {name: value for name, value in flow.items() if name != "tokenUrl"}
        flows = {"authorizationCode": flow | {"refreshUrl": "/oauth2/token"}, "implicit": implicit}
        return [{"type": "http", "scheme": "bearer"}, {"type": "oauth2", "flows": flows}]


class OpenApiGeneratorWithOAuth(OpenApiGenerator):
    """The whole document, with the endpoints of OAuth, whose views are the library's."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        schema = super().get_schema(request=request, public=public)
        schema["paths"] |= OAUTH_PATHS
        schema["components"]["schemas"] |= OAUTH_SCHEMAS
        schema["components"]["responses"] |= OAUTH_RESPONSES
        return schema
