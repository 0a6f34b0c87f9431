"""Bodies are JSON objects, whatever the headers say; failures have one shape."""

import json
from io import BytesIO

import pytest
from django.test import RequestFactory

from config.api.bodies import BadBody, read_object
from config.wsgi import application
from teams.models import Team

pytestmark = pytest.mark.usefixtures("shelf")


@pytest.fixture
def post(api, alice):
    client = api(alice)

    def send(body, content_type="application/json", **extra):
        return client.http.generic("POST", "/shelves", body, content_type, headers=client.headers, **extra)

    return send


@pytest.mark.contract(
    "Slashes, verbs and bodies",
    "`Content-Type: application/json; charset=utf-8`, or none, or another",
    "inferred",
    client=[15],
)
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "nonsense",
        "application/vnd.api+json",
    ],
)
def test_the_content_type_is_not_asked(post, content_type):
    assert post(b'{"name": "Pride"}', content_type).status_code == 201


@pytest.mark.parametrize("accept", ["application/json", "text/html", "*/*", "image/png", "nonsense", ""])
def test_json_answers_any_accept(post, accept):
    answer = post(b'{"name": "Pride"}', HTTP_ACCEPT=accept)
    assert (answer.status_code, answer["Content-Type"]) == (201, "application/json")


@pytest.mark.contract("Slashes, verbs and bodies", "A body that is a list is 400", "inferred")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"name": ', "The body is not valid JSON"),
        (b"name=Pride", "The body is not valid JSON"),
        (b'{"name": 1e400}', "The body is not valid JSON: 1e400 is too large a number."),
        (b'{"name": NaN}', "The body is not valid JSON: it holds NaN."),
        (b'[{"name": "Pride"}]', "The body is a list, but bulk create is not supported"),
        (b'"Pride"', "The body must be a JSON object."),
        (b"null", "The body must be a JSON object."),
        (b'{"name": "\xff"}', "The body is not UTF-8."),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"a":' * 100_000, "The body is nested too deeply."),
        (b'{"name": ' + b"9" * 5000 + b"}", "The body holds a number that is too long."),
        (b'{"name": "a\\u0000b"}', "name may not contain a NUL character."),
        (b'{"name": "x", "else": [{"deep": "\\u0000"}]}', "else may not contain a NUL character."),
        (b'{"name": "\\ud83d"}', "name holds half of a surrogate pair, which is no character."),
        (b'{"\\ud83d": "x"}', "? holds half of a surrogate pair"),
        (b'{"name": "a\0b"}', "The body is not valid JSON"),
    ],
)
def test_what_is_no_json_object_is_refused_in_plain_words(post, body, message):
    answer = post(body)
    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["name"], problem["code"]) == ("BadRequest", 400)
    assert problem["message"].startswith(message)
    assert not Team.objects.exists()


def test_escaped_characters_that_exist_are_kept(post):
    assert post(b'{"name": "\\ud83d\\ude00 \\\\u0000"}').json()["name"] == "😀 \\u0000"


@pytest.mark.contract("Slashes, verbs and bodies", "A plain form is taken, too", "ours")
def test_a_plain_form_is_taken_as_text(post):
    answer = post(b"name=Caf%C3%A9+%26+Bar&mins_until_next_alert=7&unknown=1", "application/x-www-form-urlencoded")
    assert (answer.json()["name"], answer.json()["mins_until_next_alert"]) == ("Café & Bar", 7)
    assert list(post(b"name=a%00", "application/x-www-form-urlencoded").json()["errors"]) == ["name"]


def test_an_empty_body_is_an_empty_object():
    assert read_object(b"") == read_object(b" \n") == read_object(b"{}") == read_object(b"\xef\xbb\xbf{}") == {}


@pytest.mark.contract("Errors", "A body of more than 5 MB is 413", "ours")
def test_a_body_has_a_size_limit(post, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20
    answer = post(b'{"name": "' + b"x" * 2**20 + b'"}')
    assert (answer.status_code, answer.json()["name"]) == (413, "PayloadTooLarge")


@pytest.mark.parametrize("depth", [51, 500, 900, 950, 1000, 10_000])
def test_absurd_nesting_is_refused(depth):
    with pytest.raises(BadBody, match="is nested too deeply"):
        read_object(b'{"a":' + b"[" * depth + b"]" * depth + b"}")


def test_ordinary_nesting_is_read():
    nested = read_object(b'{"a":' + b"[" * 50 + b"]" * 50 + b"}")
    assert str(nested["a"]) == "[" * 50 + "]" * 50


def test_a_get_with_a_content_type_and_no_body_is_read(api, alice):
    client = api(alice)
    answer = client.http.get("/shelves", headers=client.headers, CONTENT_TYPE="application/json", CONTENT_LENGTH="0")
    assert answer.status_code == 200


def test_an_unknown_address_is_a_feathers_404(api):
    answer = api(None).get("/no-such-thing")
    assert answer.status_code == 404
    assert answer.json() == {
        "name": "NotFound",
        "message": "There is nothing at /no-such-thing.",
        "code": 404,
        "className": "not-found",
        "errors": {},
    }


def test_a_failure_of_ours_shows_nothing_of_the_inside(api):
    answer = api(None).get("/broken")
    assert answer.status_code == 500
    assert answer.json() == {
        "name": "GeneralError",
        "message": "Something went wrong on our side.",
        "code": 500,
        "className": "general-error",
        "errors": {},
    }


def parts(**fields):
    """A form as PHP's cURL sends an array."""
    lines = [
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    return ("".join(lines) + "--limit--\r\n").encode()


def test_a_form_may_come_in_parts(post):
    answer = post(parts(name="Pride", mins_until_next_alert="7"), "multipart/form-data; boundary=limit")
    assert (answer.json()["name"], answer.json()["mins_until_next_alert"]) == ("Pride", 7)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=else"])
def test_parts_that_cannot_be_told_apart_are_refused(post, content_type):
    answer = post(b"--limit\r\nnonsense", content_type)
    assert (answer.status_code, answer.json()["className"]) == (400, "bad-request")


def in_chunks(api, alice, body):
    """What the product's WSGI application answers to a body that came in chunks and has no length."""
    told = {}
    environ = RequestFactory().get("/shelves", headers=api(alice).headers).environ | {"REQUEST_METHOD": "POST"}
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "wsgi.input": BytesIO(body)}
    answer = application(environ, lambda status, headers: told.update(status=status))
    return told["status"][:3], json.loads(b"".join(answer))


@pytest.mark.django_db(transaction=True)  # a whole request of its own, which lets go of its connection
@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (b'{"name": "Pride"}', "201", "Pride"),
        (b'{"name": ', "400", "BadRequest"),
        (b'{"name": "' + b"x" * 5 * 2**20 + b'"}', "413", "PayloadTooLarge"),
    ],
)
def test_a_body_in_chunks_is_read(api, alice, body, status, name):
    answer = in_chunks(api, alice, body)
    assert (answer[0], answer[1]["name"]) == (status, name)
