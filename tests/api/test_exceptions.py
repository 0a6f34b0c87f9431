"""Every kind of failure has its Feathers name and class, and says no more than it should."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404
from django.test import Client, RequestFactory
from rest_framework import exceptions

from api import exceptions as problems
from core.errors import Conflict, DomainError, NotAllowed


class AlreadyClaimed(Conflict):
    """This lead has already been claimed."""


@pytest.mark.contract(
    "Errors", "All failures have its shape: `{name, message, code, className, errors}`", "inferred", client=[8]
)
@pytest.mark.parametrize(
    ("error", "code", "name", "class_name", "message"),
    [
        (DomainError(), 400, "BadRequest", "bad-request", "The request cannot be carried out."),
        (NotAllowed(), 403, "Forbidden", "forbidden", "You may see this, but not change it."),
        (AlreadyClaimed(), 409, "Conflict", "conflict", "This lead has already been claimed."),
        (exceptions.NotAuthenticated(), 401, "NotAuthenticated", "not-authenticated", "Invalid access token"),
        (exceptions.PermissionDenied("No."), 403, "Forbidden", "forbidden", "No."),
        (
            exceptions.MethodNotAllowed("PUT"),
            405,
            "MethodNotAllowed",
            "method-not-allowed",
            'Method "PUT" not allowed.',
        ),
        (
            exceptions.Throttled(5),
            429,
            "TooManyRequests",
            "too-many-requests",
            "Too many requests: try again in 5 seconds.",
        ),
        (exceptions.UnsupportedMediaType("x"), 415, "UnsupportedMediaType", "unsupported-media-type", "Unsupported"),
        (exceptions.ValidationError({"a": ["is wrong."]}), 400, "BadRequest", "bad-request", "a is wrong."),
        (exceptions.ValidationError("All of it."), 400, "BadRequest", "bad-request", "All of it."),
        (DjangoValidationError({"a": "is wrong."}), 400, "BadRequest", "bad-request", "a is wrong."),
        (DjangoValidationError("All of it."), 400, "BadRequest", "bad-request", "All of it."),
        (problems.RecordNotFound(1), 404, "NotFound", "not-found", "No record found for id '1'"),
        (Http404(), 404, "NotFound", "not-found", "Not found."),
        (PermissionDenied(), 403, "Forbidden", "forbidden", "This is not allowed."),
        (DataError("secret"), 400, "BadRequest", "bad-request", "One of the values does not fit its field."),
        (OperationalError("secret"), 503, "Unavailable", "unavailable", "The service is not ready."),
        (InterfaceError("secret"), 503, "Unavailable", "unavailable", "The service is not ready."),
    ],
)
def test_a_failure_has_its_feathers_name(error, code, name, class_name, message):
    answer = problems.exception_handler(error)
    assert answer.status_code == code
    assert {"name", "message", "code", "className", "errors"} == set(answer.data)
    assert (answer.data["code"], answer.data["name"], answer.data["className"]) == (code, name, class_name)
    assert answer.data["message"].startswith(message)
    assert "secret" not in json.dumps(answer.data)


@pytest.mark.contract(
    "Errors", "What the state of things does not allow is 409; `data` may say what is in the way", "inferred"
)
def test_a_refusal_carries_its_fields_and_its_data():
    error = AlreadyClaimed(errors={"status": "Claimed by another."}, data={"claimed_by_user_id": 7})
    body = problems.exception_handler(error).data
    assert body["errors"] == {"status": "Claimed by another."}
    assert body["data"] == {"claimed_by_user_id": 7}


def test_errors_deep_in_a_body_are_named_by_their_path():
    detail = {"custom_fields": [{}, {"id": ["must be a whole number."]}], "name": ["is required.", "never shown"]}
    assert problems.exception_handler(exceptions.ValidationError(detail)).data["errors"] == {
        "custom_fields[1].id": "custom_fields[1].id must be a whole number.",
        "name": "name is required.",
    }


def test_what_is_wrong_as_a_whole_names_no_field():
    assert problems.exception_handler(exceptions.ValidationError("All of it.")).data["errors"] == {}


def test_a_throttled_client_is_told_when_to_come_back():
    assert problems.exception_handler(exceptions.Throttled(4.2))["Retry-After"] == "5"


def test_what_nobody_foresaw_is_left_to_the_last_handler():
    assert problems.exception_handler(RuntimeError("inside")) is None


def test_pages_for_people_fail_as_pages(db):
    answer = Client().get("/oauth2/authorize/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    for handler in (problems.not_found, problems.bad_request):
        shown = handler(RequestFactory().get("/admin/x"), Http404())
        assert shown["Content-Type"].startswith("text/html")
    assert problems.server_error(RequestFactory().get("/admin/x"))["Content-Type"].startswith("text/html")
    assert problems.csrf_failure(RequestFactory().post("/contacts")).status_code == 403


def test_a_request_django_cannot_read_is_a_feathers_400():
    answer = problems.bad_request(RequestFactory().get("/contacts"), exceptions.ParseError())
    assert (answer.status_code, json.loads(answer.content)["name"]) == (400, "BadRequest")
