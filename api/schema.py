"""The contract as OpenAPI 3.1, read off the resources, and the explorer that shows it."""

from functools import cache
from typing import Any

from csp.decorators import csp
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema as SpectacularSchema
from drf_spectacular.plumbing import get_lib_doc_excludes
from drf_spectacular.settings import spectacular_settings

from api import coercion
from api.bodies.renderers import to_json
from api.fields import LenientSerializer
from api.lists.filter_backend import parameter
from api.model_names import model_names
from api.page_security import EXPLORER_POLICY
from api.viewsets import Resource, tag_of

INTRODUCTION = """\
               The REST API of LionDesk (tag "LionDesk v2") and its extensions (tag "Beyond LionDesk").

               Lists return `{"total", "limit", "skip", "data"}`. Filter by `field=value` (repeated: any of the values),
               `field[$ne]`, `field[$in]`, `field[$nin]`, `field[$lt]`, `field[$lte]`, `field[$gt]`, `field[$gte]`, and
               text by `field[$like]` and `field[$notLike]` with the wildcards `%` and `_`. All parameters must match;
               alternatives are `$or[0][field]=…&$or[1][field]=…`. Text is compared without case; `null` matches rows
               without a value. Sort by `$sort[field]=1` or `-1`.

               Numbers and booleans can be sent as text, enums in any case. Date-times are UTC. LionDesk's operations
               ignore unknown fields; those beyond LionDesk refuse them. All errors have one shape, `Problem`, with a
               `message` and with `errors` by field."""
TAGS = [
    {"name": "LionDesk v2", "description": "As LionDesk's API answered."},
    {"name": "LionDesk v1", "description": "As its first API answered, which was one address for all."},
    {"name": "Beyond LionDesk", "description": "What LionDesk's API did not offer."},
]
PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["name", "message", "code", "className", "errors"],
    "properties": {
        "name": {"type": "string", "examples": ["BadRequest"]},
        "message": {"type": "string", "description": "What is wrong, in plain words."},
        "code": {"type": "integer", "description": "The HTTP status."},
        "className": {"type": "string", "examples": ["bad-request"]},
        "data": {"type": "object", "description": "What a program may need, such as a rival's id."},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}, "description": "By field."},
    },
}
FAILURES = {
    "400": ("BadRequest", "The request is invalid; `errors` names the fields or parameters."),
    "401": ("NotAuthenticated", "The access token is missing or invalid."),
    "403": ("Forbidden", "You may see this, but not do that."),
    "404": ("NotFound", "There is no such record, or you cannot see it."),
    "409": ("Conflict", "The state of things does not allow it, or does no longer."),
    "413": ("PayloadTooLarge", "The body is larger than this service takes."),
    "429": ("TooManyRequests", "Too many requests; the header Retry-After contains the seconds to wait."),
}
EXPLORER_CLIENT_ID = "api-explorer"  # the OAuth application of `/docs` (oauth.explorer)
ICON = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">\
<rect width="16" height="16" rx="3" fill="#9333ea"/><path d="M3 8.5 8 4l5 4.5V13H3z" fill="#fff"/></svg>"""
PHRASES = {"list": "List {many}", "create": "Add {one}", "retrieve": "Read {one}", "partial_update": "Change {one}",
           "destroy": "Remove {one}"}  # fmt: skip


class AutoSchema(SpectacularSchema):
    """One operation of the contract: tagged as LionDesk's or ours, with its failures."""

    def get_tags(self) -> list[str]:
        return [tag_of(self.view)]

    def get_summary(self) -> str | None:
        """ "List contact sources", from the model's own name."""
        phrase = PHRASES.get(getattr(self.view, "action", ""))
        model = getattr(getattr(getattr(self.view, "serializer_class", None), "Meta", None), "model", None)
        if phrase is None or model is None:
            return None
        one, many = model_names(model)
        article = "an" if one[0] in "aeio" else "a"
        return phrase.format(one=f"{article} {one}", many=many)

    def map_parsers(self) -> list[str]:
        return ["application/json"]

    def _get_parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._get_parameters()
        view: Any = self.view
        if self.method == "GET" and hasattr(view, "loads"):
            fields = view.serializer_class.Meta.fields
            parameters.append(list_parameter("$select", "Keep these fields and the id; leave the others out.", fields))
            if view.loads:
                parameters.append(list_parameter("$load", "Embed these relations.", sorted(view.loads)))
        return parameters

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if is_id(name) else "string"}}
            for name in variables
        ]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if self.method == "DELETE" and "204" in bodies:  # the removed record is the answer
            record = self.get_response_serializers()
            bodies = {"200": self._get_response_for_code(record, "200", direction=direction)}  # type: ignore[no-untyped-call]
        if getattr(self.view, "may_stand", False) and "201" in bodies:
            bodies["200"] = bodies["201"] | {"description": "The existing record."}
        failures = {code: {"$ref": f"#/components/responses/{FAILURES[code][0]}"} for code in self.failures()}
        return failures | bodies

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: Any) -> Any:
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)  # type: ignore[no-untyped-call]
        if example := getattr(getattr(serializer, "Meta", None), "example", None):
            schema["examples"] = [{name: value for name, value in example.items() if name in schema["properties"]}]
        if direction == "response" and isinstance(serializer, LenientSerializer):  # answers are whole
            schema["required"] = sorted(set(schema.get("properties", {})) - getattr(self.view, "loads", set()))
        return schema

    def failures(self) -> list[str]:
        """The ways this operation can fail."""
        codes = ["400"] if self.method != "DELETE" or self.get_override_parameters() else []
        if any(getattr(permission, "needs_token", False) for permission in self.view.get_permissions()):
            may_be_refused = self.method != "GET" or getattr(self.view, "is_for_some", False)
            codes += ["401", "403", "429"] if may_be_refused else ["401", "429"]
        codes += ["404"] if "{" in self.path else []
        return codes + {"GET": [], "DELETE": ["409"]}.get(str(self.method), ["409", "413"])


def undocumented_bases() -> list[type]:
    """Classes whose docstrings speak to us, not to clients."""
    return [*get_lib_doc_excludes(), LenientSerializer, Resource]  # type: ignore[no-untyped-call]


def is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")


def list_parameter(name: str, description: str, choices: list[str]) -> dict[str, Any]:
    """A query parameter that takes several of a few words."""
    return parameter(name, description, {"type": "array", "items": {"type": "string", "enum": list(choices)}})


class OpenApiGenerator(SchemaGenerator):
    """The whole document."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        schema = super().get_schema(request=request, public=public)  # type: ignore[no-untyped-call]
        schema["info"]["description"] = INTRODUCTION
        schema["tags"] = TAGS
        schema["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
        schema["components"]["responses"] = {
            name: {
                "description": description,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
            for name, description in FAILURES.values()
        }
        return schema


class LenientFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "api.fields.LenientField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        field = self.target
        schema = dict(field.schema)
        if choices := getattr(field, "shown" if direction == "response" else "choices", None):
            schema["enum"] = [choice for choice in choices if choice]
        for word, bound, usual in (
            ("minimum", "min_value", coercion.SMALLEST_ID),
            ("maximum", "max_value", coercion.LARGEST_ID),
        ):
            if getattr(field, bound, usual) != usual:
                schema[word] = getattr(field, bound)
        return schema


@cache
def openapi_json() -> bytes:
    """Return the contract of this installation as JSON. It does not change while the process runs."""
    contract = spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(public=True)
    return to_json(contract | {"servers": [{"url": settings.PUBLIC_URL, "description": "This installation"}]})


def openapi(request: HttpRequest) -> HttpResponse:
    """`GET /openapi.json`."""
    return HttpResponse(openapi_json(), content_type="application/json")


def favicon(request: HttpRequest) -> HttpResponse:
    """`GET /favicon.ico`: browsers ask for it unasked."""
    return HttpResponse(ICON, content_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


@csp(EXPLORER_POLICY)
def explorer(request: HttpRequest) -> HttpResponse:
    """`GET /docs`: Swagger UI. Every file that it loads is served by this installation."""
    return render(
        request, "api/docs.html", {"client_id": EXPLORER_CLIENT_ID, "oauth2_redirect": explorer_redirect_uri()}
    )


@csp(EXPLORER_POLICY)
def explorer_redirect(request: HttpRequest) -> HttpResponse:
    """`GET /docs/oauth2-redirect`: hands the authorization code to the explorer that opened this window.

    Not the static page of Swagger UI: only a page with the same Cross-Origin-Opener-Policy can reach its opener.
    """
    return render(request, "api/docs_oauth2_redirect.html")


def explorer_redirect_uri() -> str:
    """Return the absolute URL of `explorer_redirect`."""
    return str(settings.PUBLIC_URL) + reverse("docs-oauth2-redirect")
