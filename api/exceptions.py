"""Every failure leaves in the Feathers shape: {name, message, code, className, data?, errors}."""

import logging
import math
from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import Model, ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import csrf, defaults
from rest_framework import exceptions
from rest_framework.response import Response

from api.bodies.renderers import to_json
from api.model_names import model_names
from core.errors import DomainError

logger = logging.getLogger(__name__)

NAMES = {
    400: "BadRequest",
    401: "NotAuthenticated",
    402: "PaymentError",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    408: "Timeout",
    409: "Conflict",
    411: "LengthRequired",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
    422: "Unprocessable",
    429: "TooManyRequests",
    500: "GeneralError",
    501: "NotImplemented",
    502: "BadGateway",
    503: "Unavailable",
}
MAX_HOLDERS = 10  # referring records of each kind that a 409 lists
INVALID_TOKEN = "Invalid access token"  # as captured from the original service
SERVER_ERROR = "Something went wrong on our side."
UNREADABLE_REQUEST = "The request cannot be understood."


class RecordNotFound(Http404):
    """There is no such record, or the caller may not see it."""

    def __init__(self, given_id: object) -> None:
        super().__init__(f"No record found for id '{str(given_id)[:100]}'")


def error_json(
    code: int, message: str, *, errors: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The body of a failure."""
    name = NAMES.get(code, "BadRequest" if code < 500 else "GeneralError")
    body: dict[str, Any] = {"name": name, "message": message, "code": code, "className": class_name(name)}
    if data:
        body["data"] = dict(data)
    body["errors"] = dict(errors or {})
    return body


def class_name(name: str) -> str:
    """NotAuthenticated is not-authenticated."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")


def exception_handler(error: Exception, context: Mapping[str, Any] | None = None) -> Response | None:
    """DRF's exception handler. None leaves an unexpected error to handler500, which logs it."""
    body = error_body(error)
    if body is None:
        return None
    return Response(body, status=body["code"], headers=error_headers(error))


def error_headers(error: Exception) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := retry_after(error):
        headers["Retry-After"] = str(wait)
    return headers


def retry_after(error: Exception) -> int:
    """For how many seconds the caller had better wait; 0 when that would not help."""
    return math.ceil(getattr(error, "wait", None) or 0)


def error_body(error: Exception) -> dict[str, Any] | None:
    """Return the Feathers body of a known error, otherwise None."""
    match error:
        case DomainError():
            return error_json(error.status, error.message, errors=error.errors, data=error.data)
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return error_json(401, INVALID_TOKEN)
        case exceptions.Throttled():
            return error_json(429, f"Too many requests: try again in {retry_after(error)} seconds.")
        case exceptions.ValidationError():
            return validation_error(error.detail)
        case DjangoValidationError():
            return validation_error(error.message_dict if hasattr(error, "error_dict") else error.messages)
        case exceptions.APIException():
            return error_json(error.status_code, plain_text(error.detail))
        case Http404():
            return error_json(404, str(error) or "Not found.")
        case PermissionDenied():
            return error_json(403, str(error) or "This is not allowed.")
        case RequestDataTooBig():
            return error_json(413, "The body is larger than this service takes.")
        case TooManyFieldsSent():
            return error_json(400, "The body has too many fields.")
        case ProtectedError():
            return protected_error(error.protected_objects)
        case RestrictedError():
            return protected_error(error.restricted_objects)
        case IntegrityError():
            return constraint_error(error)
        case DataError():
            return error_json(400, "One of the values does not fit its field.")
        case ObjectDoesNotExist():
            return record_removed(error)
        case DatabaseError() if type(error) is DatabaseError and error.__cause__ is None:  # of save(), not of a driver
            return record_removed(error)
        case OperationalError() | InterfaceError():
            logger.error("The database is away: %s", error)
            return error_json(503, "The service is not ready. Please try again.")
    return None


def protected_error(by: Iterable[Model]) -> dict[str, Any]:
    """A record that others refer to is not removed: `{"lead_routes": [12]}` lists them."""
    holders: dict[str, list[int]] = {}
    for record in by:
        _, many = model_names(type(record))
        ids = holders.setdefault(many.replace(" ", "_"), [])
        if len(ids) < MAX_HOLDERS:
            ids.append(record.pk)
    named = "; ".join(f"{name.replace('_', ' ')} {', '.join(map(str, sorted(ids)))}" for name, ids in holders.items())
    return error_json(409, f"This cannot be removed while others need it: {named}.", data=holders)


def record_removed(error: Exception) -> dict[str, Any]:
    """The request read a record which another had just removed when it came to be held or written."""
    logger.warning("A record was removed by another request: %s", error)
    return error_json(404, "The record was removed by another request.")


def constraint_error(error: IntegrityError) -> dict[str, Any]:
    """A constraint held where the check before it did not: two requests raced."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None)
    logger.warning("Constraint %s refused a write", name)
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name and constraint.violation_error_message is not None:
                custom = constraint.violation_error_message != constraint.default_violation_error_message
                if custom:
                    return error_json(409, str(constraint.violation_error_message))
    return error_json(409, "This conflicts with a record that exists.")


def validation_error(detail: Any) -> dict[str, Any]:
    """A refused input: `errors` has a message for each field, `message` repeats the first."""
    errors = dict(flatten(detail))
    message = next(iter(errors.values()), UNREADABLE_REQUEST)
    errors.pop("", None)
    return error_json(400, message, errors=errors)


def flatten(detail: Any, path: str = "") -> list[tuple[str, str]]:
    """(field, sentence) pairs of DRF's nested error detail; `` names no field."""
    if isinstance(detail, Mapping):
        return [pair for key, inner in detail.items() for pair in flatten(inner, join_path(path, key))]
    if isinstance(detail, list | tuple):
        texts = [item for item in detail if not isinstance(item, Mapping | list | tuple)]
        pairs = [(path, sentence(path, str(texts[0])))] if texts else []
        nested = [(at, item) for at, item in enumerate(detail) if isinstance(item, Mapping | list | tuple)]
        return pairs + [pair for at, item in nested for pair in flatten(item, f"{path}[{at}]")]
    return [(path, sentence(path, str(detail)))]


def join_path(path: str, key: object) -> str:
    if key in ("non_field_errors", "__all__"):
        return path
    return f"{path}.{key}" if path else str(key)


def sentence(field: str, text: str) -> str:
    """Our fields speak in predicates ("must be a whole number."), which the name makes a sentence."""
    if not field:
        return text
    return f"{field} {text}" if text[:1].islower() else f"{field}: {text}"


def plain_text(detail: Any) -> str:
    pairs = flatten(detail)
    return pairs[0][1] if pairs else ""


def error_response(code: int, message: str) -> HttpResponse:
    """A failure outside any API view."""
    return HttpResponse(to_json(error_json(code, message)), status=code, content_type="application/json")


def is_page(request: HttpRequest) -> bool:
    """Whether a person looks at the answer, in the admin or at the consent form."""
    return request.path.startswith(("/admin", "/oauth2/authorize"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler404: no route."""
    if is_page(request):
        return defaults.page_not_found(request, exception)
    return error_response(404, f"There is nothing at {request.path[:200]}.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler400: Django could not read the request."""
    if is_page(request):
        return defaults.bad_request(request, exception)
    body = error_body(exception)
    return error_response(body["code"], body["message"]) if body else error_response(400, UNREADABLE_REQUEST)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """handler500: nothing of the inside shows."""
    return defaults.server_error(request) if is_page(request) else error_response(500, SERVER_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """CSRF_FAILURE_VIEW: a form was sent without its token."""
    if is_page(request):
        return csrf.csrf_failure(request, reason)
    return error_response(403, "This form has expired or was not sent from this site.")
